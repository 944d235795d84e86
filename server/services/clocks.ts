/**
 * Which clock measures what. How long something took or may take is told by a clock that nobody sets; what is stored carries the
 * time of day, which somebody may set back, and then lies in the future. It owns how far ahead is too far.
 */

/** Milliseconds of a clock that only goes forward. */
export const elapsedMs = (): number => performance.now();

/** No two nodes' clocks are further apart, and none that is kept right is set back by more. */
export const CLOCKS_APART_MS = 600_000;

/** A stored time that no node's clock can have reached: since then a clock was set back. */
export function isAhead(stored: number, now: number): boolean {
  return stored > now + CLOCKS_APART_MS;
}
