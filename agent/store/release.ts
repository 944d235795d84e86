/**
 * Makes dropped key handles really go away: node:crypto wipes a KeyObject's memory when it is collected, and nothing else
 * does. Owns the one call of the collector at the end of an epoch, so that a dump of memory opens the present epoch only.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A whole collection takes some 20 ms: under a flood of epochs it happens this often, and once more at the end. */
const RELEASE_INTERVAL_MS = 1000;
/** So much more on the heap than at least is worth a whole collection: twice as much made the peak of ten million entries 150 MB. */
const GARBAGE_BYTES = 3 * 1024 * 1024;

let collect: ((kind: 'major' | 'minor') => void) | undefined;
let leastUsed = Number.POSITIVE_INFINITY;
let lastAt = Number.NEGATIVE_INFINITY;
let timer: NodeJS.Timeout | undefined;

/** Collects garbage now, or within RELEASE_INTERVAL_MS when that was just done. Called at each epoch's end. */
export function releaseKeys(): void {
  const wait = lastAt + RELEASE_INTERVAL_MS - performance.now();
  if (wait <= 0) release();
  else timer ??= setTimeout(release, wait).unref();
}

function release(): void {
  clearTimeout(timer);
  timer = undefined;
  collect ??= collector();
  collect('major');
  lastAt = performance.now();
}

/**
 * Frees what a reader of millions of entries has just let go of. Left alone, V8 sees small objects and lets the blobs and ciphers
 * behind them grow to tens of megabytes. A young collection takes well under a millisecond; ciphers need a whole one, which is
 * made when garbage has gathered.
 */
export function releasePages(): void {
  collect ??= collector();
  collect('minor');
  const used = getHeapStatistics().used_heap_size;
  leastUsed = Math.min(leastUsed, used);
  if (used < leastUsed + GARBAGE_BYTES) return;
  collect('major');
  leastUsed = getHeapStatistics().used_heap_size;
}

/**
 * Keeps V8 from giving short-lived objects more room while a command reads millions of entries: what it prints of each is garbage at once,
 * and V8 would let that gather to a hundred megabytes.
 */
export function collectEarly(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

function collector(): (kind: 'major' | 'minor') => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  // oxlint-disable-next-line typescript/no-unsafe-call -- V8's own collector has no type
  return typeof gc === 'function' ? (type) => void gc({ type }) : () => undefined;
}
