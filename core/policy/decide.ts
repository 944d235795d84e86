/**
 * The decision whether an application may be started: an object with its reason, from the session's facts and one
 * immutable snapshot. Pure; it never looks at a file. What is on disk is judged where the file is opened.
 */

/** As much of a policy as a decision needs; a policy document fits. */
export interface DecisionRules {
  readonly version: number;
  readonly apps: ReadonlyArray<{ readonly id: string }>;
  readonly roles: ReadonlyArray<{ readonly id: string; readonly apps: readonly string[] }>;
  readonly breakGlass: { readonly apps: readonly string[] };
}

export interface LaunchFacts {
  readonly appId: string;
  /** Whose session it is; null when nobody is signed in or the seat is locked. */
  readonly session: { readonly kind: 'person'; readonly role: string } | { readonly kind: 'breakglass' } | null;
}

export type DenyReason = 'no-session' | 'app-unknown' | 'role-unknown' | 'role-lacks-app' | 'breakglass-lacks-app';

export interface Decision {
  readonly effect: 'allow' | 'deny';
  readonly reason: 'rule' | DenyReason;
  /** The rule that decided, such as `role:nurse` or `breakglass`; `default` where none named the application. */
  readonly ruleId: string;
  /** Version of the policy that decided. */
  readonly generation: number;
}

/** Deny unless a rule names the application for this session. */
export function decide(facts: LaunchFacts, rules: DecisionRules): Decision {
  const generation = rules.version;
  const deny = (reason: DenyReason, ruleId = 'default'): Decision => ({ effect: 'deny', reason, ruleId, generation });
  const { session, appId } = facts;
  if (session === null) return deny('no-session');
  if (!rules.apps.some((app) => app.id === appId)) return deny('app-unknown');
  if (session.kind === 'breakglass') {
    return rules.breakGlass.apps.includes(appId)
      ? { effect: 'allow', reason: 'rule', ruleId: 'breakglass', generation }
      : deny('breakglass-lacks-app', 'breakglass');
  }
  const role = rules.roles.find((candidate) => candidate.id === session.role);
  if (role === undefined) return deny('role-unknown');
  return role.apps.includes(appId)
    ? { effect: 'allow', reason: 'rule', ruleId: `role:${role.id}`, generation }
    : deny('role-lacks-app', `role:${role.id}`);
}

/** The applications that a session may start, in the policy's own order. */
export function allowedApps<A extends { readonly id: string }>(
  session: LaunchFacts['session'],
  apps: readonly A[],
  rules: DecisionRules,
): readonly A[] {
  return apps.filter((app) => decide({ appId: app.id, session }, rules).effect === 'allow');
}
