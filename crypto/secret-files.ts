/**
 * Secret files of a state folder: written once, complete or not at all, readable by the owner only. It must
 * never overwrite a secret that is already there.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** A folder that only its owner enters (0700). */
export function makeStateFolder(path: string): void {
  makeFolders(path, OWNER_ONLY_FOLDER);
}

/**
 * Makes a folder and what is missing on the way to it. Not by Node's `recursive`: where the system makes nothing (below /proc) that asks
 * again for ever, and of a disk that is read-only it says that nothing is there.
 */
export function makeFolders(path: string, mode: number): void {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeFolders(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isErrno(error, 'EEXIST') || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/** The file's bytes, or null where there is none. Any other failure throws. */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Reads the secret at `path`, or makes it once. Two processes that race end up with the same one. */
export function readOrMake(path: string, make: () => Uint8Array): Buffer {
  const present = readIfThere(path);
  if (present !== null) return present;
  const temporary = writeTemporary(path, make());
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncFolder(dirname(path));
  return readFileSync(path);
}

/** Replaces a file as a whole: after a crash either the old or the new one is there. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  renameSync(writeTemporary(path, bytes), path);
  syncFolder(dirname(path));
}

function writeTemporary(path: string, bytes: Uint8Array): string {
  const temporary = join(dirname(path), `.${randomBytes(8).toString('hex')}.new`);
  const file = openSync(temporary, 'wx', OWNER_ONLY);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}

/** Makes the names in a folder durable (fsync). */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
