/**
 * A session exists: open on the screen, or locked with the work kept. A tap by its own person locks or comes back, a tap
 * by anybody else locks first and ends it only once their PIN was right.
 */
import { arrive, breakGlass, collided, returnsToEmergency } from './arrive.ts';
import { faulted, faultedRecord, stillEnding } from './fault.ts';
import {
  append,
  badgeRefusal,
  COLLISION_MS,
  clearSessionTimers,
  end,
  endRecord,
  lockUp,
  notice,
  refuse,
  type SessionContext,
  type SessionMove,
} from './moves.ts';
import { isOpen } from './open.ts';
import { procedureAppended, procedureNotAppended, procedureOver, procedurePressed, procedureTimeOver } from './procedure.ts';
import { charged, coolOver, faultReason, faultRecord, ignored, type SessionRow, type StateRows, seen } from './rows.ts';
import { closeMoved, takenElsewhere } from './taken-elsewhere.ts';
import { askOver, isGuarded, ownTap, tapOverGuarded, witnessed } from './tap-question.ts';
import type { OpenSession, SeatEvents, SessionStates, WaitingTap } from './types.ts';
import { unrecorded } from './unrecorded.ts';

type State = SessionStates['active'];

const fault: SessionRow<'active', 'UiLost' | 'PowerChanged' | 'ClockStepped'> = {
  leadsTo: ['ending'],
  run: (state, event, context) => {
    const move = lockUp(state.session, faultReason(event), context);
    return { ...move, effects: [append(faultRecord(event)), ...(move.effects ?? [])] };
  },
};

/** The lock closes first, then the newcomer is asked; where nothing is kept, once the former session has ended. */
function lockThenAsk(session: OpenSession, tap: WaitingTap, context: SessionContext): SessionMove {
  const locked = lockUp(session, 'tap-over', context);
  if (locked.to.at === 'ending') return { ...locked, to: { ...locked.to, tap } };
  if (locked.to.at !== 'active') return locked;
  const asked = arrive({ ...tap, held: locked.to.session }, context);
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
  if (isOwner && isOpen(lock)) return ownTap(state, event, context);
  const refusal = badgeRefusal(event, env);
  if (event.who === null || (refusal !== null && !returnsToEmergency(session, event, refusal, env))) {
    return refuse(state, { who: event.who, badge: event.badge, reason: refusal?.reason ?? 'badge.unknown' }, refusal?.says ?? null);
  }
  if (!isOwner && env.bootMs - common.lastTapBootMs < COLLISION_MS) return collided(state, event, 'collision');
  const tap: WaitingTap = { who: event.who, badge: event.badge, by: event.by ?? 'badge' };
  if (!isOpen(lock)) return arrive({ ...tap, held: session }, context);
  const isAsked = isGuarded(session) && (lock.at === 'unlocked' || lock.at === 'asking');
  return isAsked ? tapOverGuarded(state, event, tap, context) : lockThenAsk(session, tap, context);
}

/** The tap that waited goes on as if it came now, and is judged by what is known now. */
function handOver(state: State, context: SessionContext): SessionMove {
  const { lock, env } = context;
  if (lock.at !== 'asking' || lock.question.kind !== 'handOver') return { to: state, taken: false };
  const { tap } = lock.question;
  const refusal = badgeRefusal({ type: 'BadgeRead', standing: 'ok', ...tap }, env);
  if (refusal === null) return lockThenAsk(state.session, tap, context);
  return { ...refuse(state, { ...tap, reason: refusal.reason }, refusal.says), signals: [{ type: 'Input', sure: true }] };
}

/** What is left once a procedure is over: a session whose person has gone elsewhere meanwhile closes now. */
function afterProcedure(move: SessionMove, context: SessionContext): SessionMove {
  if (move.to.at !== 'active') return move;
  const { session } = move.to;
  if (session.elsewhere === null || session.procedure !== null || !isOpen(context.lock)) return move;
  const closed = closeMoved(session, context);
  return { ...closed, effects: [...(move.effects ?? []), ...(closed.effects ?? [])], common: { ...move.common, ...closed.common } };
}

/** The countdown is over: the work is covered, or locked where the policy covers nothing. */
function countedDown(state: State, context: SessionContext): SessionMove {
  if (context.lock.at !== 'warning') return { to: state, taken: false };
  return (context.env.rules?.blurMs ?? 0) > 0 ? { to: state, signals: [{ type: 'Blur' }] } : lockUp(state.session, 'idle', context);
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
      // Each report also judges idle time anew: the policy or the hour may ask for an earlier warning than the one that was set.
      signals: [
        { type: 'Input', sure: false },
        { type: 'IdleReached', session: state.session },
      ],
      common: { lastInputBootMs: Math.max(common.lastInputBootMs, env.bootMs - event.idleMs) },
    }),
  },
  HandOverPressed: { leadsTo: ['authenticating', 'ending'], run: (state, _event, context) => handOver(state, context) },
  WitnessPressed: { leadsTo: [], run: (state, _event, context) => witnessed(state, context) },
  TakenElsewhere: { leadsTo: ['ending'], run: takenElsewhere },
  ProcedurePressed: {
    leadsTo: ['ending'],
    run: (state, event, context) => afterProcedure(procedurePressed(state, event, context), context),
  },
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
          return countedDown(state, context);
        case 'blur':
          return lock.at === 'blurred' ? lockUp(session, 'idle', context) : { to: state, taken: false };
        case 'ask':
          return askOver(state, context);
        case 'endSoon':
          // The picture that follows from the time is pushed with every step.
          return { to: state };
        case 'keep':
          return isOpen(lock) ? { to: state, taken: false } : end(session, 'keep-over', { says: notice('session.ended') }, env);
        case 'maxAge':
          return end(session, 'max-age', { says: notice('session.maxAge') }, env);
        case 'limit':
          return end(session, 'limit', { says: notice('session.ended') }, env);
        case 'procedure':
          return afterProcedure(procedureTimeOver(state, context), context);
        case 'attempt':
        case 'ending':
          return { to: state, taken: false };
      }
    },
  },
  UiLost: fault,
  PowerChanged: fault,
  ClockStepped: fault,
  // An emergency goes on: it is what is left without a policy in force.
  PolicyLost: {
    leadsTo: ['ending'],
    run: (state, event, context) =>
      state.session.kind === 'breakglass' ? { to: state, taken: false } : lockUp(state.session, faultReason(event), context),
  },
  // An emergency goes on: its own log is there for it.
  RecordLost: {
    leadsTo: ['ending'],
    run: (state, { code }, context) => {
      if (state.session.kind !== 'person' || !isOpen(context.lock)) return { to: state, taken: false };
      const move = lockUp(state.session, 'unrecorded', context);
      return { ...move, common: { ...move.common, notice: unrecorded(code) } };
    },
  },
  EnforcementFailed: {
    leadsTo: ['faulted'],
    run: (state, event, { env }) => {
      const ended = end(state.session, 'faulted', {}, env);
      return {
        ...faulted({ unenforced: event.why, former: stillEnding(state.session) }),
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
    run: (state, event, { env, lock }) => {
      if (state.session.who !== null && event.ids.includes(state.session.who.id))
        return end(state.session, 'revoked', { says: notice('badge.revoked') }, env);
      const asked = lock.at === 'asking' && lock.question.kind === 'handOver' ? lock.question.tap.who.id : null;
      return asked !== null && event.ids.includes(asked)
        ? { to: state, signals: [{ type: 'Input', sure: true }] }
        : { to: state, taken: false };
    },
  },
  PinEntered: ignored,
  PinChecked: ignored,
  CancelPressed: { leadsTo: [], run: (state) => ({ to: state, common: { notice: null } }) },
  // A procedure that could not be recorded is over as well.
  Appended: { leadsTo: ['ending'], run: (state, event, context) => afterProcedure(procedureAppended(state, event, context), context) },
  AppendFailed: { leadsTo: ['ending'], run: (state, event, context) => afterProcedure(procedureNotAppended(state, event), context) },
  SessionClosed: ignored,
  GuessCharged: charged,
  Repaired: ignored,
};
