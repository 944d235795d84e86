/**
 * Files that a person asked for and that are not there yet: whole or not at all, and never over anything. What is half written would be in the
 * way of the next try.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { notWritten } from '../../core/new-file.ts';

/** @param what such as `a policy`, for one that is there already. @throws WardlockError START_USAGE */
export function writeNewFile(path: string, text: string, { what, mode }: { readonly what: string; readonly mode: number }): void {
  let made = false;
  try {
    const fd = openSync(path, 'wx', mode);
    made = true;
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (made) rmSync(path, { force: true });
    throw notWritten(path, what, cause);
  }
}
