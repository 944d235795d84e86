/**
 * Decisions a second over a policy of 1,000 applications, 40 roles and 2,000 rules, for facts of every kind. The baseline is
 * the same policy with all of its lists the other way round: their order must not matter, here neither.
 */
import { type DecisionRules, decide, type LaunchFacts } from '../../../core/decision/decide.ts';
import { type AppRule, WEEKDAYS } from '../../../core/decision/rule.ts';
import { type BenchRow, judge, median, percentile } from './row.ts';

const APPS = 1_000;
const ROLES = 40;
const RULES = 2_000;
const ROUNDS = 30;
const DECISIONS = 100_000;
const GOAL = 500_000;

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
const reversed: DecisionRules = {
  ...policy,
  apps: policy.apps.toReversed(),
  roles: policy.roles.toReversed(),
  rules: policy.rules?.toReversed() ?? [],
};

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

export function measureDecide(): BenchRow {
  const straight: number[] = [];
  const backward: number[] = [];
  for (const rules of [policy, reversed]) pace(rules);
  for (let round = 0; round < ROUNDS; round += 1) {
    straight.push(pace(policy));
    backward.push(pace(reversed));
  }
  const goal = { is: 'at least', value: GOAL, of: 'median' } as const;
  // Of a pace the worst is the lowest.
  return judge({ id: 'decide', unit: '1/s', median: median(straight), p99: percentile(straight, 0.01), baseline: median(backward), goal });
}
