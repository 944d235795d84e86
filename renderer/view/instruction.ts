/** The one line of the lock: what to do, and what more to say. Pure. It must never ask for a badge where none lets anybody in. */
import type { SeatView, TruthView } from '../../contract/seat-view.ts';

/** By the state of the reader. A scanner that types works without a reader. */
const BY_READER = {
  ok: ['lock.tap', 'lock.tapHint'],
  none: ['lock.tap', 'lock.scannerHint'],
  absent: ['lock.readerAbsent', 'lock.readerAbsentHint'],
  stopped: ['lock.readerStopped', 'lock.readerStoppedHint'],
  frozen: ['lock.readerFrozen', 'lock.readerFrozenHint'],
  ghost: ['lock.readerGhost', 'lock.readerGhostHint'],
} as const;

type ByReader = (typeof BY_READER)[keyof typeof BY_READER];

export interface Instruction {
  readonly title: ByReader[0] | 'lock.nobody';
  readonly hint: ByReader[1] | 'lock.useName' | 'faulted.other';
}

/**
 * Without rules, or without a staff list that may still be believed, every sign-in is refused, whoever comes. Whose emergency access is
 * kept comes back to it by badge all the same.
 */
export function letsNobodyIn({ truth: { policy, staff }, kept }: Pick<SeatView, 'truth' | 'kept'>): boolean {
  const isUnruled = policy.state === 'none' || policy.state === 'expired';
  return kept === null && (isUnruled || staff.state === 'none' || staff.state === 'tooOld');
}

/** What is wrong with a reader that can't read a badge now; null for one that can, and where none is expected. */
export function readerTrouble({ reader: { state } }: Pick<TruthView, 'reader'>): Instruction | null {
  if (state === 'ok' || state === 'none') return null;
  const [title, hint] = BY_READER[state];
  return { title, hint };
}

export function instructionOf(view: Pick<SeatView, 'truth' | 'signIn' | 'kept'>): Instruction {
  if (letsNobodyIn(view)) return { title: 'lock.nobody', hint: 'faulted.other' };
  const { truth, signIn } = view;
  const { state } = truth.reader;
  const [title, hint] = BY_READER[state];
  // Nobody waits for a reader who may come in without one.
  const isDown = state === 'absent' || state === 'stopped' || state === 'frozen';
  return { title, hint: isDown && signIn.byName ? 'lock.useName' : hint };
}
