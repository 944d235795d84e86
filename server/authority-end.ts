/**
 * Says early when the site's authority ends: it is not renewed, and at its end no seat and no listener by it is believed any more.
 * It tells people by an alarm, the log and a number for whoever watches; it must never keep the server from running.
 */
import { X509Certificate } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Metrics } from './http/metrics.ts';
import { type OperationalLog, wordsOfFault } from './operational-log.ts';
import { raiseAlarm } from './services/alarms.ts';
import type { Tables } from './store/schema.ts';

const DAY_MS = 86_400_000;
/** Days before the end at which it is said, each once: enrolling every seat again is planned, not hurried. */
const STAGES = [0, 30, 90, 365] as const;

interface AuthorityEndParts {
  readonly authorityPem: string;
  readonly db: Kysely<Tables>;
  readonly metrics: Pick<Metrics, 'authorityEnds'>;
  readonly operational: Pick<OperationalLog, 'warn' | 'error'>;
  readonly now: () => number;
}

export interface AuthorityEnd {
  /** Never rejects. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Looks now, and once a day. */
export function watchAuthorityEnd({ authorityPem, db, metrics, operational, now }: AuthorityEndParts): AuthorityEnd {
  const end = Date.parse(new X509Certificate(authorityPem).validTo);
  metrics.authorityEnds(end);
  const judge = async (): Promise<void> => {
    const stage = STAGES.find((days) => end - now() <= days * DAY_MS);
    if (stage === undefined) return;
    const detail = inWords(end, stage);
    operational.warn('the authority of this site ends soon, or has ended', { until: new Date(end).toISOString() });
    await raiseAlarm(db, { workstationId: null, kind: 'SITE_AUTHORITY_ENDS', detail, at: now() });
  };
  let inHand: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    inHand = inHand.then(judge).catch((fault: unknown) => {
      operational.error('the end of the authority could not be told', { error: wordsOfFault(fault) });
    });
    return inHand;
  };
  void look();
  const timer = setInterval(() => void look(), DAY_MS).unref();
  return {
    look,
    close: async () => {
      clearInterval(timer);
      await inHand;
    },
  };
}

function inWords(end: number, stage: (typeof STAGES)[number]): string {
  const when = new Date(end).toISOString().slice(0, 10);
  if (stage === 0)
    return `The authority of this site ended on ${when}: seats and server believe each other no more. Make a new site and enrol every seat there.`;
  return `The authority of this site ends on ${when}, in less than ${stage} days, and can't be renewed: every seat must be enrolled at a new site before.`;
}
