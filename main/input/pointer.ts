/**
 * Notices that the pointer moves where no page of the kiosk is told of it: over a list that a page opened over itself, such as a
 * `<select>`, or over the cover of another display. It knows no position but the last one, and tells none.
 */

export interface PointerWatch {
  /** Looks where the pointer is now. Milliseconds since it last moved, counted from the look before: it may have moved right after that. */
  idleMs(): number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** @param clock any monotonic one, in milliseconds */
export function createPointerWatch(where: () => Point, clock: () => number): PointerWatch {
  let last = where();
  let lookedAt = clock();
  let movedAt = lookedAt;
  return {
    idleMs() {
      const { x, y } = where();
      const now = clock();
      if (x !== last.x || y !== last.y) movedAt = lookedAt;
      last = { x, y };
      lookedAt = now;
      return Math.max(0, Math.round(now - movedAt));
    },
  };
}
