/**
 * The new file that a command is to fill, asked for before the work is done: what takes long, or is recorded, is not begun for a file that
 * can't be kept. It must never write over anything.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { WardlockError } from '../core/errors/index.ts';
import { systemCode } from './system-code.ts';

const OWNER_ONLY = 0o600;
/** What the system's codes mean to whoever named the file. */
const MEANING: Readonly<Record<string, string>> = {
  ENOENT: 'Its folder does not exist: make that first.',
  ENOTDIR: 'A part of this path is a file.',
  EROFS: 'Nothing can be written there.',
  ENOSPC: 'The disk is full.',
};

/** @param what such as `an export`. @throws WardlockError START_USAGE */
export function assertNewFile(path: string, what: string): void {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY));
  } catch (cause) {
    const code = systemCode(cause);
    const why = code === 'EEXIST' ? `It exists already, and ${what} is never overwritten.` : (MEANING[code] ?? 'You may not write there.');
    throw new WardlockError('START_USAGE', `Cannot write ${path}. ${why}`, { cause });
  }
  rmSync(path);
}
