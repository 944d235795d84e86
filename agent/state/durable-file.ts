/**
 * Small state files that must survive a power cut: new file, fsync, rename, fsync of the folder, all before it returns.
 * It owns no content. Synchronous, because what follows must not begin before the bytes are safe.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;

/** Replaces the file's content; durable when this returns. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, 'w', OWNER_ONLY);
  try {
    for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** The content, or undefined when there is no such file. Any other failure throws. */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
    throw failure;
  }
}

/** Moves a file that can't be read out of the way, so that it can be looked at later. */
export function setAside(path: string, name: string): void {
  rmSync(`${path}.${name}`, { force: true });
  renameSync(path, `${path}.${name}`);
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
