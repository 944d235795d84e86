/**
 * One person, one seat: what a login of the same person at another seat does to the session here. The later login wins,
 * however late the seat hears of it; an emergency access belongs to whoever needs it and is never closed this way.
 */
import { lockUp, notice, type SessionContext, type SessionMove } from './moves.ts';
import { isOpen } from './open.ts';
import type { OpenSession, SeatEvents, SessionStates } from './types.ts';

type Taken = SeatEvents['TakenElsewhere'];

/** The session as it is once its person has come in elsewhere; null when that says nothing of it: another session, an older login. */
export function movedAway(session: OpenSession, event: Taken): OpenSession | null {
  const isLater = event.session === session.id && session.kind === 'person' && event.sinceBootMs > session.loginBootMs;
  return isLater ? { ...session, elsewhere: { seatName: event.seatName, sinceBootMs: event.sinceBootMs } } : null;
}

/** Locks with the work kept and says where the session went. A procedure in progress goes on here first: somebody may lie on the table. */
export function takenElsewhere({ session }: SessionStates['active'], event: Taken, context: SessionContext): SessionMove {
  const moved = movedAway(session, event);
  if (moved === null) return { to: { at: 'active', session }, taken: false };
  if (isOpen(context.lock)) return closeMoved(moved, context);
  const isNews = session.elsewhere?.seatName !== event.seatName;
  return { to: { at: 'active', session: moved }, ...(isNews ? { common: { notice: saysWhere(event.seatName) } } : {}) };
}

/** Closes an open session that moved away, unless a procedure is in progress in it. */
export function closeMoved(session: OpenSession, context: SessionContext): SessionMove {
  if (session.elsewhere === null || session.procedure !== null) return { to: { at: 'active', session } };
  const move = lockUp(session, 'taken-elsewhere', context);
  return { ...move, common: { ...move.common, notice: saysWhere(session.elsewhere.seatName) } };
}

export const saysWhere = (seat: string) => notice('session.taken', { seat });
