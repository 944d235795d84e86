/**
 * Finds a number for a new X display. Looks at all three places where a running server shows itself, because a server that is
 * started on a number in use would take its socket away.
 */
import { existsSync, readFileSync } from 'node:fs';

const X_SOCKET_FOLDER = '/tmp/.X11-unix';
/** Above what display managers and people use. */
const FIRST_NUMBER = 100;
const LAST_NUMBER = 9_999;

export function socketPath(displayNumber: number): string {
  return `${X_SOCKET_FOLDER}/X${displayNumber}`;
}

export function lockPath(displayNumber: number): string {
  return `/tmp/.X${displayNumber}-lock`;
}

/** The lowest free number from `from` on. */
export function freeDisplayNumber(from: number = FIRST_NUMBER): number {
  const abstract = readFileSync('/proc/net/unix', 'latin1');
  for (let number = from; number <= LAST_NUMBER; number += 1) {
    const inUse = existsSync(socketPath(number)) || existsSync(lockPath(number)) || abstract.includes(`@${socketPath(number)}\n`);
    if (!inUse) return number;
  }
  throw new RangeError(`Displays :${from} to :${LAST_NUMBER} are all in use.`);
}

/** The process id of the server that has this number, as it wrote it into its lock before it made its socket; undefined without one. */
export function lockHolder(displayNumber: number): number | undefined {
  try {
    const holder = Number(readFileSync(lockPath(displayNumber), 'latin1').trim());
    return Number.isSafeInteger(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}
