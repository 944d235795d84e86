/**
 * The decision whether an application may be started: an object with its reason, from the facts and one immutable policy.
 * The most specific name that a rule gives wins, a deny beats an allow of the same weight, and the order of the rules
 * never matters. Pure; it never looks at a file. What is on disk is judged where the file is opened.
 */
import {
  type AppRule,
  applies,
  groupsOf,
  isTimed,
  isUnconditional,
  LEVELS,
  levelsOf,
  type RuleFacts,
  type SeatGroup,
  type Whereabouts,
} from './rule.ts';

/** As much of an application as a decision needs. Web applications have neither path nor content. */
export interface DecidedApp {
  readonly id: string;
  readonly path?: string;
  readonly sha256?: string;
}

/** As much of a policy as a decision needs; a policy document fits. It must never change once something was decided by it. */
export interface DecisionRules {
  readonly version: number;
  /** `monitor`: what would be denied is allowed, and the decision says what would have denied it. Absent: `lockdown`. */
  readonly mode?: 'lockdown' | 'monitor';
  readonly apps: readonly DecidedApp[];
  readonly roles: ReadonlyArray<{ readonly id: string; readonly apps: readonly string[] }>;
  readonly rules?: readonly AppRule[];
  readonly seatGroups?: readonly SeatGroup[];
  readonly breakGlass: { readonly apps: readonly string[] };
}

export interface LaunchFacts {
  readonly appId: string;
  /** Whose session it is; null when nobody is signed in or the seat is locked. */
  readonly session: { readonly kind: 'person'; readonly role: string } | { readonly kind: 'breakglass' } | null;
  readonly where: Whereabouts;
}

export type DenyReason =
  | 'no-session'
  | 'app-unknown'
  | 'role-unknown'
  | 'role-lacks-app'
  | 'breakglass-lacks-app'
  /** A rule of the policy says no. */
  | 'rule-denies';

export interface Decision {
  readonly effect: 'allow' | 'deny';
  readonly reason: 'rule' | 'monitor' | DenyReason;
  /** In monitor mode only: why it would be denied in lockdown. `ruleId` is then what would deny it. */
  readonly wouldDeny?: DenyReason;
  /** What decided: a rule's id, `role:nurse` for what a role lists, or `breakglass`; `default` where nothing spoke. */
  readonly ruleId: string;
  /** Version of the policy that decided. */
  readonly generation: number;
  /** Holds for this session until the policy changes; false where a rule about this application knows days or hours. */
  readonly cacheable: boolean;
}

type LockdownDecision = Decision & { readonly reason: 'rule' | DenyReason };
type Decided = (effect: Decision['effect'], reason: LockdownDecision['reason'], ruleId?: string) => LockdownDecision;

/** What speaks about one application at one level; denies and allows each in the order of their ids. */
interface LevelRules {
  readonly deny: readonly AppRule[];
  readonly allow: readonly AppRule[];
}

interface AppRules {
  readonly levels: readonly LevelRules[];
  /** Roles that list the application themselves: an allow at the level of applications. */
  readonly roles: ReadonlySet<string>;
  readonly timed: boolean;
}

interface Compiled {
  readonly apps: ReadonlyMap<string, AppRules>;
  readonly roles: ReadonlySet<string>;
  readonly breakGlass: ReadonlySet<string>;
  /** Of the seat that asked last: a seat has one name. */
  groups: { readonly seat: string; readonly ids: ReadonlySet<string> } | null;
}

const APP_LEVEL = LEVELS.indexOf('app');
const compiled = new WeakMap<DecisionRules, Compiled>();

/**
 * Deny unless the policy allows the application for this session, here and now. Monitor mode denies only what can't be started at
 * all: without a session, and what the policy does not name.
 */
export function decide(facts: LaunchFacts, rules: DecisionRules): Decision {
  const decision = inLockdown(facts, rules);
  const { reason } = decision;
  if (rules.mode !== 'monitor' || reason === 'rule' || reason === 'no-session' || reason === 'app-unknown') return decision;
  return { ...decision, effect: 'allow', reason: 'monitor', wouldDeny: reason };
}

function inLockdown(facts: LaunchFacts, rules: DecisionRules): LockdownDecision {
  const policy = compile(rules);
  const { session, appId, where } = facts;
  const app = policy.apps.get(appId);
  const decided: Decided = (effect, reason, ruleId = 'default') => ({
    effect,
    reason,
    ruleId,
    generation: rules.version,
    cacheable: app?.timed !== true,
  });
  if (session === null) return decided('deny', 'no-session');
  if (app === undefined) return decided('deny', 'app-unknown');
  if (session.kind === 'breakglass') return breakGlass(app, policy.breakGlass.has(appId), decided);
  const { role } = session;
  if (!policy.roles.has(role)) return decided('deny', 'role-unknown');
  const ruleFacts: RuleFacts = { ...where, role, seatGroups: seatGroups(policy, rules, where.seat) };
  for (const [index, level] of app.levels.entries()) {
    const denied = level.deny.find((rule) => applies(rule, ruleFacts));
    if (denied !== undefined) return decided('deny', 'rule-denies', denied.id);
    if (index === APP_LEVEL && app.roles.has(role)) return decided('allow', 'rule', `role:${role}`);
    const allowed = level.allow.find((rule) => applies(rule, ruleFacts));
    if (allowed !== undefined) return decided('allow', 'rule', allowed.id);
  }
  return decided('deny', 'role-lacks-app', `role:${role}`);
}

/**
 * Emergency access has its own list, and no hour or place takes it away. Only a deny that names the very content of a
 * program, and nobody in particular, reaches it: a recalled program is recalled for everyone.
 */
function breakGlass(app: AppRules, isListed: boolean, decided: Decided): LockdownDecision {
  const recalled = app.levels[0]?.deny.find(isUnconditional);
  if (recalled !== undefined) return decided('deny', 'rule-denies', recalled.id);
  return isListed ? decided('allow', 'rule', 'breakglass') : decided('deny', 'breakglass-lacks-app', 'breakglass');
}

/** Whether a program that an application names beside itself was recalled: a deny that names its content or path, for everyone. */
export function isRecalled(program: { readonly path: string; readonly sha256: string }, rules: DecisionRules): boolean {
  return (rules.rules ?? []).some(
    (rule) =>
      rule.effect === 'deny' &&
      isUnconditional(rule) &&
      (rule.contents?.includes(program.sha256) === true || rule.paths?.includes(program.path) === true),
  );
}

function seatGroups(policy: Compiled, rules: DecisionRules, seat: string): ReadonlySet<string> {
  if (policy.groups?.seat !== seat) policy.groups = { seat, ids: groupsOf(seat, rules.seatGroups ?? []) };
  return policy.groups.ids;
}

function compile(rules: DecisionRules): Compiled {
  const found = compiled.get(rules);
  if (found !== undefined) return found;
  // What is made lies in memory as it was made: in the order of ids it is as quickly found for any order of the document.
  const apps = rules.apps.toSorted(byId);
  const roles = rules.roles.toSorted(byId);
  const spoken = (rules.rules ?? []).toSorted(byId);
  const listedBy = new Map<string, Set<string>>(apps.map(({ id }) => [id, new Set()]));
  for (const role of roles) for (const app of role.apps) listedBy.get(app)?.add(role.id);
  // Many applications are listed by the same roles: one set for all of them stays in the processor's caches.
  const known = new Map<string, ReadonlySet<string>>();
  const shared = (found: ReadonlySet<string>): ReadonlySet<string> => {
    const name = JSON.stringify([...found]);
    const same = known.get(name) ?? found;
    known.set(name, same);
    return same;
  };
  const made: Compiled = {
    apps: new Map(apps.map((app) => [app.id, compileApp(app, shared(listedBy.get(app.id) ?? new Set()), spoken)])),
    roles: new Set(roles.map(({ id }) => id)),
    breakGlass: new Set(rules.breakGlass.apps),
    groups: null,
  };
  compiled.set(rules, made);
  return made;
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}

/** Most levels of most applications are silent, and share one silence. */
const SILENT: LevelRules = { deny: [], allow: [] };

function levelOf(deny: readonly AppRule[], allow: readonly AppRule[]): LevelRules {
  return deny.length + allow.length === 0 ? SILENT : { deny, allow };
}

/** @param rules in the order of their ids */
function compileApp(app: DecidedApp, roles: ReadonlySet<string>, rules: readonly AppRule[]): AppRules {
  const speaking = rules.map((rule) => ({ rule, levels: levelsOf(rule, app) })).filter(({ levels }) => levels.length > 0);
  const at = (level: (typeof LEVELS)[number], effect: AppRule['effect']): AppRule[] =>
    speaking.filter(({ rule, levels }) => rule.effect === effect && levels.includes(level)).map(({ rule }) => rule);
  return {
    levels: LEVELS.map((level) => levelOf(at(level, 'deny'), at(level, 'allow'))),
    roles,
    timed: speaking.some(({ rule }) => isTimed(rule)),
  };
}
