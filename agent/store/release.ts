/**
 * Makes dropped key handles really go away: node:crypto wipes a KeyObject's memory when it is collected, and nothing else
 * does. Owns the one call of the collector at the end of an epoch, so that a dump of memory opens the present epoch only.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Collects garbage now. Costs some milliseconds; called once an epoch. */
export function releaseKeys(): void {
  collect ??= collector();
  collect();
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  // oxlint-disable-next-line typescript/no-unsafe-call -- V8's own collector has no type
  return typeof gc === 'function' ? () => void gc() : () => undefined;
}
