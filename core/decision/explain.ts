/**
 * Why a decision fell as it did: every rule that names the application, and what keeps the silent ones silent. For people
 * who ask "why would this run"; the seat itself never needs it.
 */
import { type Decision, type DecisionRules, decide, type LaunchFacts } from './decide.ts';
import { type AppRule, type Condition, groupsOf, LEVELS, type Level, levelsOf, type RuleFacts, unmet } from './rule.ts';

/** One rule that names the application. */
export interface Heard {
  readonly ruleId: string;
  readonly effect: AppRule['effect'];
  /** The most specific way in which it names the application. */
  readonly level: Level;
  /** Conditions that do not hold; empty: the rule speaks. */
  readonly unmet: readonly Condition[];
}

export interface Explanation {
  readonly decision: Decision;
  /** The most specific first; in a level by id. */
  readonly heard: readonly Heard[];
}

/** The decision, and each rule that names the application with what keeps it silent. */
export function explain(facts: LaunchFacts, rules: DecisionRules): Explanation {
  const decision = decide(facts, rules);
  const app = rules.apps.find(({ id }) => id === facts.appId);
  const { session } = facts;
  if (app === undefined || session?.kind !== 'person') return { decision, heard: [] };
  const ruleFacts: RuleFacts = { ...facts.where, role: session.role, seatGroups: groupsOf(facts.where.seat, rules.seatGroups ?? []) };
  const listing = rules.roles
    .filter((role) => role.apps.includes(app.id))
    .map((role): Heard => ({ ruleId: `role:${role.id}`, effect: 'allow', level: 'app', unmet: role.id === session.role ? [] : ['roles'] }));
  const naming = (rules.rules ?? []).flatMap((rule): readonly Heard[] => {
    const [level] = levelsOf(rule, app);
    return level === undefined ? [] : [{ ruleId: rule.id, effect: rule.effect, level, unmet: unmet(rule, ruleFacts) }];
  });
  return { decision, heard: [...listing, ...naming].sort(bySpecificity) };
}

function bySpecificity(one: Heard, other: Heard): number {
  return LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) || (one.ruleId < other.ruleId ? -1 : 1);
}
