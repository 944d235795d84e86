/** How often a page may speak: a token bucket. Pure but for its own two numbers; the clock comes in. */

/** Intents a person can give in a second, with room for a fast typist; a page that asks more often is not a person. */
export const INTENTS_PER_SECOND = 20;
export const INTENT_BURST = 40;

/** @returns a function that says whether one more may pass at `now`, in milliseconds */
export function tokenBucket(perSecond: number, burst: number): (now: number) => boolean {
  let tokens = burst;
  let last: number | undefined;
  return (now) => {
    tokens = Math.min(burst, tokens + ((now - (last ?? now)) / 1000) * perSecond);
    last = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
