/**
 * The emergency log: a preallocated append-only file that takes break-glass, logout and refused sign-ins when the store is full or
 * broken. Owns its records and an incarnation of its own for each life of the agent; needs no room and no database. Each
 * event has an epoch of its own, so that no key outlives the call.
 */
import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { toHex } from '../../core/audit/bytes.ts';
import { logKeyName } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import type { AuditCrypto, Signer } from '../../core/audit/crypto.ts';
import { type ChainState, type EntryTime, LogDraft, NO_LINK } from '../../core/audit/draft.ts';
import { INCARNATION_BYTES, type LogId, type Padded } from '../../core/audit/entry.ts';
import type { Citation, Recipient } from '../../core/audit/epoch.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { type EmergencyContent, encodeRecord, placeFor, readEmergency, usedPart } from './emergency-file.ts';
import { underLogKey } from './log-signature.ts';

/** Room for some 150 events; written once, so that a full disk can't take it away. */
export const EMERGENCY_BYTES = 512 * 1024;
/** What anybody can cause at a locked seat may take half of it: the rest is kept for emergencies and logouts. */
const ROOM = { all: EMERGENCY_BYTES, half: EMERGENCY_BYTES / 2 } as const;
const PRIVATE_FILE = 0o600;

export interface EmergencyParts {
  readonly crypto: AuditCrypto;
  readonly workstation: Uint8Array;
  readonly logSigner: Signer;
  readonly now: () => EntryTime;
}

export class EmergencyLog {
  readonly #path: string;
  readonly #parts: EmergencyParts;
  #fd: number;
  #state: ChainState | undefined;

  private constructor(path: string, fd: number, parts: EmergencyParts) {
    this.#path = path;
    this.#fd = fd;
    this.#parts = parts;
  }

  /** Opens the file, making and filling it at first. Throws when it can't be had: the caller reports that there is none. */
  static open(path: string, parts: EmergencyParts): EmergencyLog {
    return new EmergencyLog(path, openFilled(path), parts);
  }

  /** Durable when it returns. @param main what the main log was, as far as known @param room how far the file may be filled with it */
  append(padded: Padded, recipients: readonly Recipient[], main: Citation, room: keyof typeof ROOM = 'all'): number {
    const { crypto, logSigner, workstation, now } = this.#parts;
    const hasher = treeHasher(crypto);
    const bytes = readWhole(this.#fd);
    const content = readEmergency(bytes, crypto);
    const before = this.#stateIn(content) ?? newLog(crypto, workstation, CompactRange.empty(hasher));
    const draft = new LogDraft(crypto, hasher, before);
    const origin = before.epoch === undefined ? ({ kind: 'replacement', replaces: main } as const) : ({ kind: 'later' } as const);
    const seed = crypto.random(32);
    const named = { name: logKeyName(workstation), signer: logSigner };
    draft.openEpoch({ reason: 'start', origin, seed, recipients, logSigner: named, time: now() });
    seed.fill(0);
    const seq = draft.append(padded, now(), crypto.random(FRESH_BYTES));
    // Now, while this process knows that it made it: in a later life the file is only found.
    const head = underLogKey({ crypto, logSigner: named }, draft.head());
    const record = encodeRecord({ entries: draft.entries, kept: draft.kept.map(({ note }) => note), head }, crypto);
    // On zeros alone: what something else left in the file may be evidence.
    this.#write(record, placeFor(bytes.subarray(0, ROOM[room]), content.end, record.length));
    const after = draft.state();
    this.#state = { ...after, epoch: after.epoch === undefined ? undefined : { ...after.epoch, keys: undefined } };
    return seq;
  }

  /** The file up to its last byte that means something. */
  content(): Uint8Array {
    return usedPart(readWhole(this.#fd));
  }

  read(): EmergencyContent {
    return readEmergency(readWhole(this.#fd), this.#parts.crypto);
  }

  /** Empties the file after all of it was receipted. */
  clear(): void {
    writeSync(this.#fd, new Uint8Array(EMERGENCY_BYTES), 0, EMERGENCY_BYTES, 0);
    fdatasyncSync(this.#fd);
    this.#state = undefined;
  }

  /** An empty file takes the place of this one, which stays beside it under another name. Throws without room for that, and nothing has changed then. */
  setAside(name: string): void {
    const fresh = `${this.#path}.new`;
    rmSync(fresh, { force: true });
    const fd = openFilled(fresh);
    renameSync(this.#path, name);
    renameSync(fresh, this.#path);
    flushFolder(dirname(this.#path));
    closeSync(this.#fd);
    this.#fd = fd;
    this.#state = undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The run of this life, where the file ends with it: one that a failed write or somebody else has changed is not continued. */
  #stateIn({ runs }: EmergencyContent): ChainState | undefined {
    const last = runs.at(-1);
    const state = this.#state;
    if (state === undefined || last?.incarnation !== toHex(state.log.incarnation)) return undefined;
    return last.behind.length === 0 && last.entries.length === state.range.end ? state : undefined;
  }

  #write(record: Uint8Array, at: number | undefined): void {
    if (at === undefined) throw new WardlockError('AUDIT_STORE_FULL', 'The emergency log is full.');
    try {
      if (writeSync(this.#fd, record, 0, record.length, at) !== record.length) throw new RangeError('short write');
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw new WardlockError('AUDIT_APPEND_FAILED', 'The emergency log could not be written.', { cause: error });
    }
  }
}

function newLog(crypto: AuditCrypto, workstation: Uint8Array, range: CompactRange): ChainState {
  const log: LogId = { workstation, incarnation: crypto.random(INCARNATION_BYTES) };
  return { log, range, link: NO_LINK, epoch: undefined };
}

/** The file with all of its room, which a full disk can't take away any more. */
function openFilled(path: string): number {
  const fd = openOrCreate(path);
  try {
    const missing = EMERGENCY_BYTES - fstatSync(fd).size;
    if (missing > 0) {
      for (let written = 0; written < missing; ) {
        written += writeSync(fd, new Uint8Array(missing - written), 0, missing - written, EMERGENCY_BYTES - missing + written);
      }
      fdatasyncSync(fd);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function flushFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openOrCreate(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch {
    return openSync(path, 'wx+', PRIVATE_FILE);
  }
}

function readWhole(fd: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(fd).size);
  let filled = 0;
  while (filled < bytes.length) {
    const got = readSync(fd, bytes, filled, bytes.length - filled, filled);
    if (got <= 0) break;
    filled += got;
  }
  return bytes.subarray(0, filled);
}
