/**
 * A session exists: open on the screen, or locked with the work kept. A tap by its own person locks or comes back, a tap
 * by anybody else locks first and ends it only once their PIN was right.
 */
import { arrive, breakGlass, collided } from './arrive.ts';
import {
  append,
  badgeRefusal,
  CARD_RESTS_MS,
  clearSessionTimers,
  COLLISION_MS,
  end,
  endRecord,
  isOpen,
  lockUp,
  notice,
  refuse,
  type SessionContext,
  type SessionMove,
} from './moves.ts';
import { procedureAppended, procedureNotAppended, procedureOver, procedurePressed, procedureTimeOver } from './procedure.ts';
import {
  charged,
  coolOver,
  faulted,
  faultedRecord,
  faultReason,
  faultRecord,
  ignored,
  type SessionRow,
  type StateRows,
  seen,
} from './rows.ts';
import type { OpenSession, SeatEvents, SessionStates } from './types.ts';

type State = SessionStates['active'];

const fault: SessionRow<'active', 'UiLost' | 'PowerChanged' | 'ClockStepped'> = {
  leadsTo: ['ending'],
  run: (state, event, context) => {
    const move = lockUp(state.session, faultReason(event), context);
    return { ...move, effects: [append(faultRecord(event)), ...(move.effects ?? [])] };
  },
};

/** The lock closes first, then the newcomer is asked; where nothing is kept, once the former session has ended. */
function lockThenAsk(session: OpenSession, event: SeatEvents['BadgeRead'], context: SessionContext): SessionMove {
  if (event.who === null) return { to: { at: 'active', session }, taken: false };
  const locked = lockUp(session, 'tap-over', context);
  if (locked.to.at === 'ending')
    return { ...locked, to: { ...locked.to, tap: { who: event.who, badge: event.badge, by: event.by ?? 'badge' } } };
  if (locked.to.at !== 'active') return locked;
  const asked = arrive({ who: event.who, badge: event.badge, by: event.by ?? 'badge', held: locked.to.session }, context);
  return {
    ...asked,
    signals: [...(locked.signals ?? []), ...(asked.signals ?? [])],
    effects: [...(locked.effects ?? []), ...(asked.effects ?? [])],
    common: { ...locked.common, ...asked.common },
  };
}

function tapped(state: State, event: SeatEvents['BadgeRead'], context: SessionContext): SessionMove {
  const { env, lock, common } = context;
  const { session } = state;
  // Names and codes are typed at a closed seat; over an open one nobody could have meant them.
  if (event.by !== undefined && event.by !== 'badge' && isOpen(lock)) return { to: state, taken: false };
  if (lock.at === 'cooling' && lock.badge === event.badge) return { to: state, taken: false };
  const isOwner = session.who !== null && event.who?.id === session.who.id;
  if (isOwner && isOpen(lock)) {
    if (env.bootMs < common.tapGuardBootMs) {
      // Each further read of a card that rests on the reader puts the lock off, so that it never locks by lying there.
      const restsUntil = Math.max(common.tapGuardBootMs, env.bootMs + CARD_RESTS_MS);
      return { to: state, taken: false, common: { tapGuardBootMs: restsUntil } };
    }
    return lockUp(session, 'tap', context, event.badge);
  }
  const refusal = badgeRefusal(event, env);
  if (refusal !== null || event.who === null) {
    return refuse(state, { who: event.who, badge: event.badge, reason: refusal?.reason ?? 'badge.unknown' }, refusal?.says ?? null);
  }
  if (!isOwner && env.bootMs - common.lastTapBootMs < COLLISION_MS) return collided(state, event, 'collision');
  if (isOpen(lock)) return lockThenAsk(session, event, context);
  return arrive({ who: event.who, badge: event.badge, by: event.by ?? 'badge', held: session }, context);
}

export const active: StateRows<'active'> = {
  BadgeRead: { leadsTo: ['authenticating', 'ending'], run: tapped },
  ReaderState: seen,
  BadgeRemoved: {
    leadsTo: ['ending'],
    run: (state, event, context) => {
      const isOwner = state.session.who !== null && state.session.who.id === event.person;
      if (context.env.rules?.removalLocks !== true || !isOwner || !isOpen(context.lock)) return { to: state, taken: false };
      return lockUp(state.session, 'card-removed', context);
    },
  },
  LockPressed: {
    leadsTo: ['ending'],
    run: (state, _event, context) => (isOpen(context.lock) ? lockUp(state.session, 'pressed', context) : { to: state, taken: false }),
  },
  LogoutPressed: {
    leadsTo: ['ending'],
    run: (state, _event, { env, lock }) => (isOpen(lock) ? end(state.session, 'logout', {}, env) : { to: state, taken: false }),
  },
  StayPressed: {
    leadsTo: [],
    run: (state, _event, { env }) => ({ to: state, signals: [{ type: 'Input', sure: true }], common: { lastInputBootMs: env.bootMs } }),
  },
  Activity: {
    leadsTo: [],
    run: (state, event, { env, common }) => ({
      to: state,
      signals: [{ type: 'Input', sure: false }],
      common: { lastInputBootMs: Math.max(common.lastInputBootMs, env.bootMs - event.idleMs) },
    }),
  },
  ProcedurePressed: { leadsTo: [], run: procedurePressed },
  BreakGlassPressed: {
    leadsTo: ['authenticating', 'ending'],
    run: (state, event, context) =>
      isOpen(context.lock)
        ? { to: state, taken: false }
        : breakGlass(state, event, { who: null, badge: null, by: 'badge', held: state.session }, context),
  },
  TimerFired: {
    leadsTo: ['ending'],
    run: (state, event, context) => {
      const { session } = state;
      const { env, lock } = context;
      switch (event.timer) {
        case 'cool':
          return coolOver(state);
        case 'idle':
          return { to: state, signals: [{ type: 'IdleReached', session }] };
        case 'warning':
          return lock.at === 'warning' ? lockUp(session, 'idle', context) : { to: state, taken: false };
        case 'keep':
          return isOpen(lock) ? { to: state, taken: false } : end(session, 'keep-over', { says: notice('session.ended') }, env);
        case 'maxAge':
          return end(session, 'max-age', { says: notice('session.maxAge') }, env);
        case 'limit':
          return end(session, 'limit', { says: notice('session.ended') }, env);
        case 'procedure':
          return procedureTimeOver(state, context);
        case 'attempt':
        case 'ending':
          return { to: state, taken: false };
      }
    },
  },
  UiLost: fault,
  PowerChanged: fault,
  ClockStepped: fault,
  PolicyLost: { leadsTo: ['ending'], run: (state, event, context) => lockUp(state.session, faultReason(event), context) },
  EnforcementFailed: {
    leadsTo: ['faulted'],
    run: (state, event, { env }) => {
      const ended = end(state.session, 'faulted', {}, env);
      return {
        ...faulted(event.why),
        signals: ended.signals ?? [],
        effects: [
          ...procedureOver(state.session, 'faulted').effects,
          append(endRecord(state.session, 'faulted')),
          append(faultedRecord()),
          { do: 'endSession', session: state.session.id },
          ...clearSessionTimers,
        ],
      };
    },
  },
  PersonsRevoked: {
    leadsTo: ['ending'],
    run: (state, event, { env }) =>
      state.session.who !== null && event.ids.includes(state.session.who.id)
        ? end(state.session, 'revoked', { says: notice('badge.revoked') }, env)
        : { to: state, taken: false },
  },
  PinEntered: ignored,
  PinChecked: ignored,
  CancelPressed: { leadsTo: [], run: (state) => ({ to: state, common: { notice: null } }) },
  Appended: { leadsTo: [], run: procedureAppended },
  AppendFailed: { leadsTo: [], run: procedureNotAppended },
  SessionClosed: ignored,
  GuessCharged: charged,
  Repaired: ignored,
};
