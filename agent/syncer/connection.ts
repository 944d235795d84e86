/**
 * Tells the agent, once per change, whether the server answers. A refusal by the server is an answer; silence, a captive
 * portal and a broken line are not. A revocation is told once, for the record.
 */
import { isWardlockError } from '../../core/errors/index.ts';
import type { SeatLog } from '../log.ts';
import type { AgentPort } from './agent-port.ts';
import { RefusedByServer } from './refused.ts';

/** @returns to be called with null after work that ended well, and with the failure otherwise */
export function connectionTeller(agent: AgentPort, log: SeatLog): (failure: unknown) => void {
  let told: 'online' | 'offline' | null = null;
  let revoked = false;
  return (failure) => {
    const answered = failure === null || (failure instanceof RefusedByServer && failure.code !== 'SERVER_ANSWER_MALFORMED');
    const state = answered ? 'online' : 'offline';
    if (failure !== null) log.warn('sync failed', { ...(isWardlockError(failure) ? { code: failure.code } : { failure }) });
    if (failure instanceof RefusedByServer && failure.code === 'SERVER_SEAT_REVOKED' && !revoked) {
      revoked = true;
      agent.request('incident', { code: failure.code, detail: failure.message.slice(0, 300) }).catch(() => {
        revoked = false;
      });
    }
    if (state === told) return;
    told = state;
    const detail = isWardlockError(failure) ? { detail: failure.message.slice(0, 300) } : {};
    agent.request('connection', { state, since: new Date().toISOString(), ...detail }).catch(() => {
      told = null;
    });
  };
}
