/** The policy in force in the machines' own units. It adds no rule of its own and no default. */
import type { SeatRules } from '../../core/session/types.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';

const S = 1_000;

export type PolicyState = 'none' | 'active' | 'stale' | 'expired';

export function rulesOf(snapshot: PolicySnapshot | null): SeatRules | null {
  if (snapshot === null) return null;
  const { timers, pin, breakGlass, roles } = snapshot.document;
  return {
    policyVersion: snapshot.version,
    warnAfterMs: timers.warnAfterSeconds * S,
    warningMs: timers.warningSeconds * S,
    keepMs: timers.keepSeconds * S,
    maxSessionMs: timers.maxSessionSeconds * S,
    pin: { minDigits: pin.minDigits, maxFailures: pin.maxConsecutiveFailures, firstWaitMs: pin.firstWaitSeconds * S },
    graceMs: Object.fromEntries(roles.map((role) => [role.id, (role.badgeOnlySeconds ?? 0) * S])),
    breakGlass: {
      enabled: breakGlass.enabled,
      needsBadge: breakGlass.needsBadge,
      limitMs: breakGlass.limitSeconds * S,
      reasons: breakGlass.reasons.map((reason) => reason.id),
    },
  };
}

/** @param offlineSinceWallMs when the seat last knew that its policy was the newest; null while it is online */
export function policyStateOf(snapshot: PolicySnapshot | null, wallMs: number, offlineSinceWallMs: number | null): PolicyState {
  if (snapshot === null) return 'none';
  if (wallMs >= snapshot.expiresWallMs) return 'expired';
  const staleMs = snapshot.document.timers.staleAfterSeconds * S;
  return offlineSinceWallMs !== null && wallMs - offlineSinceWallMs > staleMs ? 'stale' : 'active';
}
