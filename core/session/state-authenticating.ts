/**
 * Somebody is on the way in, at a closed seat; the session of somebody else, or their own, may be kept behind it. Every
 * fault takes the seat back to where it was, closed.
 */

import {
  admit,
  arrive,
  askSecond,
  beginBreakGlass,
  breakGlass,
  collided,
  confirm,
  confirmed,
  isCardInDoubt,
  isEnoughForEmergency,
  refuseInDoubt,
  returnsToEmergency,
} from './arrive.ts';
import { faulted, faultedRecord, stillEnding } from './fault.ts';
import {
  append,
  back,
  badgeRefusal,
  COLLISION_MS,
  clearSessionTimers,
  END_WARNING_MS,
  end,
  endRecord,
  endsAt,
  guessVerdict,
  notice,
  promptTimer,
  refuse,
  type SessionContext,
  type SessionMove,
  TAP_GUARD_MS,
} from './moves.ts';
import type { Notice } from './notice.ts';
import { charged, coolOver, faultReason, faultRecord, ignored, type SessionRow, type StateRows, seen } from './rows.ts';
import { movedAway, saysWhere } from './taken-elsewhere.ts';
import { charge, type GuessLimits, type GuessVerdict } from './throttle.ts';
import type { Attempt, Effect, Env, Grace, OpenSession, SeatEvents, SessionStates, Who } from './types.ts';
import { unrecorded } from './unrecorded.ts';

type State = SessionStates['authenticating'];

function waitsForPerson({ attempt }: State): boolean {
  return attempt.stage === 'pin' || attempt.stage === 'badge' || attempt.stage === 'second';
}

function limitsOf(env: Env): GuessLimits | null {
  return env.rules === null ? null : { maxFailures: env.rules.pin.maxFailures, firstWaitMs: env.rules.pin.firstWaitMs };
}

/** A try whose answer nobody waits for any more counts, and is in the record. */
function interrupted({ stage, who, badge }: Attempt, reason: string): readonly Effect[] {
  if (stage !== 'checking') return [];
  const body = { person: who?.id ?? null, reason: `interrupted.${reason}`, triesLeft: 0, badge };
  return [append({ type: 'auth.refused', body })];
}

/** Gives the attempt up. What was about to be opened, and may be durable already, is closed in the record too. */
function giveUp(state: State, reason: string, says: Notice | null = null): SessionMove {
  const { attempt, held } = state;
  const undone: Effect[] = [...interrupted(attempt, reason)];
  if (attempt.grant !== null) {
    const { session } = attempt.grant;
    undone.push(
      append(session.id === held?.id ? { type: 'session.locked', body: { session: session.id, reason } } : endRecord(session, reason)),
    );
  }
  return {
    to: back(held),
    signals: [{ type: 'Close', session: held, reason, recorded: false, badge: null }],
    effects: [...undone, { do: 'clearTimer', timer: 'attempt' }],
    common: { notice: says },
  };
}

const fault: SessionRow<'authenticating', 'UiLost' | 'PowerChanged' | 'ClockStepped'> = {
  leadsTo: ['none', 'active'],
  run: (state, event) => {
    const move = giveUp(state, faultReason(event));
    return { ...move, effects: [append(faultRecord(event)), ...(move.effects ?? [])] };
  },
};

function guess(state: State, who: Who, pin: string, { env, common }: SessionContext): SessionMove {
  const limits = limitsOf(env);
  if (limits === null) return giveUp(state, 'policy', notice('policy.none'));
  if (who.pinId === null) return { to: state, common: { notice: notice('pin.none') }, taken: false };
  const verdict = guessVerdict(who, who.pinId, limits, { env, common });
  if (!verdict.may) return { to: state, common: { notice: refusalNotice(verdict) }, taken: false };
  const charged = charge(common.throttles[who.id], who.pinId, limits, env);
  return {
    to: { ...state, attempt: { ...state.attempt, stage: 'checking' } },
    effects: [{ do: 'guess', attempt: state.attempt.id, who, pin, charged }],
    // Whoever typed a PIN had time to see whose it is: a tap after it is meant.
    common: { throttles: { ...common.throttles, [who.id]: charged }, notice: null, lastTapBootMs: Number.NEGATIVE_INFINITY },
  };
}

function refusalNotice(verdict: GuessVerdict): Notice {
  if (verdict.may) return notice('pin.wrong', { tries: verdict.triesLeft }, 'SESSION_PIN_WRONG');
  return verdict.why === 'wait'
    ? notice('pin.wait', { seconds: Math.ceil(verdict.waitMs / 1000), tries: verdict.triesLeft }, 'SESSION_PIN_WAIT')
    : notice('pin.blocked', {}, 'SESSION_PIN_BLOCKED');
}

function wrongPin(state: State, who: Who, { env, common }: SessionContext): SessionMove {
  const limits = limitsOf(env);
  if (limits === null || who.pinId === null) return giveUp(state, 'policy', notice('policy.none'));
  const verdict = guessVerdict(who, who.pinId, limits, { env, common });
  const move = refuse(
    { ...state, attempt: { ...state.attempt, stage: 'pin' } },
    { who, badge: state.attempt.badge, reason: 'pin.wrong', triesLeft: verdict.triesLeft },
    refusalNotice(verdict),
  );
  return { ...move, effects: [...(move.effects ?? []), promptTimer(who, { env, common })] };
}

/** Whoever was asked for the PIN is judged again, and whoever they confirm: what holds may be another thing by now. */
function refusedNow({ attempt, held }: State, who: Who, { env }: SessionContext): SessionMove | null {
  const { badge, by, first } = attempt;
  for (const one of [{ who, badge, by }, ...(first === null ? [] : [first])]) {
    const refusal = badgeRefusal({ type: 'BadgeRead', standing: 'ok', who: one.who, badge: one.badge, by: one.by }, env);
    if (refusal === null) continue;
    const move = refuse(back(held), { who: one.who, badge: one.badge, reason: refusal.reason }, refusal.says);
    return { ...move, effects: [...(move.effects ?? []), { do: 'clearTimer', timer: 'attempt' }] };
  }
  return null;
}

function rightPin(state: State, who: Who, context: SessionContext): SessionMove {
  const { badge, by, first } = state.attempt;
  const { [who.id]: _cleared, ...throttles } = context.common.throttles;
  const graces = { ...context.common.graces, ...graceOf(who, context.env) };
  const common = { ...context.common, throttles, graces };
  const next = { ...context, common };
  const move =
    refusedNow(state, who, context) ??
    (first === null ? admit({ who, badge, by, held: state.held }, [by, 'pin'], next) : confirmed(first, who, state.held, next));
  return {
    ...move,
    effects: [{ do: 'saveThrottle', person: who.id, throttle: null }, ...(move.effects ?? [])],
    common: { throttles, graces, ...move.common },
  };
}

/** From a right PIN on, the badge alone is enough for as long as the policy says for this role. */
function graceOf(who: Who, env: Env): Readonly<Record<string, Grace>> {
  const graceMs = env.rules?.graceMs[who.role] ?? 0;
  return who.pinId === null || graceMs === 0 ? {} : { [who.id]: { pinId: who.pinId, sinceBootMs: env.bootMs } };
}

function opened(state: State, session: OpenSession, { env }: SessionContext): SessionMove {
  const isReturn = session.id === state.held?.id;
  const begun: Effect[] = isReturn
    ? [{ do: 'clearTimer', timer: 'keep' }]
    : [
        { do: 'openSession', session },
        { do: 'setTimer', timer: 'maxAge', atBootMs: session.maxAgeBootMs },
        { do: 'setTimer', timer: 'endSoon', atBootMs: endsAt(session) - END_WARNING_MS },
      ];
  const limited: Effect[] =
    session.limitBootMs === null || isReturn ? [] : [{ do: 'setTimer', timer: 'limit', atBootMs: session.limitBootMs }];
  return {
    to: { at: 'active', session },
    signals: [{ type: 'Open', session }],
    effects: [...begun, ...limited],
    common: { lastInputBootMs: env.bootMs, tapGuardBootMs: env.bootMs + TAP_GUARD_MS, notice: null },
  };
}

/** What no log could take is the one exception to write-ahead, for break-glass only, and as short as the policy says; without a policy there is none. */
function openedUnrecorded(state: State, { kind, limitBootMs, ...session }: OpenSession, context: SessionContext): SessionMove {
  if (kind !== 'breakglass') return giveUp(state, 'unrecorded', notice('store.broken'));
  const unrecordedMs = context.env.rules?.breakGlass.unrecordedMs ?? 0;
  if (unrecordedMs === 0) return giveUp(state, 'unrecorded', notice('breakglass.unavailable', {}, 'AUDIT_APPEND_FAILED'));
  const untilBootMs = Math.min(limitBootMs ?? Number.POSITIVE_INFINITY, session.startedBootMs + unrecordedMs);
  return opened(state, { ...session, kind, limitBootMs: untilBootMs }, context);
}

/** A card that is read again while its PIN is asked for: one prompt, one time limit, however often a reader reads. */
function askedAlready(state: State, move: SessionMove): SessionMove {
  if (move.to.at !== 'authenticating') return move;
  const [now, next] = [state.attempt, move.to.attempt];
  const isSamePrompt =
    now.stage === 'pin' &&
    next.stage === 'pin' &&
    now.badge === next.badge &&
    now.by === next.by &&
    now.purpose === next.purpose &&
    now.who?.id === next.who?.id &&
    now.who?.pinId === next.who?.pinId &&
    now.first?.who.id === next.first?.who.id;
  return isSamePrompt ? { to: state } : move;
}

function tapped(state: State, event: SeatEvents['BadgeRead'], context: SessionContext): SessionMove {
  const { attempt, held } = state;
  const { env, common } = context;
  if (attempt.stage === 'checking' || attempt.stage === 'recording') return collided(state, event, 'busy');
  const refusal = badgeRefusal(event, env);
  const breaksGlass =
    (attempt.stage === 'badge' && attempt.wish !== null && isEnoughForEmergency(event, refusal)) ||
    returnsToEmergency(held, event, refusal, env);
  const by = event.by ?? 'badge';
  if (event.who === null || (refusal !== null && !breaksGlass)) {
    return refuse(state, { who: event.who, badge: event.badge, reason: refusal?.reason ?? 'badge.unknown' }, refusal?.says ?? null);
  }
  if (attempt.stage === 'badge' && by === 'name') return refuse(state, { who: event.who, badge: null, reason: 'name.not-enough' }, null);
  if (attempt.first !== null)
    return askedAlready(state, confirm(state, attempt.first, { who: event.who, badge: event.badge, by }, context));
  if (attempt.stage === 'badge' && attempt.wish !== null) {
    const comer = { who: event.who, badge: event.badge, by };
    return isCardInDoubt(comer, env) ? refuseInDoubt(state, comer) : beginBreakGlass({ ...comer, wish: attempt.wish, held }, context);
  }
  const isOther = event.who.id !== attempt.who?.id;
  if (isOther && env.bootMs - common.lastTapBootMs < COLLISION_MS) return collided(state, event, 'collision');
  return askedAlready(state, arrive({ who: event.who, badge: event.badge, by, held }, context));
}

/** A card that must stay was taken away. Whoever waits for a second person had to make room for that one's card: theirs was no goodbye. */
function cardTaken(state: State, event: SeatEvents['BadgeRemoved'], context: SessionContext): SessionMove {
  const { attempt, held } = state;
  const isTheirs = attempt.who !== null && attempt.who.id === event.person && attempt.by === 'badge';
  if (context.env.rules?.removalLocks !== true || !isTheirs || attempt.stage === 'second') return { to: state, taken: false };
  if (attempt.first === null) return giveUp(state, 'card-removed');
  const move = askSecond(attempt.first, held, context);
  return { ...move, effects: [...interrupted(attempt, 'card-removed'), ...(move.effects ?? [])] };
}

/** Nobody answers the prompt. A second person who does not leaves the first one waiting, who has proven who they are. */
function unanswered(state: State, reason: string, context: SessionContext): SessionMove {
  const { first, stage } = state.attempt;
  return first !== null && stage === 'pin' ? askSecond(first, state.held, context) : giveUp(state, reason);
}

export const authenticating: StateRows<'authenticating'> = {
  BadgeRead: { leadsTo: ['ending'], run: tapped },
  ReaderState: seen,
  BadgeRemoved: { leadsTo: ['none', 'active'], run: cardTaken },
  PinEntered: {
    leadsTo: ['none', 'active'],
    run: (state, event, context) =>
      state.attempt.stage === 'pin' && state.attempt.who !== null
        ? guess(state, state.attempt.who, event.pin, context)
        : { to: state, taken: false },
  },
  PinChecked: {
    leadsTo: ['ending', 'none', 'active'],
    run: (state, event, context) => {
      const { attempt } = state;
      if (attempt.stage !== 'checking' || attempt.id !== event.attempt || attempt.who === null) {
        return { to: state, taken: false };
      }
      if (event.unpaid !== undefined) return giveUp(state, 'unrecorded', unrecorded(event.unpaid));
      return event.right ? rightPin(state, attempt.who, context) : wrongPin(state, attempt.who, context);
    },
  },
  CancelPressed: {
    leadsTo: ['none', 'active'],
    run: (state, _event, context) => (waitsForPerson(state) ? unanswered(state, 'cancelled', context) : { to: state, taken: false }),
  },
  BreakGlassPressed: {
    leadsTo: ['ending'],
    run: (state, event, context) => {
      const { attempt, held } = state;
      if (!waitsForPerson(state)) return { to: state, taken: false };
      return breakGlass(state, event, { who: attempt.who, badge: attempt.badge, by: attempt.by, held }, context);
    },
  },
  Appended: {
    leadsTo: ['active', 'none'],
    run: (state, event, context) => {
      const { grant } = state.attempt;
      if (grant?.ticket !== event.ticket) return { to: state, taken: false };
      return event.recorded ? opened(state, grant.session, context) : openedUnrecorded(state, grant.session, context);
    },
  },
  AppendFailed: {
    leadsTo: ['none', 'active'],
    run: (state, event) => {
      if (state.attempt.grant?.ticket !== event.ticket) return { to: state, taken: false };
      return { to: back(state.held), signals: [{ type: 'Abort' }], common: { notice: unrecorded(event.code) } };
    },
  },
  TimerFired: {
    leadsTo: ['none', 'active', 'ending'],
    run: (state, event, context) => {
      if (event.timer === 'cool') return coolOver(state);
      if (event.timer === 'attempt' && waitsForPerson(state)) return unanswered(state, 'timeout', context);
      const over = { keep: 'keep-over', maxAge: 'max-age', limit: 'limit' } as const;
      if (state.held === null || !(event.timer === 'keep' || event.timer === 'maxAge' || event.timer === 'limit')) {
        return { to: state, taken: false };
      }
      // The kept session ends under the attempt; whoever is on the way in taps again and finds an empty seat.
      const dropped = giveUp(state, over[event.timer]);
      const ended = end(state.held, over[event.timer], { says: notice('session.ended') }, context.env);
      return { ...ended, effects: [...(dropped.effects ?? []), ...(ended.effects ?? [])] };
    },
  },
  UiLost: fault,
  PowerChanged: fault,
  ClockStepped: fault,
  // Whoever is on the way to an emergency access goes on: it is what is left without a policy in force.
  PolicyLost: {
    leadsTo: ['none', 'active'],
    run: (state, event) =>
      state.attempt.wish !== null || state.attempt.grant?.session.kind === 'breakglass'
        ? { to: state, taken: false }
        : giveUp(state, faultReason(event), notice('policy.expired')),
  },
  EnforcementFailed: {
    leadsTo: ['faulted'],
    run: (state, event) => {
      const dropped = giveUp(state, 'faulted');
      const held: Effect[] =
        state.held === null ? [] : [append(endRecord(state.held, 'faulted')), { do: 'endSession', session: state.held.id }];
      return {
        ...faulted({ unenforced: event.why, former: state.held === null ? null : stillEnding(state.held) }),
        signals: dropped.signals ?? [],
        effects: [...(dropped.effects ?? []), ...held, append(faultedRecord()), ...clearSessionTimers],
      };
    },
  },
  RecordLost: ignored,
  PersonsRevoked: {
    leadsTo: ['none', 'active', 'ending'],
    run: (state, event, { env }) => {
      const heldGone = state.held?.who != null && event.ids.includes(state.held.who.id);
      const { who, first } = state.attempt;
      const personGone = [who, first?.who].some((one) => one != null && event.ids.includes(one.id));
      if (!heldGone && !personGone) return { to: state, taken: false };
      const dropped = giveUp(state, 'revoked', personGone ? notice('badge.revoked') : null);
      if (!heldGone || state.held === null) return dropped;
      const ended = end(state.held, 'revoked', {}, env);
      return { ...ended, effects: [...(dropped.effects ?? []), ...(ended.effects ?? [])] };
    },
  },
  // The kept session moved away under whoever is on the way in: its owner hears of it at the lock screen. Whoever was about
  // to return to it, but came in elsewhere after that, is told now: once it is open, the word would have to be said anew.
  TakenElsewhere: {
    leadsTo: ['active'],
    run: (state, event) => {
      const moved = state.held === null ? null : movedAway(state.held, event);
      if (moved === null) return { to: state, taken: false };
      const { grant } = state.attempt;
      const after = { ...state, held: moved };
      if (grant === null || movedAway(grant.session, event) === null) return { to: after };
      return giveUp(after, 'taken-elsewhere', saysWhere(event.seatName));
    },
  },
  LockPressed: ignored,
  LogoutPressed: ignored,
  StayPressed: ignored,
  HandOverPressed: ignored,
  WitnessPressed: ignored,
  ProcedurePressed: ignored,
  Activity: ignored,
  SessionClosed: ignored,
  GuessCharged: charged,
  Repaired: ignored,
};
