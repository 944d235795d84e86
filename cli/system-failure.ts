/**
 * What the operating system refused, as a sentence for whoever named the file, the folder or the address. Owns the words; a failure
 * that is not the system's stays what it is, with its stack, because it is ours to mend.
 */
import { WardlockError } from '../core/errors/index.ts';
import { systemCode } from './system-code.ts';

const MEANING: Readonly<Record<string, string>> = {
  ENOENT: 'There is nothing at',
  EACCES: 'You may not read or write',
  EPERM: 'You may not read or write',
  EROFS: 'Nothing can be written at',
  ENOTDIR: 'A file is where a folder must be, on the way to',
  EISDIR: 'A file is needed, and a folder is at',
  EEXIST: 'There is something already at',
  ENOSPC: 'The disk is full at',
  EDQUOT: 'Your share of the disk is full at',
  EMFILE: 'Too many files are open, so this one cannot be:',
};
/** What to look at, where the sentence does not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: ' Check the path.',
  EACCES: ' Run this as the owner of the folder, or as root.',
  EPERM: ' Run this as the owner of the folder, or as root.',
};

/** A file that was named and can't be read is a mistake in the command line. */
export function unreadable(path: string, cause: unknown): WardlockError {
  return new WardlockError('START_USAGE', systemFailure(cause, path)?.message ?? `${path} can't be read.`, { cause });
}

/** Null for what the system did not refuse. @param named what is meant where the system does not say it */
export function systemFailure(error: unknown, named = 'the file that was named'): WardlockError | null {
  if (!(error instanceof Error && 'syscall' in error)) return null;
  const code = systemCode(error);
  const path = 'path' in error && typeof error.path === 'string' ? error.path : named;
  const meaning = MEANING[code];
  const words = meaning === undefined ? `The operating system refused it: ${error.message}.` : `${meaning} ${path}.${ADVICE[code] ?? ''}`;
  return new WardlockError('START_SYSTEM_REFUSED', words, { cause: error });
}
