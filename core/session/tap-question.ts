/**
 * A tap over an open seat that may not mean what it does: by its own person while they work, or by somebody else over a
 * procedure in progress or an emergency. It asks on the screen first; it must never keep a seat open that nobody answers for.
 */
import { collided } from './arrive.ts';
import { AT_WORK_MS, append, CARD_RESTS_MS, HAND_OVER_MS, lockUp, type SessionContext, type SessionMove, TAP_GUARD_MS } from './moves.ts';
import type { OpenSession, SeatEvents, SessionStates, WaitingTap } from './types.ts';

type State = SessionStates['active'];
type Tap = SeatEvents['BadgeRead'];

/** Locks, asks or does nothing: by how long ago the seat opened, was touched, and read the same card. */
export function ownTap(state: State, event: Tap, context: SessionContext): SessionMove {
  const { env, lock, common } = context;
  const { session } = state;
  if (env.bootMs < common.tapGuardBootMs) {
    // Each further read of a card that rests on the reader puts the lock off, so that it never locks by lying there.
    const restsUntil = Math.max(common.tapGuardBootMs, env.bootMs + CARD_RESTS_MS);
    return { to: state, taken: false, common: { tapGuardBootMs: restsUntil } };
  }
  const isHandOver = lock.at === 'asking' && lock.question.kind === 'handOver';
  // Whoever taps at covered work has come back to it, and whoever lays down a card that must lie there means to stay: taking it away locks.
  if (lock.at === 'blurred' || (!isHandOver && liesToStay(event, context))) {
    const touched = { lastInputBootMs: env.bootMs, tapGuardBootMs: env.bootMs + TAP_GUARD_MS };
    return { to: state, signals: [{ type: 'Input', sure: true }], common: touched, taken: true };
  }
  if (isHandOver) return { to: state, taken: false };
  const askMs = env.rules?.tapQuestionMs ?? 0;
  const isAtWork = env.bootMs - common.lastInputBootMs < AT_WORK_MS || session.procedure !== null;
  if (lock.at !== 'unlocked' || !isAtWork || askMs === 0) return lockUp(session, 'tap', context, event.badge);
  return {
    to: state,
    signals: [{ type: 'Ask', question: { kind: 'stay', badge: event.badge }, ms: askMs }],
    common: { tapGuardBootMs: env.bootMs + CARD_RESTS_MS },
    taken: true,
  };
}

/** Where cards must stay and a reader sees this one lie, as it does after it made room for a second person's. A keyboard reader sees none lie. */
function liesToStay({ badge }: Tap, { env, common }: SessionContext): boolean {
  const { watching, lying } = common.presence;
  return env.rules?.removalLocks === true && watching && badge !== null && lying.includes(badge);
}

/** What somebody else's tap closes only once the seat is handed over: a procedure in progress, an emergency. */
export const isGuarded = ({ procedure, kind }: OpenSession): boolean => procedure !== null || kind === 'breakglass';

/** Somebody else over what is guarded: recorded, shown with their name, and nothing closes before the seat is handed over. */
export function tapOverGuarded(state: State, event: Tap, tap: WaitingTap, context: SessionContext): SessionMove {
  if (context.lock.at === 'asking') return collided(state, event, 'busy');
  const body = {
    person: tap.who.id,
    reason: state.session.procedure === null ? 'tap.emergency' : 'tap.procedure',
    triesLeft: 0,
    badge: tap.badge,
  };
  return {
    to: state,
    signals: [{ type: 'Ask', question: { kind: 'handOver', tap }, ms: HAND_OVER_MS }],
    effects: [append({ type: 'auth.refused', body })],
    taken: true,
  };
}

/** Whoever tapped over the emergency stands in its record as a witness, and it goes on. */
export function witnessed(state: State, { lock, env }: SessionContext): SessionMove {
  const { session } = state;
  if (session.kind !== 'breakglass' || lock.at !== 'asking' || lock.question.kind !== 'handOver') return { to: state, taken: false };
  return {
    to: state,
    signals: [{ type: 'Input', sure: true }],
    effects: [append({ type: 'breakglass.witnessed', body: { session: session.id, person: lock.question.tap.who.id } })],
    common: { lastInputBootMs: env.bootMs },
    taken: true,
  };
}

/** Nobody answered. The own tap meant to leave; over a procedure the seat stays with whoever has it. */
export function askOver(state: State, context: SessionContext): SessionMove {
  const { lock } = context;
  if (lock.at !== 'asking') return { to: state, taken: false };
  return lock.question.kind === 'stay'
    ? lockUp(state.session, 'tap', context, lock.question.badge)
    : { to: state, signals: [{ type: 'Input', sure: true }], taken: false };
}
