/**
 * Keeps the site's authority from ending, and says early what ends: its former certificate, which files and browsers elsewhere may
 * still have, and the present one where it can't be renewed. It tells people by alarms, the log and a number for whoever watches; it
 * must never keep the server from running.
 */
import type { Metrics } from './http/metrics.ts';
import { type OperationalLog, wordsOfFault } from './operational-log.ts';
import { raiseAlarm } from './services/alarms.ts';
import { type AuthorityRenewalParts, renewAuthority } from './services/authority-renewal.ts';

const DAY_MS = 86_400_000;
/** Days before an end at which it is said, each once: what people have to do is planned, not hurried. */
const STAGES = [0, 30, 90, 365] as const;
type Stage = (typeof STAGES)[number];

interface AuthorityEndParts extends AuthorityRenewalParts {
  readonly metrics: Pick<Metrics, 'authorityEnds'>;
  readonly operational: Pick<OperationalLog, 'info' | 'warn' | 'error'>;
}

export interface AuthorityEnd {
  /** Never rejects. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Looks once a day, and whenever it is asked. */
export function watchAuthorityEnd(parts: AuthorityEndParts): AuthorityEnd {
  let inHand: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    inHand = inHand
      .then(() => renewed(parts))
      .then((formerEnd) => told(parts, formerEnd))
      .catch((fault: unknown) => {
        parts.operational.error('the end of the authority could not be told', { error: wordsOfFault(fault) });
      });
    return inHand;
  };
  const timer = setInterval(() => void look(), DAY_MS).unref();
  return {
    look,
    close: async () => {
      clearInterval(timer);
      await inHand;
    },
  };
}

/** When the former certificate ends; null where there was none. What fails here is tried again tomorrow, for years. */
async function renewed(parts: AuthorityEndParts): Promise<number | null> {
  const { authority, operational } = parts;
  const before = authority.certificatePem;
  try {
    const last = await renewAuthority(parts);
    if (authority.certificatePem !== before) {
      operational.info('the authority of this site has a later certificate', { until: new Date(authority.end).toISOString() });
    }
    return last?.formerEnd ?? null;
  } catch (fault) {
    operational.error('the authority of this site could not be renewed', { error: wordsOfFault(fault) });
    return null;
  } finally {
    parts.metrics.authorityEnds(authority.end);
  }
}

async function told(parts: AuthorityEndParts, formerEnd: number | null): Promise<void> {
  const { db, authority, operational, now } = parts;
  const ends = [
    { end: authority.end, message: 'the authority of this site ends soon, or has ended', words: presentEnds },
    ...(formerEnd === null
      ? []
      : [{ end: formerEnd, message: 'a former certificate of the authority ends, or has ended', words: formerEnds }]),
  ];
  for (const { end, message, words } of ends) {
    const stage = STAGES.find((days) => end - now() <= days * DAY_MS);
    if (stage === undefined) continue;
    operational.warn(message, { until: new Date(end).toISOString() });
    const when = new Date(end).toISOString().slice(0, 10);
    await raiseAlarm(db, { workstationId: null, kind: 'SITE_AUTHORITY_ENDS', detail: words(when, stage), at: now() });
  }
}

function presentEnds(when: string, stage: Stage): string {
  if (stage === 0)
    return `The authority of this site ended on ${when}: seats and server believe each other no more. The server's log says why it could not be renewed; mend that, start the server again and enrol every seat again.`;
  return `The authority of this site ends on ${when}, in less than ${stage} days, and the server could not renew it. Its log says why; mend that before, or every seat must be enrolled again.`;
}

function formerEnds(when: string, stage: Stage): string {
  if (stage === 0)
    return `The former certificate of this site's authority ended on ${when}. What still trusts that alone, such as browsers, believes this server no more until it gets the present ca.pem.`;
  return `The former certificate of this site's authority ends on ${when}, in less than ${stage} days. Seats fetch the present one by themselves ("server authority" says which have not); give ca.pem to browsers and to whoever keeps a copy.`;
}
