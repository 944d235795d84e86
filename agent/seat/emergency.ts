/** What emergency access a policy leaves where nobody can sign in: the one rule for the screen and for `doctor`. Pure. */

interface BreakGlass {
  readonly enabled: boolean;
  /** How long an access that nothing records may last; 0 forbids it. */
  readonly unrecordedMs: number;
}

export type EmergencyLeft = 'none' | 'ifRecorded' | 'works';

/**
 * @param rule null while there is no policy
 * @param isRecordLost whether the record can't be written, so that an access may open unrecorded or not at all
 */
export function emergencyLeft(rule: BreakGlass | null, isRecordLost: boolean): EmergencyLeft {
  if (rule?.enabled !== true) return 'none';
  return isRecordLost && rule.unrecordedMs === 0 ? 'ifRecorded' : 'works';
}
