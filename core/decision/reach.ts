/**
 * Whether anybody may ever start an application, anywhere and at any time. An engine that knows neither roles nor hours is given
 * these applications and no others. An answer of yes always rests on facts for which the decision itself said allow; where
 * none is found within the limit, the answer is no. Pure.
 */

import { minuteOf } from '../policy/part-of-day.ts';
import { type DecidedApp, type DecisionRules, decide, type LaunchFacts } from './decide.ts';
import { type AppRule, levelsOf, WEEKDAYS, type Whereabouts } from './rule.ts';

export interface Reach {
  /** Facts for which the seat would start it; null: it is never started. */
  readonly witness: Omit<LaunchFacts, 'appId'> | null;
  /** The search ended at its limit: somebody may be allowed it all the same. */
  readonly gaveUp: boolean;
}

/** Facts that are tried for one application before it counts as never started. */
const TRIAL_LIMIT = 5_000;
/** A ward and a seat that no rule can mean: ids hold no space in front. */
const ELSEWHERE = ' elsewhere';

/** The seat that is asked about, where it is known. */
export interface Place {
  readonly ward?: string;
  readonly seat?: string;
}

/** Each application of a policy, by id. */
export function reachOf(rules: DecisionRules, place: Place): ReadonlyMap<string, Reach> {
  const alone = ruleFinder(rules);
  return new Map(rules.apps.map((app) => [app.id, search(alone(app), app, place)]));
}

/**
 * Whether people of a role may ever start anything. An answer of no is proven; where the search comes to its limit it is yes.
 * @param alone of `ruleFinder`, once for all roles
 */
export function isEverUseful(role: string, rules: DecisionRules, alone: (app: DecidedApp) => DecisionRules): boolean {
  const listed = new Set(rules.roles.find(({ id }) => id === role)?.apps);
  const likelyFirst = [...rules.apps].sort((one, other) => Number(listed.has(other.id)) - Number(listed.has(one.id)));
  return likelyFirst.some((app) => {
    const own = alone(app);
    const { witness, gaveUp } = search({ ...own, roles: own.roles.filter(({ id }) => id === role), breakGlass: { apps: [] } }, app, {});
    return witness !== null || gaveUp;
  });
}

/** The policy as it is about one application alone, so that deciding about it looks at no other's rules. */
export function ruleFinder(rules: DecisionRules): (app: DecidedApp) => DecisionRules {
  const spoken = rulesByProgram(rules.rules ?? []);
  const listedBy = new Map(rules.roles.map(({ id, apps }) => [id, new Set(apps)]));
  const emergency = new Set(rules.breakGlass.apps);
  return (app) => ({
    version: rules.version,
    apps: [app],
    roles: rules.roles.map(({ id }) => ({ id, apps: listedBy.get(id)?.has(app.id) === true ? [app.id] : [] })),
    rules: spoken(app),
    seatGroups: rules.seatGroups ?? [],
    breakGlass: { apps: emergency.has(app.id) ? [app.id] : [] },
  });
}

type Program = DecidedApp;

/** Rules that name a program, found without looking at all the others. */
function rulesByProgram(rules: readonly AppRule[]): (program: Program) => readonly AppRule[] {
  const byName = new Map<string, AppRule[]>();
  const anything: AppRule[] = [];
  const put = (kind: string, names: readonly string[] = []): void => {
    for (const name of names) {
      const list = byName.get(`${kind} ${name}`);
      if (list === undefined) byName.set(`${kind} ${name}`, [current]);
      else list.push(current);
    }
  };
  let current: AppRule;
  for (const rule of rules) {
    current = rule;
    if (rule.contents === undefined && rule.apps === undefined && rule.paths === undefined) anything.push(rule);
    put('content', rule.contents);
    put('app', rule.apps);
    put('path', rule.paths);
  }
  return ({ id, path, sha256 }) => [
    ...new Set([`content ${sha256}`, `app ${id}`, `path ${path}`].flatMap((name) => byName.get(name) ?? []).concat(anything)),
  ];
}

function search(rules: DecisionRules, program: Program, place: Place): Reach {
  let trials = 0;
  for (const facts of candidates(rules, program, place)) {
    if (trials === TRIAL_LIMIT) return { witness: null, gaveUp: true };
    trials += 1;
    if (decide({ ...facts, appId: program.id }, rules).effect === 'allow') return { witness: facts, gaveUp: false };
  }
  return { witness: null, gaveUp: false };
}

/** Facts that speak for each allow in turn, and for as few denies as may be. */
function* candidates(rules: DecisionRules, program: Program, place: Place): Generator<Omit<LaunchFacts, 'appId'>> {
  const nowhere: Whereabouts = { ward: place.ward ?? ELSEWHERE, seat: place.seat ?? ELSEWHERE, day: 'mon', minute: 0 };
  if (rules.breakGlass.apps.length > 0) yield { session: { kind: 'breakglass' }, where: nowhere };
  const minutes = turningPoints(rules.rules ?? []);
  const listing = rules.roles.filter(({ apps }) => apps.length > 0).map(({ id }): AppRule => ({ id, effect: 'allow', roles: [id] }));
  const allowing = (rules.rules ?? []).filter((rule) => rule.effect === 'allow' && levelsOf(rule, program).length > 0);
  for (const allow of [...listing, ...allowing]) {
    for (const seat of place.seat === undefined ? seatsOf(rules, allow) : [place.seat])
      for (const ward of place.ward === undefined ? (allow.wards ?? [ELSEWHERE]) : [place.ward])
        for (const minute of minutes)
          for (const day of allow.days ?? WEEKDAYS)
            for (const role of allow.roles ?? rules.roles.map(({ id }) => id))
              yield { session: { kind: 'person', role }, where: { ward, seat, day, minute } };
  }
}

/** Minutes at which a rule begins or ceases to speak; between two of them nothing changes. */
function turningPoints(rules: readonly AppRule[]): readonly number[] {
  const clocks = rules.flatMap(({ between }) => (between === undefined ? [] : [between.from, between.until]));
  return [...new Set([0, ...clocks.map(minuteOf)])];
}

/** Names of seats that belong to the groups of an allow; the shortest and a longer one for each pattern. */
function seatsOf({ seatGroups = [] }: DecisionRules, allow: AppRule): readonly string[] {
  const groups = seatGroups.filter(({ id }) => allow.seatGroups?.includes(id) ?? true);
  const named = groups.flatMap(({ seats }) => seats.flatMap((pattern) => [pattern.replaceAll('*', '~'), pattern.replaceAll('*', '')]));
  return [...new Set(allow.seatGroups === undefined ? [ELSEWHERE, ...named] : named)];
}
