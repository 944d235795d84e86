/**
 * Background looks at the database, again and again: one at a time, so that one that takes long is not joined by the next, and none
 * after the end. It owns the timer, not what is looked at.
 */

export interface LookParts {
  /** Ends early, between two things that it does, once the signal is aborted. */
  readonly look: (ending: AbortSignal) => Promise<unknown>;
  readonly everyMs: number;
  /** Asked before each look: one process of the site does it. */
  readonly mayLook: () => boolean;
  readonly onFault: (fault: unknown) => void;
}

export interface Looks {
  /** Nothing begins after it, and what is in hand has ended: the database may be closed then. */
  close(): Promise<void>;
}

export function keepLooking({ look, everyMs, mayLook, onFault }: LookParts): Looks {
  const ending = new AbortController();
  let inHand: Promise<void> | null = null;
  const timer = setInterval(() => {
    if (inHand !== null || !mayLook()) return;
    inHand = look(ending.signal)
      .then(() => undefined, onFault)
      .finally(() => {
        inHand = null;
      });
  }, everyMs).unref();
  return {
    close: async () => {
      ending.abort();
      clearInterval(timer);
      await inHand;
    },
  };
}
