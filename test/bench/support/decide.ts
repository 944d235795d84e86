/**
 * Decisions a second over a policy of 1,000 applications, 40 roles and 2,000 rules, for facts of every kind: as it is written, the other way
 * round, and in two orders of chance. Their order must not matter, here neither: the slowest is judged against the quickest.
 */
import { type DecisionRules, decide, type LaunchFacts } from '../../../core/decision/decide.ts';
import { type AppRule, WEEKDAYS } from '../../../core/decision/rule.ts';
import { type BenchRow, judge, median, percentile } from './row.ts';

const APPS = 1_000;
const ROLES = 40;
const RULES = 2_000;
/** Each order is compiled so often: where in memory a policy happens to lie makes one copy quicker than another of the very same order. */
const COPIES = 8;
const ROUNDS = 75;
/** A few milliseconds: a slow moment of the machine is longer, so that it meets every order alike. */
const DECISIONS = 5_000;
/** Before anything counts. */
const WARM_UP_ROUNDS = 10;
const GOAL = 500_000;
/** What two measurements of the very same policy may differ by on a machine with other work. */
const SAME = 0.9;

const sha = (index: number): string => index.toString(16).padStart(64, '0');

/** Every third rule each: by application with hours, by content, by path for a ward. */
function rule(index: number): AppRule {
  const effect = index % 2 === 0 ? 'allow' : 'deny';
  const id = `rule-${index}`;
  if (index % 3 === 0)
    return { id, effect, apps: [`app-${index % APPS}`], between: { from: '22:00', until: '06:00' }, days: ['mon', 'sun'] };
  if (index % 3 === 1) return { id, effect, contents: [sha(index % APPS)], roles: [`role-${index % ROLES}`] };
  return { id, effect, paths: [`/opt/app-${index % APPS}`], wards: ['icu'], seatGroups: ['bays'] };
}

const list = <T>(length: number, make: (index: number) => T): readonly T[] => Array.from({ length }, (_, index) => make(index));

const policy: DecisionRules = {
  version: 1,
  apps: list(APPS, (index) => ({ id: `app-${index}`, path: `/opt/app-${index}`, sha256: sha(index) })),
  roles: list(ROLES, (role) => ({ id: `role-${role}`, apps: list(APPS / 4, (index) => `app-${(index * 4 + role) % APPS}`) })),
  rules: list(RULES, rule),
  seatGroups: [{ id: 'bays', seats: ['Bay *'] }],
  breakGlass: { apps: ['app-1'] },
};
function ordered(order: <T>(of: readonly T[]) => readonly T[]): DecisionRules {
  return { ...policy, apps: order(policy.apps), roles: order(policy.roles), rules: order(policy.rules ?? []) };
}

/** Fisher and Yates with a small generator, so that each run has the same orders. */
function shuffled(seed: number): <T>(of: readonly T[]) => readonly T[] {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
  return (of) => {
    const left = [...of];
    return of.flatMap(() => left.splice(below(left.length), 1));
  };
}

const facts: readonly LaunchFacts[] = list(997, (index) => ({
  appId: `app-${(index * 7) % (APPS + 10)}`,
  session: index % 50 === 0 ? { kind: 'breakglass' } : { kind: 'person', role: `role-${index % ROLES}` },
  where: { ward: index % 2 === 0 ? 'icu' : 'er', seat: 'Bay 4', day: WEEKDAYS[index % 7] ?? 'mon', minute: (index * 11) % 1440 },
}));

/** @returns decisions a second */
function pace(rules: DecisionRules): number {
  let allowed = 0;
  const from = performance.now();
  for (let done = 0; done < DECISIONS; done += 1) {
    const asked = facts[done % facts.length];
    if (asked !== undefined && decide(asked, rules).effect === 'allow') allowed += 1;
  }
  const seconds = (performance.now() - from) / 1_000;
  if (allowed === 0 || allowed === DECISIONS) throw new Error('Decisions that all fall alike measure nothing.');
  return DECISIONS / seconds;
}

export function measureDecide(): readonly BenchRow[] {
  const ways = [(of) => of, (of) => of.toReversed(), shuffled(1), shuffled(2)] satisfies readonly Parameters<typeof ordered>[0][];
  const orders = ways.map((way) => ({ copies: list(COPIES, () => ordered(way)), paces: [] as number[] }));
  // Compiled at the first decision: copies in turn, so that no order has the younger ones.
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1)
    for (let copy = 0; copy < COPIES; copy += 1)
      for (const { copies } of orders) {
        const rules = copies[copy];
        if (rules !== undefined) pace(rules);
      }
  // In turn, and another one begins each time.
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % orders.length;
    for (let copy = 0; copy < COPIES; copy += 1)
      for (const { copies, paces } of [...orders.slice(first), ...orders.slice(0, first)]) {
        const rules = copies[copy];
        if (rules !== undefined) paces.push(pace(rules));
      }
  }
  const written = orders[0]?.paces ?? [];
  const medians = orders.map(({ paces }) => median(paces));
  const [slowest, quickest] = [Math.min(...medians), Math.max(...medians)];
  const goal = { is: 'at least', value: GOAL, of: 'median' } as const;
  const same = { is: 'at least', value: SAME, of: 'ratio' } as const;
  return [
    // Of a pace the worst is the lowest.
    judge({ id: 'decide', unit: '1/s', median: median(written), p99: percentile(written, 0.01), goal }),
    judge({ id: 'decide.order', unit: '1/s', median: slowest, baseline: quickest, goal: same }),
  ];
}
