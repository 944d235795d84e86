/**
 * What the launcher of a session shows: what may be started here and now, and what its own role has at another time or place,
 * with why not now. It must never widen what may be started: that is `decide`'s alone. What other roles have is not shown. Pure.
 */
import { minuteOf } from '../policy/part-of-day.ts';
import { type DecidedApp, type DecisionRules, decide, type LaunchFacts } from './decide.ts';
import { type AppRule, isTimed, isUnconditional, levelsOf, WEEKDAYS, type Whereabouts } from './rule.ts';

/** Why an application of the person's own role cannot be started now. */
export type Blocked =
  /** It can at another time: from when, where that could be found. */
  | { readonly kind: 'hours'; readonly next: NextTime | null }
  /** Not in this ward or at this seat. */
  | { readonly kind: 'place' }
  /** A rule takes it from everyone. */
  | { readonly kind: 'withdrawn' };

export interface NextTime {
  /** As `HH:MM`, by the seat's own clock. */
  readonly from: string;
  /** Days from today. */
  readonly inDays: number;
}

/** In the policy's own order; null: may be started. */
export type Tiles = ReadonlyMap<string, Blocked | null>;
type Facts = Omit<LaunchFacts, 'appId'>;

/** Times that are tried for one application until it is said to be blocked without a time: a week of two dozen turning points a day. */
const TRIAL_LIMIT = 200;
const MINUTES_AN_HOUR = 60;

/** The answer that was given last to each policy: the picture of a seat is drawn many times a minute. */
const last = new WeakMap<DecisionRules, { readonly facts: string; readonly tiles: Tiles }>();

/** In monitor mode these are all applications, and none is blocked. */
export function tilesOf({ session, where }: Facts, rules: DecisionRules): Tiles {
  const { ward, seat, day, minute } = where;
  const facts = JSON.stringify([session, ward, seat, day, minute]);
  const known = last.get(rules);
  if (known?.facts === facts) return known.tiles;
  const tiles = new Map<string, Blocked | null>();
  for (const app of rules.apps) {
    const blocked = blockedNow(app, { session, where }, rules);
    if (blocked !== 'not shown') tiles.set(app.id, blocked);
  }
  last.set(rules, { facts, tiles });
  return tiles;
}

function blockedNow(app: DecidedApp, facts: Facts, rules: DecisionRules): Blocked | null | 'not shown' {
  const decision = decide({ ...facts, appId: app.id }, rules);
  if (decision.effect === 'allow') return null;
  const { session } = facts;
  // Emergency access has its list and no hours.
  if (session?.kind !== 'person') return 'not shown';
  const next = decision.cacheable ? 'never' : nextTime(app, facts, rules);
  if (next !== 'never') return { kind: 'hours', next };
  const isOwn = rules.roles.some(({ id, apps }) => id === session.role && apps.includes(app.id));
  const denied = rules.rules?.find(({ id }) => id === decision.ruleId);
  if (!isOwn || denied === undefined) return 'not shown';
  if (denied.wards !== undefined || denied.seatGroups !== undefined) return { kind: 'place' };
  return isUnconditional(denied) ? { kind: 'withdrawn' } : 'not shown';
}

/** When the same person could start it at this seat; null where the search ended at its limit. */
function nextTime(app: DecidedApp, { session, where }: Facts, rules: DecisionRules): NextTime | null | 'never' {
  let trials = 0;
  for (const { inDays, day, minute } of timesAfter(where, turningPoints(app, rules.rules ?? []))) {
    if (trials === TRIAL_LIMIT) return null;
    trials += 1;
    const { effect } = decide({ appId: app.id, session, where: { ...where, day, minute } }, rules);
    if (effect === 'allow') return { from: clockOf(minute), inDays };
  }
  return 'never';
}

/** Minutes at which a rule about it begins or ceases to speak; between two of them nothing changes. */
function turningPoints(app: DecidedApp, rules: readonly AppRule[]): readonly number[] {
  const timed = rules.filter((rule) => isTimed(rule) && levelsOf(rule, app).length > 0);
  const clocks = timed.flatMap(({ between }) => (between === undefined ? [] : [between.from, between.until]));
  return [...new Set([0, ...clocks.map(minuteOf)])].sort((one, other) => one - other);
}

/** These minutes of the day from now on, for a week. */
function* timesAfter(
  { day, minute: now }: Whereabouts,
  minutes: readonly number[],
): Generator<Pick<Whereabouts, 'day' | 'minute'> & Pick<NextTime, 'inDays'>> {
  const today = WEEKDAYS.indexOf(day);
  for (let inDays = 0; inDays <= WEEKDAYS.length; inDays += 1) {
    const then = WEEKDAYS[(today + inDays) % WEEKDAYS.length] ?? day;
    for (const minute of minutes) if (inDays > 0 || minute > now) yield { inDays, day: then, minute };
  }
}

function clockOf(minute: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minute / MINUTES_AN_HOUR))}:${two(minute % MINUTES_AN_HOUR)}`;
}
