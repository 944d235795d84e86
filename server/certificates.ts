/**
 * Keeps the listeners' own certificates good while the process lives, for a server that nobody restarts in a year: what its
 * source gives is looked at again and again, and new connections get what is new. It must never take a good certificate away
 * because the next one can't be had.
 */
import { X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { App } from './http/app.ts';
import type { Listener, Metrics } from './http/metrics.ts';
import { type OperationalLog, wordsOfFault } from './operational-log.ts';
import type { TlsIdentity } from './site/authority.ts';

/** Two small files are read. By the clock of the process and not of the wall: a machine that slept is up to date soon after. */
const LOOK_MS = 10_000;
/** Of a certificate that nobody but IT can renew. */
const WARN_BEFORE_MS = 14 * 86_400_000;

export interface OwnCertificate {
  readonly listener: Listener;
  readonly app: App;
  /** What the listener was opened with. */
  readonly present: TlsIdentity;
  /** The certificate that should be in force now: made anew near its end, or read from files. */
  readonly source: () => Promise<TlsIdentity>;
  readonly contextOf: (identity: TlsIdentity) => SecureContextOptions;
}

export interface Ground {
  readonly operational: OperationalLog;
  readonly metrics: Metrics;
  readonly now: () => number;
}

export interface KeptCertificates {
  close(): Promise<void>;
}

export function keepCertificates(all: readonly OwnCertificate[], ground: Ground): KeptCertificates {
  const looks = all.map((one) => looker(one, ground));
  let timer: NodeJS.Timeout | undefined;
  let inHand: Promise<unknown> = Promise.resolve();
  let closed = false;
  const next = (): void => {
    if (closed) return;
    timer = setTimeout(() => {
      inHand = Promise.all(looks.map((look) => look())).finally(next);
    }, LOOK_MS).unref();
  };
  next();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await inHand;
    },
  };
}

function looker({ listener, app, present, source, contextOf }: OwnCertificate, { operational, metrics, now }: Ground): () => Promise<void> {
  let inForce = present;
  let said = '';
  const once = (message: string, fields: Readonly<Record<string, string>>): void => {
    const words = JSON.stringify([message, fields]);
    if (words !== said) operational.warn(message, { listener, ...fields });
    said = words;
  };
  const judge = (): string => {
    const end = Date.parse(new X509Certificate(inForce.certificate).validTo);
    metrics.certified(listener, end);
    const until = new Date(end).toISOString();
    if (end - now() < WARN_BEFORE_MS) once('the certificate of a listener ends soon, or has ended', { until });
    return until;
  };
  judge();
  return async () => {
    try {
      const found = await source();
      if (found.certificate !== inForce.certificate || found.key !== inForce.key) {
        app.server.setSecureContext(contextOf(found));
        inForce = found;
        operational.info('a listener has a new certificate', { listener, until: judge() });
      } else judge();
    } catch (fault) {
      once('a listener keeps the certificate that it has', { error: wordsOfFault(fault) });
    }
  };
}
