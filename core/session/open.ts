/** Which states of the lock leave a session's seat open: its owner's input still works there. The one list of them. */
import type { LockAt, LockState } from './types.ts';

const OPEN: Readonly<Record<LockAt, boolean>> = {
  locked: false,
  unlocking: false,
  unlocked: true,
  warning: true,
  blurred: true,
  asking: true,
  cooling: false,
};

export const isOpen = ({ at }: LockState): boolean => OPEN[at];
