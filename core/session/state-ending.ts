/**
 * A session is being ended: its event is written and its processes are going. Nobody comes in before the last one is
 * gone, because the next person must never meet what is left of the former. One tap that comes meanwhile is kept, and a wish for
 * emergency access, so that nobody need guess when to tap; they go on only after a clean end, and every fault drops them.
 */
import { arrive, breakGlass, collided, isEnoughForEmergency, withoutBreakGlass } from './arrive.ts';
import { faulted, faultedRecord, stillEnding } from './fault.ts';
import { append, badgeRefusal, grantNew, refuse, type SessionContext, type SessionMove } from './moves.ts';
import { charged, coolOver, faultRecord, ignored, type SessionRow, type StateRows, seen } from './rows.ts';
import type { Effect, SeatEvents, SessionStates } from './types.ts';

type State = SessionStates['ending'];

/** The record of a kept tap that comes to nothing. */
function droppedTap({ tap }: State): readonly Effect[] {
  if (tap === null) return [];
  return [append({ type: 'auth.refused', body: { person: tap.who.id, reason: 'tap.busy', triesLeft: 0, badge: tap.badge } })];
}

const fault: SessionRow<'ending', 'UiLost' | 'PowerChanged' | 'ClockStepped'> = {
  leadsTo: [],
  run: (state, event) => ({
    to: { ...state, successor: null, tap: null, wish: null },
    effects: [append(faultRecord(event)), ...droppedTap(state)],
  }),
};

function tapped(state: State, event: SeatEvents['BadgeRead'], { env, lock }: SessionContext): SessionMove {
  if (lock.at === 'cooling' && lock.badge === event.badge) return { to: state, taken: false };
  // The card that is kept already may lie on the reader and be read again.
  if (state.tap !== null && state.tap.badge === event.badge && state.tap.who.id === event.who?.id) return { to: state };
  if (state.successor !== null || state.tap !== null) return collided(state, event, 'busy');
  const refusal = badgeRefusal(event, env);
  const breaksGlass = state.wish !== null && isEnoughForEmergency(event, refusal);
  if (event.who === null || (refusal !== null && !breaksGlass)) {
    return refuse(state, { who: event.who, badge: event.badge, reason: refusal?.reason ?? 'badge.unknown' }, refusal?.says ?? null);
  }
  return { to: { ...state, tap: { who: event.who, badge: event.badge, by: event.by ?? 'badge' } }, common: { notice: null } };
}

/** Everything of the former session is gone: on to whoever waits, who is judged again as at a free seat. */
function onward({ successor, tap, wish, session }: State, context: SessionContext): SessionMove {
  if (successor !== null && context.env.uiConnected) return grantNew(successor, session, context);
  if (wish !== null) return breakGlass({ at: 'none' }, wish, { ...(tap ?? { who: null, badge: null, by: 'badge' }), held: null }, context);
  if (tap === null) return { to: { at: 'none' } };
  const refusal = badgeRefusal({ type: 'BadgeRead', standing: 'ok', ...tap }, context.env);
  return refusal === null
    ? arrive({ ...tap, held: null }, context)
    : refuse({ at: 'none' }, { ...tap, reason: refusal.reason }, refusal.says);
}

export const ending: StateRows<'ending'> = {
  SessionClosed: {
    leadsTo: ['none', 'authenticating', 'faulted'],
    run: (state, event, context) => {
      if (event.session !== state.session.id) return { to: state, taken: false };
      if (!event.clean) {
        return {
          ...faulted({ unenforced: null, former: { session: event.session, is: 'left' } }),
          effects: [...droppedTap(state), append(faultedRecord()), { do: 'clearTimer', timer: 'ending' }],
        };
      }
      const next = onward(state, context);
      return { ...next, effects: [{ do: 'clearTimer', timer: 'ending' }, ...(next.effects ?? [])] };
    },
  },
  TimerFired: {
    leadsTo: ['faulted'],
    run: (state, event) => {
      if (event.timer === 'cool') return coolOver(state);
      if (event.timer !== 'ending') return { to: state, taken: false };
      const late = faulted({ unenforced: null, former: stillEnding(state.session) });
      return { ...late, effects: [...droppedTap(state), append(faultedRecord())] };
    },
  },
  EnforcementFailed: {
    leadsTo: ['faulted'],
    run: (state, event) => ({
      ...faulted({ unenforced: event.why, former: stillEnding(state.session) }),
      effects: [...droppedTap(state), append(faultedRecord()), { do: 'clearTimer', timer: 'ending' }],
    }),
  },
  BadgeRead: { leadsTo: [], run: tapped },
  ReaderState: seen,
  BadgeRemoved: {
    leadsTo: [],
    run: (state, event, { env }) => {
      const coming = state.successor?.who ?? state.tap?.who ?? null;
      if (env.rules?.removalLocks !== true || coming === null || coming.id !== event.person) return { to: state, taken: false };
      return { to: { ...state, successor: null, tap: null }, effects: droppedTap(state) };
    },
  },
  PersonsRevoked: {
    leadsTo: [],
    run: (state, event) => {
      const coming = state.successor?.who ?? state.tap?.who ?? null;
      if (coming === null || !event.ids.includes(coming.id)) return { to: state, taken: false };
      return { to: { ...state, successor: null, tap: null }, effects: droppedTap(state) };
    },
  },
  // Emergency access is what is left without a policy in force: a wish for it stays.
  PolicyLost: { leadsTo: [], run: (state) => ({ to: { ...state, successor: null, tap: null }, effects: droppedTap(state) }) },
  RecordLost: ignored,
  UiLost: fault,
  PowerChanged: fault,
  ClockStepped: fault,
  PinEntered: ignored,
  PinChecked: ignored,
  CancelPressed: ignored,
  LockPressed: ignored,
  LogoutPressed: ignored,
  StayPressed: ignored,
  HandOverPressed: ignored,
  WitnessPressed: ignored,
  TakenElsewhere: ignored,
  ProcedurePressed: ignored,
  BreakGlassPressed: {
    leadsTo: [],
    run: (state, { reasonId, note }, context) => {
      if (state.successor !== null) return { to: state, taken: false };
      const wish = { reasonId, note };
      const refused = withoutBreakGlass(state, wish, state.tap ?? { who: null, badge: null }, context);
      return refused ?? { to: { ...state, wish }, common: { notice: null } };
    },
  },
  Activity: ignored,
  Appended: ignored,
  AppendFailed: ignored,
  GuessCharged: charged,
  Repaired: ignored,
};
