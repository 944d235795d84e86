/**
 * Makes the folder that a command's files go into. One folder after the other: Node's own `recursive` never comes back where the
 * system says of a folder that is there that it is not, as below /proc. It must never remove or replace anything.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WardlockError } from '../core/errors/index.ts';
import { systemCode } from './system-code.ts';

/** What the system's codes mean to whoever named the folder. */
const MEANING: Readonly<Record<string, string>> = {
  ENOENT: 'no folder can be made there',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'nothing can be written there',
  EEXIST: 'a file is in the way',
  ENOTDIR: 'a file is in the way',
  EISDIR: 'a folder is in the way',
  ENOSPC: 'the disk is full',
};

/** With all that is missing above it. @throws WardlockError START_USAGE */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  try {
    for (const folder of missing) mkdirSync(folder);
  } catch (cause) {
    throw notWritten(path, cause);
  }
}

export function notWritten(path: string, cause: unknown): WardlockError {
  return new WardlockError('START_USAGE', `Cannot write to ${path}: ${MEANING[systemCode(cause)] ?? 'it was refused'}.`, { cause });
}
