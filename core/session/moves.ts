/**
 * The steps that several rows of the session table share: refusing, beginning an attempt, granting, closing, ending. Each
 * gives a move; none of them opens anything by itself.
 */

import type { LockEvent } from './lock.ts';
import type { Notice } from './notice.ts';
import { isOpen } from './open.ts';
import { procedureOver } from './procedure.ts';
import type { SessionRecord } from './records.ts';
import { type GuessLimits, type GuessVerdict, mayGuess } from './throttle.ts';
import type {
  Attempt,
  Common,
  Effect,
  Entry,
  Env,
  Factor,
  FirstPerson,
  LockState,
  OpenSession,
  PersonFact,
  Purpose,
  SeatEvents,
  SessionState,
  Successor,
  TimerName,
  Who,
} from './types.ts';

export interface SessionContext {
  readonly env: Env;
  readonly common: Common;
  readonly lock: LockState;
}

export interface SessionMove {
  readonly to: SessionState;
  /** For the lock, in order, before `effects`. */
  readonly signals?: readonly LockEvent[];
  readonly effects?: readonly Effect[];
  readonly common?: Partial<Common>;
  /** Whether an intent was acted on; true unless it says otherwise. */
  readonly taken?: boolean;
}

/** A prompt that nobody answers goes away after this, in milliseconds. */
export const ATTEMPT_MS = 30_000;
/** Somebody stays in front of a wait of so much, which the prompt counts down, in milliseconds; for a longer one they come back. */
const WAIT_IN_FRONT_MS = 120_000;
/** A second person's tap this close to the first counts as a collision: the first one goes on, in milliseconds. */
export const COLLISION_MS = 300;
/** Taps by the person of a session this soon after it opened do not lock it, in milliseconds: a card held on, a second tap in doubt. */
export const TAP_GUARD_MS = 2_000;
/** A card that is read again this soon after a tap that did not lock is the same card, still there, in milliseconds. */
export const CARD_RESTS_MS = 1_000;
/** Whoever touched the seat this lately is at work: their own tap asks before it locks, in milliseconds. */
export const AT_WORK_MS = 5_000;
/** How long "Stay or lock?" is asked where the policy does not say, in milliseconds. */
export const TAP_QUESTION_MS = 3_000;
/** How long a tap over a procedure in progress waits for somebody to hand the seat over, in milliseconds. */
export const HAND_OVER_MS = 20_000;
/** A session that ends by its longest time or by the limit of emergency access says so this long before, in milliseconds. */
export const END_WARNING_MS = 60_000;
/** Everything of a session must be gone by then, in milliseconds; else the seat is faulted. */
export const ENDING_MS = 10_000;

/** Timers that belong to one session: none of them may go on when it is over, or it would end whoever comes next. */
export const SESSION_TIMERS: readonly TimerName[] = ['keep', 'maxAge', 'limit', 'endSoon'];
/** What every way out of a session does with them. */
export const clearSessionTimers: readonly Effect[] = SESSION_TIMERS.map((timer) => ({ do: 'clearTimer', timer }));

export function notice(key: Notice['key'], params: Notice['params'] = {}, code?: string): Notice {
  return code === undefined ? { key, params } : { key, params, code };
}

export function append(record: SessionRecord, ticket: number | null = null): Effect {
  return { do: 'append', record, ticket };
}

/** The event that opens the seat; a card that somebody came with is used up by it. */
function appendOpening(record: SessionRecord, ticket: number, { who, badge, by }: Pick<Attempt, 'who' | 'badge' | 'by'>): Effect {
  if (by !== 'card' || badge === null || who === null) return append(record, ticket);
  return { do: 'append', record, ticket, card: { hash: badge, person: who.id } };
}

/** The seat stays as it is, says why, and the refusal is recorded. */
export function refuse(
  state: SessionState,
  refusal: { readonly who: Who | null; readonly badge: string | null; readonly reason: string; readonly triesLeft?: number },
  says: Notice | null,
): SessionMove {
  const body = { person: refusal.who?.id ?? null, reason: refusal.reason, triesLeft: refusal.triesLeft ?? 0, badge: refusal.badge };
  return {
    to: state,
    effects: [append({ type: 'auth.refused', body })],
    ...(says === null ? {} : { common: { notice: says } }),
    taken: false,
  };
}

/** Why a badge can't begin anything here, or null when it can. */
export function badgeRefusal(event: SeatEvents['BadgeRead'], env: Env): { readonly reason: string; readonly says: Notice } | null {
  switch (event.standing) {
    case 'unknown':
      return UNKNOWN[event.by ?? 'badge'];
    case 'unreadable':
      return { reason: 'badge.unreadable', says: notice('badge.unreadable', {}, 'SESSION_BADGE_UNREADABLE') };
    case 'tooLong':
      return { reason: 'reader.too-long', says: notice('reader.tooLong', {}, 'SESSION_READER_TOO_LONG') };
    case 'notAllowed':
      return { reason: 'reader.not-allowed', says: notice('reader.notAllowed', {}, 'SESSION_READER_NOT_ALLOWED') };
    case 'revoked':
      return { reason: 'badge.revoked', says: notice('badge.revoked') };
    case 'expired':
      return event.by === 'code' || event.by === 'card'
        ? { reason: 'code.expired', says: notice('code.expired', {}, 'SESSION_CODE_EXPIRED') }
        : { reason: 'badge.expired', says: notice('badge.revoked') };
    case 'used':
      return { reason: 'card.used', says: notice('code.used', {}, 'SESSION_CARD_USED') };
    case 'wait':
      return { reason: 'code.wait', says: notice('code.wait', { seconds: Math.ceil((event.waitMs ?? 0) / 1000) }, 'SESSION_PIN_WAIT') };
    case 'shortPin':
      return { reason: 'pin.too-short', says: notice('pin.short') };
    case 'notYet':
      return { reason: 'badge.not-yet', says: notice('badge.notYet') };
    case 'ok':
      break;
  }
  if (event.who === null) return UNKNOWN[event.by ?? 'badge'];
  if (env.policy === 'none' || env.rules === null) return { reason: 'policy.none', says: notice('policy.none') };
  if (env.policy === 'expired') return { reason: 'policy.expired', says: notice('policy.expired', {}, 'POLICY_EXPIRED') };
  if (env.staff === 'tooOld') return { reason: 'staff.too-old', says: notice('staff.tooOld', {}, 'SESSION_STAFF_TOO_OLD') };
  if (!env.uiConnected) return { reason: 'ui.missing', says: notice('seat.faulted', {}, 'SESSION_SCREENS_MISSING') };
  if (event.by === 'name' && !env.rules.byName.includes(event.who.role)) {
    return { reason: 'name.not-allowed', says: notice('name.notAllowed', {}, 'SESSION_NAME_NOT_ALLOWED') };
  }
  return null;
}

type Refusal = { readonly reason: string; readonly says: Notice };
const CODE_UNKNOWN: Refusal = { reason: 'code.unknown', says: notice('code.unknown', {}, 'SESSION_CODE_UNKNOWN') };
const UNKNOWN: Readonly<Record<Entry, Refusal>> = {
  badge: { reason: 'badge.unknown', says: notice('badge.unknown', {}, 'SESSION_BADGE_UNKNOWN') },
  name: { reason: 'name.unknown', says: notice('name.unknown', {}, 'SESSION_NAME_UNKNOWN') },
  code: CODE_UNKNOWN,
  card: CODE_UNKNOWN,
};

/** A known person with a badge, what the PIN is for, and whose session is open meanwhile. */
export interface Arrival {
  readonly who: Who;
  readonly badge: string | null;
  readonly by: Entry;
  readonly purpose: Purpose;
  readonly held: OpenSession | null;
  /** Who waits for this person to confirm. */
  readonly first: FirstPerson | null;
}

/** Asks a known person for the PIN. */
export function askPin({ who, badge, by, purpose, held, first }: Arrival, context: SessionContext): SessionMove {
  const { env, common } = context;
  const attempt: Attempt = { id: common.serial + 1, who, badge, by, purpose, wish: null, first, stage: 'pin', grant: null };
  return {
    to: { at: 'authenticating', attempt, held },
    effects: [promptTimer(who, context)],
    common: { serial: attempt.id, notice: standingOf(who, context), lastTapBootMs: env.bootMs },
  };
}

/** How long the prompt stays: a wait that is counted down on it does not take it away, nor the time to type after it. */
export function promptTimer(who: Who, { env, common }: Pick<SessionContext, 'env' | 'common'>): Effect {
  const verdict = who.pinId === null || env.rules === null ? null : guessVerdict(who, who.pinId, env.rules.pin, { env, common });
  const waitMs = verdict?.may === false && verdict.why === 'wait' && verdict.waitMs <= WAIT_IN_FRONT_MS ? verdict.waitMs : 0;
  return { do: 'setTimer', timer: 'attempt', atBootMs: env.bootMs + waitMs + ATTEMPT_MS };
}

/** Whether this PIN may be tried now, by what this seat counted and the server told. */
export function guessVerdict(
  who: Who,
  pinId: string,
  limits: GuessLimits,
  { env, common }: Pick<SessionContext, 'env' | 'common'>,
): GuessVerdict {
  const elsewhere = failuresElsewhere(env.facts[who.id], pinId);
  return mayGuess(common.throttles[who.id], pinId, { ...limits, elsewhere }, env.bootMs);
}

/** Wrong PINs at other seats that count against this PIN. */
export function failuresElsewhere(fact: PersonFact | undefined, pinId: string): number {
  return fact?.pinId === pinId ? fact.failuresElsewhere : 0;
}

/** What the prompt says at once: a wait that still runs, a PIN that is blocked or missing. */
function standingOf(who: Who, { env, common }: SessionContext): Notice | null {
  if (who.pinId === null) return notice('pin.none');
  if (env.rules === null) return null;
  const verdict = guessVerdict(who, who.pinId, env.rules.pin, { env, common });
  if (verdict.may) return null;
  return verdict.why === 'wait'
    ? notice('pin.wait', { seconds: Math.ceil(verdict.waitMs / 1000), tries: verdict.triesLeft }, 'SESSION_PIN_WAIT')
    : notice('pin.blocked', {}, 'SESSION_PIN_BLOCKED');
}

/** Where a seat stands when an attempt is over without success: at the kept session, or at nothing. */
export function back(held: OpenSession | null): SessionState {
  return held === null ? { at: 'none' } : { at: 'active', session: held };
}

/** A new session is granted: it begins once its event is durable. */
export function grantNew(successor: Successor, replaces: OpenSession | null, context: SessionContext): SessionMove {
  const { env, common } = context;
  const ticket = common.serial + 1;
  const session = newSession(successor, env);
  const record = startRecord(session, successor, replaces);
  const attempt: Attempt = {
    id: ticket,
    who: successor.who,
    badge: successor.badge,
    by: successor.by,
    purpose: 'open',
    wish: successor.wish,
    first: null,
    stage: 'recording',
    grant: { session, ticket },
  };
  return {
    to: { at: 'authenticating', attempt, held: null },
    signals: [{ type: 'Begin', ticket }],
    effects: [{ do: 'clearTimer', timer: 'attempt' }, appendOpening(record, ticket, attempt)],
    common: { serial: ticket, notice: null },
  };
}

/** The person of a kept session is back: it opens again once that is durable. */
export function grantReturn(attempt: Attempt, held: OpenSession, factors: readonly Factor[], context: SessionContext): SessionMove {
  const ticket = context.common.serial + 1;
  const person = held.who?.id ?? attempt.who?.id;
  if (person === undefined) return { to: back(held), taken: false };
  const record: SessionRecord = { type: 'session.unlocked', body: { session: held.id, person, factors: [...factors] } };
  const session: OpenSession = { ...held, keptUntilBootMs: null, loginBootMs: context.env.bootMs, elsewhere: null };
  return {
    to: { at: 'authenticating', attempt: { ...attempt, stage: 'recording', grant: { session, ticket } }, held },
    signals: [{ type: 'Begin', ticket }],
    effects: [{ do: 'clearTimer', timer: 'attempt' }, appendOpening(record, ticket, attempt)],
    common: { serial: ticket, notice: null },
  };
}

/** A session is over: its event, its processes, its timers; whoever comes next waits until all of it is gone. */
export function end(
  session: OpenSession,
  reason: string,
  rest: {
    readonly successor?: Successor;
    readonly says?: Notice;
    /** Who ended it by tapping: that badge may still lie on the reader. */
    readonly badge?: string | null;
  },
  env: Env,
): SessionMove {
  const over = procedureOver(session, reason);
  return {
    to: { at: 'ending', session: over.session, successor: rest.successor ?? null, tap: null, wish: null },
    signals: [{ type: 'Close', session: over.session, reason, recorded: false, badge: rest.badge ?? null }],
    effects: [
      ...over.effects,
      append(endRecord(session, reason)),
      ...clearSessionTimers,
      { do: 'clearTimer', timer: 'attempt' },
      { do: 'setTimer', timer: 'ending', atBootMs: env.bootMs + ENDING_MS },
      { do: 'endSession', session: session.id },
    ],
    common: { notice: rest.says ?? null },
  };
}

/**
 * Locks an open seat and keeps the work, or ends the session where nothing may be kept: an anonymous break-glass has
 * nobody who could come back to it.
 */
export function lockUp(session: OpenSession, reason: string, context: SessionContext, badge: string | null = null): SessionMove {
  const { env, lock } = context;
  if (!isOpen(lock)) return { to: { at: 'active', session }, signals: [{ type: 'Close', session, reason, recorded: false, badge: null }] };
  const keepMs = session.who === null ? 0 : (env.rules?.keepMs ?? 0);
  if (keepMs === 0) return end(session, reason, { badge }, env);
  const keptUntilBootMs = env.bootMs + keepMs;
  const over = procedureOver(session, reason);
  return {
    to: { at: 'active', session: { ...over.session, keptUntilBootMs } },
    signals: [{ type: 'Close', session, reason, recorded: true, badge }],
    effects: [...over.effects, { do: 'setTimer', timer: 'keep', atBootMs: keptUntilBootMs }],
    common: { notice: reason === 'idle' ? notice('session.idle') : null },
  };
}

export function endRecord(session: OpenSession, reason: string): SessionRecord {
  const body = { session: session.id, person: session.who?.id ?? null, reason };
  return session.kind === 'breakglass' ? { type: 'breakglass.ended', body } : { type: 'session.ended', body };
}

function newSession({ who, factors, wish }: Successor, env: Env): OpenSession {
  return {
    id: env.freshId,
    kind: wish === null ? 'person' : 'breakglass',
    who,
    factors,
    policyVersion: env.rules?.policyVersion ?? 0,
    startedWallMs: env.wallMs,
    startedBootMs: env.bootMs,
    loginBootMs: env.bootMs,
    maxAgeBootMs: env.bootMs + (env.rules?.maxSessionMs ?? 0),
    limitBootMs: wish === null ? null : env.bootMs + (env.rules?.breakGlass.limitMs ?? 0),
    keptUntilBootMs: null,
    procedure: null,
    elsewhere: null,
  };
}

/** When this session ends by itself, whatever anybody does. Nothing extends it. */
export function endsAt({ maxAgeBootMs, limitBootMs }: OpenSession): number {
  return Math.min(maxAgeBootMs, limitBootMs ?? Number.POSITIVE_INFINITY);
}

function startRecord(session: OpenSession, { wish, confirmedBy }: Successor, replaces: OpenSession | null): SessionRecord {
  const { id, who, factors, policyVersion } = session;
  if (wish !== null || who === null) {
    const limitSeconds = Math.round(((session.limitBootMs ?? session.startedBootMs) - session.startedBootMs) / 1000);
    const body = {
      session: id,
      person: who?.id ?? null,
      reason: wish?.reasonId ?? 'none',
      note: wish?.note ?? '',
      limitSeconds,
      policyVersion,
    };
    return { type: 'breakglass.started', body };
  }
  const body = { session: id, person: who.id, role: who.role, factors: [...factors], policyVersion, replaces: replaces?.id ?? null };
  return { type: 'session.started', body: confirmedBy === null ? body : { ...body, confirmedBy } };
}
