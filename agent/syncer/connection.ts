/**
 * Tells the agent, once per change, whether what it knows of the site is fresh, and why not. Only the lane that fetches policy and staff
 * may say online: an anchor that was taken says nothing about them. Any lane may say that nobody answers. A revocation is
 * told once, for the record.
 */
import { isWardlockError } from '../../core/errors/index.ts';
import type { SeatLog } from '../log.ts';
import type { AgentPort } from './agent-port.ts';
import { RefusedByServer } from './refused.ts';

const LONGEST_DETAIL = 300;

/** Each is to be called with null after work that ended well, and with the failure otherwise. */
export interface ConnectionTeller {
  /** The lane of policy and staff: its success alone is online, and each of its failures is not. */
  updates(failure: unknown): void;
  /** Every other lane: silence, a captive portal and a broken line are offline; an answer changes nothing. */
  other(failure: unknown): void;
}

export function connectionTeller(agent: AgentPort, log: SeatLog): ConnectionTeller {
  let told: { readonly state: 'online' | 'offline'; readonly why: string | null } | null = null;
  let revoked = false;
  const tell = (state: 'online' | 'offline', failure: unknown): void => {
    const why = isWardlockError(failure) ? failure.message.slice(0, LONGEST_DETAIL) : null;
    // A line that only broke may turn out to be a revocation at the next try.
    if (told?.state === state && told.why === why) return;
    told = { state, why };
    agent.request('connection', { state, since: new Date().toISOString(), ...(why === null ? {} : { detail: why }) }).catch(() => {
      told = null;
    });
  };
  const note = (failure: unknown): void => {
    if (failure === null) return;
    log.warn('sync failed', { ...(isWardlockError(failure) ? { code: failure.code } : { failure }) });
    if (!(failure instanceof RefusedByServer) || failure.code !== 'SERVER_SEAT_REVOKED' || revoked) return;
    revoked = true;
    agent.request('incident', { code: failure.code, detail: failure.message.slice(0, LONGEST_DETAIL) }).catch(() => {
      revoked = false;
    });
  };
  return {
    updates: (failure) => {
      note(failure);
      tell(failure === null ? 'online' : 'offline', failure);
    },
    other: (failure) => {
      note(failure);
      if (isWardlockError(failure) && (failure.code === 'SERVER_UNREACHABLE' || failure.code === 'SERVER_ANSWER_MALFORMED')) {
        tell('offline', failure);
      }
    },
  };
}
