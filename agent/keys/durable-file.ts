/**
 * Reads and replaces small secret files: new file, flush, rename, flush of the folder. Owns that order and the mode 0600;
 * must never leave a half-written secret under its name.
 */
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WardlockError } from '../../core/errors/index.ts';

const PRIVATE_FILE = 0o600;
/** Far above anything kept in such files. */
const MAX_FILE_BYTES = 64 * 1024;

/** The file's bytes, `undefined` when there is none. */
export async function readSecretFile(path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', `${path} is too large to be a key file.`);
    return new Uint8Array(bytes);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function replaceSecretFile(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await using(await open(temporary, 'w', PRIVATE_FILE), async (file) => {
    await file.writeFile(content);
    await file.sync();
  });
  await rename(temporary, path);
  await flushFolder(path);
}

/** Overwrites what is there, then removes it. On flash and copy-on-write disks old blocks may survive: see KeyProtection. */
export async function destroySecretFile(path: string): Promise<void> {
  const old = await readSecretFile(path);
  if (old === undefined) return;
  await using(await open(path, 'r+'), async (file) => {
    await file.write(new Uint8Array(old.length), 0, old.length, 0);
    await file.sync();
  });
  await rm(path, { force: true });
  await flushFolder(path);
}

async function flushFolder(path: string): Promise<void> {
  await using(await open(dirname(path), 'r'), (folder) => folder.sync());
}

async function using(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
