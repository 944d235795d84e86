/**
 * Knows for how long this process may not have looked at its keys: a machine that is out of breath hands them over all at once, and
 * a person's then come as fast as a badge reader's. It looks only while somebody is awaited at a field.
 */

/** How often it looks whether the process gets its turn, in milliseconds. */
const BEAT_MS = 20;
/** A turn that comes this late has kept keys waiting. Six keys of the quickest typist take 400 ms. */
const STALL_MS = 150;
/** What waited meanwhile is read within this time after it. */
const DRAIN_MS = 100;

export interface Lateness {
  /** @param on whether somebody is awaited at a field of the seat's own */
  watch(on: boolean): void;
  /** By how many milliseconds a key that is read now may have come sooner; 0 while nobody is awaited. */
  ofKeyAt(now: number): number;
}

/** @param clock any monotonic one, in milliseconds */
export function createLateness(clock: () => number): Lateness {
  let timer: NodeJS.Timeout | undefined;
  let lastBeat = 0;
  let stall: { readonly from: number; readonly until: number } | null = null;
  const look = (now: number): void => {
    // One that follows before the keys of the one before were read makes them later still.
    if (now - lastBeat >= STALL_MS)
      stall = { from: stall !== null && lastBeat <= stall.until ? stall.from : lastBeat, until: now + DRAIN_MS };
    lastBeat = now;
  };
  return {
    watch(on) {
      clearInterval(timer);
      timer = undefined;
      stall = null;
      if (!on) return;
      lastBeat = clock();
      timer = setInterval(() => look(clock()), BEAT_MS);
    },
    ofKeyAt(now) {
      if (timer === undefined) return 0;
      look(now);
      return stall !== null && now <= stall.until ? now - stall.from : 0;
    },
  };
}
