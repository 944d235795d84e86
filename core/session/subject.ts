/**
 * Whom a seat is about: whose timers and PIN rules a step goes by, where a policy has some of its own for a role, and everybody who is in
 * it. It names people and knows no rule: what holds for them is the caller's to look up.
 */
import { isOpen } from './open.ts';
import type { OpenSession, Seat, SeatEvent, SessionState, SessionStates, Who } from './types.ts';

/** Null for nobody and for an emergency access, which goes by what holds for everybody. @param event null for the picture between two steps */
export function subjectOf({ session, lock }: Seat, event: SeatEvent | null): Who | null {
  if (session.at === 'active' && isOpen(lock)) return ownerOf(session.session);
  const isWish = event?.type === 'BreakGlassPressed' || (session.at === 'authenticating' && session.attempt.wish !== null);
  if (event?.type === 'BadgeRead' && !isWish) return event.who;
  switch (session.at) {
    case 'active':
      return ownerOf(session.session);
    case 'authenticating':
      return isWish ? null : onTheWayIn(session.attempt, event);
    case 'ending':
      if (session.wish !== null) return null;
      return session.successor === null ? (session.tap?.who ?? null) : session.successor.wish === null ? session.successor.who : null;
    case 'none':
    case 'faulted':
      return null;
  }
}

/** The guess is the second person's, the session that it opens the first one's. */
function onTheWayIn({ grant, first, who }: SessionStates['authenticating']['attempt'], event: SeatEvent | null): Who | null {
  if (grant !== null) return ownerOf(grant.session);
  return first !== null && event?.type === 'PinChecked' && event.right ? first.who : who;
}

function ownerOf({ kind, who }: OpenSession): Who | null {
  return kind === 'person' ? who : null;
}

/** Everybody who sits here, has work kept here or is on the way in: whose right to be here may end meanwhile. */
export function peopleIn(session: SessionState): readonly Who[] {
  switch (session.at) {
    case 'active':
      return present([session.session.who]);
    case 'authenticating':
      return present([session.held?.who, session.attempt.who, session.attempt.first?.who, session.attempt.grant?.session.who]);
    case 'ending':
      return present([session.successor?.who, session.tap?.who]);
    case 'none':
    case 'faulted':
      return [];
  }
}

const present = (people: ReadonlyArray<Who | null | undefined>): Who[] => people.filter((one) => one != null);
