/** The policy in force in the machines' own units. It adds no rule of its own; what a policy leaves out is core's to say. */
import { groupsOf, type Whereabouts } from '../../core/decision/rule.ts';
import { settingsFor } from '../../core/policy/settings.ts';
import { type WaysIn, waysIn } from '../../core/policy/sign-in.ts';
import { TAP_QUESTION_MS } from '../../core/session/moves.ts';
import type { SeatRules } from '../../core/session/types.ts';
import { choicesOf } from '../../policies/effective.ts';
import type { KeyProtection } from '../keys/index.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import { readerRulesOf } from '../readers/rules.ts';

/** PINs of a seat whose keys are in a file have at least so many digits. */
export const LEAST_DIGITS_WITH_A_FILE = 6;
const S = 1_000;
const MINUTE = 60 * S;

export type PolicyState = 'none' | 'active' | 'stale' | 'expired';

/** @param role of the person that timers and PIN rules are asked for; null while nobody is known */
export function rulesOf(snapshot: PolicySnapshot | null, where: Whereabouts, role: string | null): SeatRules | null {
  if (snapshot === null) return null;
  const { breakGlass } = snapshot.document;
  const { timers, pin } = settingsFor(snapshot.document, { ...where, role });
  const ways = waysByRole(snapshot, where);
  const rolesWith = (has: (way: WaysIn) => boolean): string[] => [...ways].filter(([, way]) => has(way)).map(([role]) => role);
  return {
    policyVersion: snapshot.version,
    warnAfterMs: timers.warnAfterSeconds * S,
    warningMs: timers.warningSeconds * S,
    blurMs: (timers.blurSeconds ?? 0) * S,
    tapQuestionMs: timers.tapQuestionSeconds === undefined ? TAP_QUESTION_MS : timers.tapQuestionSeconds * S,
    keepMs: timers.keepSeconds * S,
    maxSessionMs: timers.maxSessionSeconds * S,
    procedureMs: (timers.procedureSeconds ?? 0) * S,
    pin: { minDigits: pin.minDigits, maxFailures: pin.maxConsecutiveFailures, firstWaitMs: pin.firstWaitSeconds * S },
    graceMs: Object.fromEntries([...ways].map(([role, way]) => [role, way.badgeOnlyMs])),
    confirmedMs: Object.fromEntries([...ways].map(([role, way]) => [role, way.confirmedMs])),
    secondRoles: Object.fromEntries([...ways].map(([role, way]) => [role, way.secondRoles])),
    byName: rolesWith((way) => way.nameAndPin),
    removalLocks: readerRulesOf(snapshot.document).removalLocks,
    breakGlass: {
      enabled: breakGlass.enabled,
      needsBadge: breakGlass.needsBadge,
      limitMs: breakGlass.limitSeconds * S,
      unrecordedMs: choicesOf(snapshot.document).emergencyUnrecordedMinutes * MINUTE,
      reasons: breakGlass.reasons.map((reason) => reason.id),
    },
  };
}

function waysByRole({ document }: PolicySnapshot, where: Whereabouts): ReadonlyMap<string, WaysIn> {
  const rules = document.signIn?.rules ?? [];
  const seatGroups = groupsOf(where.seat, document.seatGroups ?? []);
  return new Map(
    document.roles.map(({ id, badgeOnlySeconds }) => [id, waysIn(rules, { ...where, seatGroups, role: id }, badgeOnlySeconds ?? 0)]),
  );
}

/** Roles whose people may make an unknown badge their own here and now. */
export function enrollingRoles(snapshot: PolicySnapshot | null, where: Whereabouts): readonly string[] {
  return snapshot === null ? [] : [...waysByRole(snapshot, where)].filter(([, way]) => way.enrolBadge).map(([role]) => role);
}

/** @param offlineSinceWallMs when the seat last knew that its policy was the newest; null while it is online */
export function policyStateOf(snapshot: PolicySnapshot | null, wallMs: number, offlineSinceWallMs: number | null): PolicyState {
  if (snapshot === null) return 'none';
  if (wallMs >= snapshot.expiresWallMs) return 'expired';
  const staleMs = snapshot.document.timers.staleAfterSeconds * S;
  return offlineSinceWallMs !== null && wallMs - offlineSinceWallMs > staleMs ? 'stale' : 'active';
}

/** Where the seat key lies in a file, a thief of the disk can guess at short PINs: the seat does not take them. */
export function leastPinDigits(snapshot: PolicySnapshot | null, { protection }: KeyProtection): number {
  const inPolicy = snapshot?.document.pin.minDigits ?? 0;
  return protection === 'file' ? Math.max(inPolicy, LEAST_DIGITS_WITH_A_FILE) : inPolicy;
}
