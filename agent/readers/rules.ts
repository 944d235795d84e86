/** The policy's words about readers, with what holds where it says nothing. */
import type { SeatView } from '../../contract/seat-view.ts';
import { USUAL_RHYTHM } from '../../core/reader/wedge.ts';
import type { PolicyDocument } from '../../policies/schema.ts';

/** What the policy says about readers, whole. */
export interface ReaderRules {
  readonly pcsc: boolean;
  readonly keyboard: boolean;
  /** A seat without a PC/SC reader lacks one. */
  readonly isExpected: boolean;
  readonly removalLocks: boolean;
  readonly wedge: SeatView['wedge'];
}

/** @param document null before the first policy: readers work, so that the lock screen can say how they are */
export function readerRulesOf(document: PolicyDocument | null): ReaderRules {
  const { pcsc = true, expected = false, cardRemoved = 'nothing', keyboard } = document?.readers ?? {};
  const { allowed = true, ...rhythm } = keyboard ?? {};
  return {
    pcsc,
    keyboard: allowed,
    isExpected: pcsc && expected,
    removalLocks: cardRemoved === 'lock',
    wedge: { ...USUAL_RHYTHM, ...rhythm },
  };
}
