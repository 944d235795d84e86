/**
 * What a tap or a wish for break-glass leads to once the person is known: which factors are still asked for, and whose
 * session ends for it. The one place where the factors of a way in are decided; it must never read a PIN.
 */
import { append, askPin, end, grantNew, grantReturn, notice, refuse, type SessionContext, type SessionMove } from './moves.ts';
import { chargedAt } from './throttle.ts';
import type {
  BreakGlassWish,
  Common,
  Entry,
  Env,
  Factor,
  FirstPerson,
  OpenSession,
  Purpose,
  SeatEvents,
  SessionState,
  SessionStates,
  Who,
} from './types.ts';

export interface Arrival {
  readonly who: Who;
  readonly badge: string | null;
  readonly by: Entry;
  /** The locked session that is kept, if any. */
  readonly held: OpenSession | null;
}

function purposeOf(who: Who, held: OpenSession | null): Purpose {
  if (held === null) return 'open';
  return held.who?.id === who.id ? 'return' : 'takeover';
}

/**
 * The factors that this way in still needs. Only a real badge can ever be enough by itself. A break-glass that a badge opened is come back to by that badge;
 * within the grace of the policy a badge is enough, unless somebody has typed a wrong PIN since, at any seat that is known of.
 */
function factorsStillNeeded({ who, by, held }: Arrival, { env, common }: SessionContext): readonly Factor[] {
  if (by !== 'badge') return ['pin'];
  if (purposeOf(who, held) === 'return' && held?.kind === 'breakglass') return [];
  return env.staff === 'fresh' && (graceHere(who, env, common) || graceElsewhere(who, env, common)) ? [] : ['pin'];
}

/** A right PIN at this seat, measured by the policy of now: one that was tightened ends a grace that an earlier one gave. */
function graceHere({ id, role, pinId }: Who, env: Env, common: Common): boolean {
  const grace = common.graces[id];
  if (grace === undefined || grace.pinId !== pinId || env.bootMs >= grace.sinceBootMs + (env.rules?.graceMs[role] ?? 0)) return false;
  const fact = env.facts[id];
  // What the server was asked before knew nothing of the PIN that was right here: it counted wrong ones from before that.
  const wrongElsewhere = fact?.pinId === pinId && fact.failuresElsewhere > 0 && fact.askedBootMs >= grace.sinceBootMs;
  // The right one here cleared what was counted here.
  return !wrongElsewhere && common.throttles[id] === undefined;
}

/** A right PIN at another seat, as the server said lately enough, and no wrong one anywhere since: those of before it the server counts no more. */
function graceElsewhere({ id, role, pinId }: Who, { facts, rules, bootMs }: Env, common: Common): boolean {
  const fact = facts[id];
  if (fact === undefined || fact.pinId !== pinId || fact.rightBootMs === null || fact.failuresElsewhere > 0) return false;
  const confirmedMs = rules?.confirmedMs[role] ?? 0;
  const isRecent = bootMs < fact.rightBootMs + (rules?.graceMs[role] ?? 0) && bootMs < fact.askedBootMs + confirmedMs;
  const throttle = common.throttles[id];
  return isRecent && (throttle === undefined || chargedAt(throttle) < fact.rightBootMs);
}

/** A known person with a badge that is in order. */
export function arrive(arrival: Arrival, context: SessionContext): SessionMove {
  const { who, badge, by, held } = arrival;
  if (factorsStillNeeded(arrival, context).includes('pin'))
    return askPin({ who, badge, by, purpose: purposeOf(who, held), held, first: null }, context);
  const move = admit(arrival, ['badge'], context);
  return { ...move, common: { ...move.common, lastTapBootMs: context.env.bootMs } };
}

/**
 * A person whose factors are complete: back to the kept work, or a new session, after the former one has ended; where the
 * policy wants two people, a second one is asked for first.
 */
export function admit(arrival: Arrival, factors: readonly Factor[], context: SessionContext): SessionMove {
  const { who, badge, by, held } = arrival;
  const isReturn = held?.who?.id === who.id;
  if (!isReturn && secondRolesOf(who, context).length > 0) return askSecond({ who, badge, by, factors }, held, context);
  return letIn(arrival, { factors, confirmedBy: null }, context);
}

/** Roles of whom somebody must confirm this person; empty where nobody must. */
function secondRolesOf({ role }: Who, { env }: SessionContext): readonly string[] {
  return env.rules?.secondRoles[role] ?? [];
}

/** Waits for whoever is to confirm; the first person's card may leave the reader for theirs. */
export function askSecond(first: FirstPerson, held: OpenSession | null, { env, common }: SessionContext): SessionMove {
  const id = common.serial + 1;
  return {
    to: {
      at: 'authenticating',
      attempt: {
        id,
        who: first.who,
        badge: first.badge,
        by: first.by,
        purpose: purposeOf(first.who, held),
        wish: null,
        first,
        stage: 'second',
        grant: null,
      },
      held,
    },
    effects: [{ do: 'setTimer', timer: 'attempt', atBootMs: env.bootMs + SECOND_MS }],
    common: { serial: id, notice: null },
  };
}

interface Comer {
  readonly who: Who;
  readonly badge: string | null;
  readonly by: Entry;
}

/** Only another person of a role that may, with their badge. A downtime card or a code that confirmed would be used up by nothing. */
function mayConfirm(first: FirstPerson, { who, by }: Comer, context: SessionContext): boolean {
  return who.id !== first.who.id && by === 'badge' && secondRolesOf(first.who, context).includes(who.role);
}

/** Somebody comes while a first person waits to be confirmed: to confirm, or back to their own work that is kept behind the wait. */
export function confirm(state: SessionStates['authenticating'], first: FirstPerson, second: Comer, context: SessionContext): SessionMove {
  if (!mayConfirm(first, second, context)) {
    if (state.held?.who?.id === second.who.id) return arrive({ ...second, held: state.held }, context);
    const says = notice('second.notAllowed', {}, 'SESSION_SECOND_NOT_ALLOWED');
    return refuse(state, { who: second.who, badge: second.badge, reason: 'second.not-allowed' }, says);
  }
  return askPin({ ...second, purpose: purposeOf(first.who, state.held), held: state.held, first }, context);
}

/** The second person's PIN was right: the first one comes in, by the rules of now. */
export function confirmed(first: FirstPerson, second: Who, held: OpenSession | null, context: SessionContext): SessionMove {
  return letIn({ ...first, held }, { factors: [...first.factors, 'second'], confirmedBy: second.id }, context);
}

function letIn(
  { who, badge, by, held }: Arrival,
  { factors, confirmedBy }: { readonly factors: readonly Factor[]; readonly confirmedBy: string | null },
  context: SessionContext,
): SessionMove {
  const successor = { who, badge, by, factors, wish: null, confirmedBy };
  if (held === null) return grantNew(successor, null, context);
  if (held.who?.id !== who.id) return end(held, 'taken-over', { successor }, context.env);
  const attempt = {
    id: context.common.serial,
    who,
    badge,
    by,
    purpose: 'return',
    wish: null,
    first: null,
    stage: 'recording',
    grant: null,
  } as const;
  return grantReturn(attempt, held, factors, context);
}

/** A badge that opens nothing else now and is enough for emergency access all the same. @param refusal what it is refused for otherwise */
export function isEnoughForEmergency({ standing }: SeatEvents['BadgeRead'], refusal: { readonly reason: string } | null): boolean {
  return standing === 'shortPin' || refusal?.reason === 'policy.expired' || refusal?.reason === 'staff.too-old';
}

/** Whoever opened an emergency access by badge comes back to it by that, whatever keeps them from signing in meanwhile. */
export function returnsToEmergency(
  held: OpenSession | null,
  event: SeatEvents['BadgeRead'],
  refusal: { readonly reason: string } | null,
  env: Env,
): boolean {
  const isTheirs = held?.kind === 'breakglass' && held.who !== null && held.who.id === event.who?.id;
  return isTheirs && (event.by ?? 'badge') === 'badge' && env.uiConnected && isEnoughForEmergency(event, refusal);
}

/** The refusal of emergency access where this seat has none now, or not for this reason; null where it has. */
export function withoutBreakGlass(
  state: SessionState,
  { reasonId }: BreakGlassWish,
  known: { readonly who: Who | null; readonly badge: string | null },
  { env }: SessionContext,
): SessionMove | null {
  const rules = env.rules?.breakGlass;
  if (rules?.enabled === true && rules.reasons.includes(reasonId) && env.uiConnected) return null;
  return refuse(state, { who: known.who, badge: known.badge, reason: 'breakglass.unavailable' }, notice('breakglass.unavailable'));
}

/** Break-glass is asked for at a closed seat. */
export function breakGlass(
  state: SessionState,
  { reasonId, note }: BreakGlassWish,
  known: { readonly who: Who | null; readonly badge: string | null; readonly by: Entry; readonly held: OpenSession | null },
  context: SessionContext,
): SessionMove {
  const { env, common } = context;
  const wish: BreakGlassWish = { reasonId, note };
  const refused = withoutBreakGlass(state, wish, known, context);
  if (refused !== null) return refused;
  const isInDoubt = isCardInDoubt(known, env);
  // A name that was typed proves nothing, nor does a card that may have been used: nothing opens under that name.
  if (known.who !== null && known.by !== 'name' && !isInDoubt) return beginBreakGlass({ ...known, wish }, context);
  if (env.rules?.breakGlass.needsBadge === false)
    return beginBreakGlass({ who: null, badge: null, by: 'badge', wish, held: known.held }, context);
  const id = common.serial + 1;
  const to: SessionState = {
    at: 'authenticating',
    attempt: { id, who: null, badge: null, by: 'badge', purpose: 'open', wish, first: null, stage: 'badge', grant: null },
    held: known.held,
  };
  const doubt = isInDoubt ? refuseInDoubt(to, known) : null;
  return {
    to,
    effects: [...(doubt?.effects ?? []), { do: 'setTimer', timer: 'attempt', atBootMs: env.bootMs + WISH_MS }],
    common: { serial: id, notice: null, ...doubt?.common },
  };
}

/** A downtime card stands for a badge as long as the seat knows that nobody used it here: without a PIN nothing else speaks for whoever holds it. */
export function isCardInDoubt({ by, badge }: Pick<Comer, 'by' | 'badge'>, { cardsInDoubt }: Env): boolean {
  return by === 'card' && badge !== null && cardsInDoubt.includes(badge);
}

export function refuseInDoubt(
  state: SessionState,
  { who, badge }: { readonly who: Who | null; readonly badge: string | null },
): SessionMove {
  return refuse(state, { who, badge, reason: 'card.in-doubt' }, notice('code.doubt', {}, 'SESSION_CARD_IN_DOUBT'));
}

/** How long a first person waits for the second, who may have to come from another room, in milliseconds. */
const SECOND_MS = 120_000;
/** How long a wish for break-glass waits for a badge, in milliseconds. */
const WISH_MS = 60_000;

/** Who breaks the glass, as far as a badge says it, and whose session it ends. */
interface GlassBreaker {
  readonly who: Who | null;
  readonly badge: string | null;
  readonly by: Entry;
  readonly wish: BreakGlassWish;
  readonly held: OpenSession | null;
}

export function beginBreakGlass({ who, badge, by, wish, held }: GlassBreaker, context: SessionContext): SessionMove {
  const successor = { who, badge, by, factors: who === null ? [] : [by], wish, confirmedBy: null };
  return held === null ? grantNew(successor, null, context) : end(held, 'breakglass', { successor }, context.env);
}

/** A tap that comes while the seat is busy with another one: recorded, and nothing else. */
export function collided(state: SessionState, event: SeatEvents['BadgeRead'], reason: 'busy' | 'collision' | 'faulted'): SessionMove {
  const body = { person: event.who?.id ?? null, reason: `tap.${reason}`, triesLeft: 0, badge: event.badge };
  return { to: state, effects: [append({ type: 'auth.refused', body })], taken: false };
}
