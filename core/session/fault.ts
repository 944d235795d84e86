/**
 * What keeps a seat out of order: layers that are lost, and a former session that is not gone. Each is mended by itself, and the
 * seat is free only when nothing is left of either: whoever mends the one must not let anybody in over the other.
 */
import type { ErrorCode } from '../errors/index.ts';
import { notice, type SessionMove } from './moves.ts';
import type { NoticeKey } from './notice.ts';
import type { SessionRecord } from './records.ts';
import type { OpenSession, SessionStates } from './types.ts';

type Faulted = SessionStates['faulted'];
type Fault = Pick<Faulted, 'unenforced' | 'former'>;

/** What a seat can't hold any more, in words for whoever looks after it, and what the screen says with the code that a helpdesk is told. */
interface Said {
  readonly why: string;
  readonly key: NoticeKey;
  readonly code: ErrorCode;
}

const ENDING: Said = { why: 'the former session did not end in time', key: 'seat.notEnded', code: 'SESSION_SEAT_NOT_ENDED' };
const LEFT: Said = { why: 'processes of the former session are left', key: 'seat.leftovers', code: 'SESSION_SEAT_LEFTOVERS' };

/** Lost layers come first: only they need somebody who repairs something. */
export function whatFaulted({ unenforced, former }: Fault): Said {
  if (unenforced !== null) return { why: unenforced, key: 'seat.unenforced', code: 'SESSION_SEAT_UNENFORCED' };
  return former?.is === 'ending' ? ENDING : LEFT;
}

/** Out of order from now on, or for another reason than before. */
export function faulted(fault: Fault): Pick<SessionMove, 'to' | 'common'> {
  const { key, code } = whatFaulted(fault);
  return { to: { at: 'faulted', ...fault }, common: { notice: notice(key, {}, code) } };
}

/** One of the faults is mended: free, where nothing is left of the other. */
export function mended(fault: Fault): Pick<SessionMove, 'to' | 'common'> {
  return fault.unenforced === null && fault.former === null ? { to: { at: 'none' }, common: { notice: null } } : faulted(fault);
}

/** A session whose end was ordered and is not told yet. */
export const stillEnding = ({ id }: OpenSession): NonNullable<Faulted['former']> => ({ session: id, is: 'ending' });

/** The event that says why a seat with no session is shut. */
export function faultedRecord(): SessionRecord {
  return { type: 'session.locked', body: { session: null, reason: 'faulted' } };
}
