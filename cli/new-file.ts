/**
 * The new file that a command is to fill, asked for before the work is done: what takes long, or is recorded, is not begun for a file that
 * can't be kept. It must never write over anything.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { notWritten } from '../core/new-file.ts';

const OWNER_ONLY = 0o600;
/** @param what such as `an export`. @throws WardlockError START_USAGE */
export function assertNewFile(path: string, what: string): void {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY));
  } catch (cause) {
    throw notWritten(path, what, cause);
  }
  rmSync(path);
}
