/**
 * Reads and replaces small secret files: new file, flush, rename, flush of the folder. Owns that order and the mode 0600;
 * must never leave a half-written secret under its name. Only flushes are waited for: the rest takes microseconds, and each
 * wait is a turn of an event loop that may be committing events meanwhile.
 */
import { closeSync, fsync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { WardlockError } from '../../core/errors/index.ts';
import { offHeap } from '../../crypto/off-heap.ts';

const PRIVATE_FILE = 0o600;
/** Far above anything kept in such files. */
const MAX_FILE_BYTES = 64 * 1024;

const flush = promisify(fsync);

/** The file's bytes, in memory that the caller can wipe; `undefined` when there is none. */
export function readSecretFile(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_FILE_BYTES) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', `${path} is too large to be a key file.`);
    const own = offHeap(bytes.length);
    own.set(bytes);
    // It may be a piece of Node's pool, which lives on.
    bytes.fill(0);
    return own;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function replaceSecretFile(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await writeFlushed(temporary, 'w', content);
  renameSync(temporary, path);
  await flushFolder(path);
}

/** Overwrites what is there, then removes it. On flash and copy-on-write disks old blocks may survive: see KeyProtection. */
export async function destroySecretFile(path: string): Promise<void> {
  const old = readSecretFile(path);
  if (old === undefined) return;
  await writeFlushed(path, 'r+', new Uint8Array(old.length));
  removeFile(path);
  await flushFolder(path);
}

/** Of what opens nothing any more: after a crash it may be there again. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
}

async function writeFlushed(path: string, flags: 'w' | 'r+', content: Uint8Array): Promise<void> {
  await using(openSync(path, flags, PRIVATE_FILE), async (file) => {
    for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
    await flush(file);
  });
}

async function flushFolder(path: string): Promise<void> {
  await using(openSync(dirname(path), 'r'), flush);
}

async function using(file: number, use: (file: number) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    closeSync(file);
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
