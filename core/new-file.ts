/** Why a file that a person asked for could not be made, in words for whoever named it. It touches no file. */
import { WardlockError } from './errors/index.ts';

/** The system's codes. */
const MEANING: Readonly<Record<string, string>> = {
  ENOENT: 'Its folder does not exist: make that first.',
  ENOTDIR: 'A part of this path is a file.',
  EROFS: 'Nothing can be written there.',
  ENOSPC: 'The disk is full.',
  EDQUOT: 'Your share of the disk is full.',
};

/** @param what such as `a policy`, for one that is there already */
export function notWritten(path: string, what: string, cause: unknown): WardlockError {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const why = code === 'EEXIST' ? `It exists already, and ${what} is never overwritten.` : (MEANING[code] ?? 'You may not write there.');
  return new WardlockError('START_USAGE', `Cannot write ${path}. ${why}`, { cause });
}
