/**
 * Puts one file into the home of a session, as the user who owns that home and with no other right: what an application planted there
 * can mislead it to no place that the application could not write itself. Never follows a link, never replaces a file, never leaves half a
 * file under its name. Synchronous, because only the calling thread may have become that user.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, linkSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DOWNLOADS_FOLDER } from '../../core/downloads/limits.ts';
import { numbered } from '../../core/downloads/name.ts';
import type { Kept } from './port.ts';

export interface KeepRequest {
  /** The session's home, as the caller sees it. */
  readonly home: string;
  /** Safe already (core/downloads/name.ts). */
  readonly name: string;
  /** The content, from its beginning. */
  readonly fd: number;
  readonly bytes: number;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_WRONLY, O_CREAT, O_EXCL } = constants;
const CHUNK_BYTES = 1024 * 1024;
const PRIVATE_FOLDER = 0o700;
/** No right to execute; the mount that it lies on has none either. */
const PRIVATE_FILE = 0o600;
/** Files of one name. */
const MAX_NUMBER = 1_000;
const PARTIAL_NAME_BYTES = 8;
const OUT_OF_ROOM: readonly string[] = ['ENOSPC', 'EDQUOT', 'ENOMEM'];

/** @throws what the file system throws; nothing of the file is left then */
export function putIntoHome(request: KeepRequest): void {
  const folder = join(request.home, DOWNLOADS_FOLDER);
  makeFolder(folder);
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    // By the descriptor of the folder: whatever its name means by now.
    fill(`/proc/self/fd/${fd}`, request);
  } finally {
    closeSync(fd);
  }
}

/** What a failure means. @param code of the operating system */
export function notKept(code: string): Kept {
  return { ok: false, reason: OUT_OF_ROOM.includes(code) ? 'no-room' : 'failed', detail: code };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: PRIVATE_FOLDER });
  } catch (failure) {
    if (!exists(failure)) throw failure;
  }
}

function fill(folder: string, { name, fd, bytes }: KeepRequest): void {
  const partial = join(folder, `.${randomBytes(PARTIAL_NAME_BYTES).toString('hex')}.part`);
  const out = openSync(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE_FILE);
  try {
    try {
      copy(fd, out, bytes);
    } finally {
      closeSync(out);
    }
    giveName(partial, folder, name);
  } finally {
    unlinkSync(partial);
  }
}

/** The first free one of `name`, `name (2)` …: link(2) takes the place of nothing. */
function giveName(partial: string, folder: string, name: string): void {
  for (let number = 1; ; number += 1) {
    try {
      linkSync(partial, join(folder, number === 1 ? name : numbered(name, number)));
      return;
    } catch (failure) {
      if (!exists(failure) || number === MAX_NUMBER) throw failure;
    }
  }
}

function copy(from: number, to: number, bytes: number): void {
  const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, bytes)));
  for (let position = 0; position < bytes; ) {
    const read = readSync(from, buffer, 0, Math.min(buffer.length, bytes - position), position);
    if (read === 0) throw new Error('the file is shorter than it was');
    for (let written = 0; written < read; ) written += writeSync(to, buffer, written, read - written);
    position += read;
  }
}

function exists(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === 'EEXIST';
}
