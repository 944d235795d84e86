/**
 * Long output of a command that does not come back to the event loop until it is done. Owns the wait for a slow reader; must
 * never queue: what `process.stdout` is given meanwhile stays in memory, all of it.
 */
import { writeSync } from 'node:fs';
import process from 'node:process';

/** How long a full pipe is left alone before the next try. */
const RETRY_MS = 5;
const STDOUT = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it to standard output before it returns. A reader that went away ends the command, with exit code 1. */
export function writeOut(bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') process.exit(1);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}
