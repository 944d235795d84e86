/**
 * The emergency log: a preallocated append-only file that takes login, logout and break-glass when the store is full or
 * broken. Owns its records and an incarnation of its own for each life of the agent; needs no room and no database. Each
 * event has an epoch of its own, so that no key outlives the call.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { concat, equalBytes, toHex, utf8 } from '../../core/audit/bytes.ts';
import { logKeyName } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import type { AuditCrypto, Signer } from '../../core/audit/crypto.ts';
import { type ChainState, type EntryTime, LogDraft, NO_LINK } from '../../core/audit/draft.ts';
import { INCARNATION_BYTES, type LogId, type Padded } from '../../core/audit/entry.ts';
import type { Citation, Recipient } from '../../core/audit/epoch.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import type { LogSource } from '../../core/audit/verify/source.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { underLogKey } from './log-signature.ts';

/** Room for some 150 events; written once, so that a full disk can't take it away. */
export const EMERGENCY_BYTES = 512 * 1024;
const PRIVATE_FILE = 0o600;
const MAGIC = 0x574c4531;
const PREFIX_BYTES = 40;
const PART = { entry: 1, kept: 2, head: 3 } as const;

/** One log found in the file: all that a verifier or a server needs of it. */
export interface EmergencyRun {
  readonly incarnation: string;
  readonly entries: readonly Uint8Array[];
  readonly kept: readonly string[];
  readonly head: string;
}

export interface EmergencyParts {
  readonly crypto: AuditCrypto;
  readonly workstation: Uint8Array;
  readonly logSigner: Signer;
  readonly now: () => EntryTime;
}

export class EmergencyLog {
  readonly #fd: number;
  readonly #parts: EmergencyParts;
  #at: number;
  #state: ChainState | undefined;

  private constructor(fd: number, parts: EmergencyParts, at: number) {
    this.#fd = fd;
    this.#parts = parts;
    this.#at = at;
  }

  /** Opens the file, making and filling it at first. Throws when it can't be had: the caller reports that there is none. */
  static open(path: string, parts: EmergencyParts): EmergencyLog {
    const fd = openOrCreate(path);
    const missing = EMERGENCY_BYTES - fstatSync(fd).size;
    if (missing > 0) {
      writeSync(fd, new Uint8Array(missing), 0, missing, EMERGENCY_BYTES - missing);
      fdatasyncSync(fd);
    }
    return new EmergencyLog(fd, parts, scan(readWhole(fd), parts.crypto).end);
  }

  /** True when nothing was ever written, or all of it was taken away after its receipt. */
  get isEmpty(): boolean {
    return this.#at === 0;
  }

  get incarnation(): string | undefined {
    return this.#state === undefined ? undefined : toHex(this.#state.log.incarnation);
  }

  /** Durable when it returns. @param main what the main log was, as far as known */
  append(padded: Padded, recipients: readonly Recipient[], main: Citation): number {
    const { crypto, logSigner, workstation, now } = this.#parts;
    const hasher = treeHasher(crypto);
    const before = this.#state ?? newLog(crypto, workstation, CompactRange.empty(hasher));
    const draft = new LogDraft(crypto, hasher, before);
    const origin = before.epoch === undefined ? ({ kind: 'replacement', replaces: main } as const) : ({ kind: 'later' } as const);
    const seed = crypto.random(32);
    const named = { name: logKeyName(workstation), signer: logSigner };
    draft.openEpoch({ reason: 'start', origin, seed, recipients, logSigner: named, time: now() });
    seed.fill(0);
    const seq = draft.append(padded, now(), crypto.random(FRESH_BYTES));
    const payload = concat(
      ...draft.entries.map((entry) => part(PART.entry, entry.bytes)),
      ...draft.kept.map((kept) => part(PART.kept, utf8(kept.note))),
      // Now, while this process knows that it made it: in a later life the file is only found.
      part(PART.head, utf8(underLogKey({ crypto, logSigner: named }, draft.head()))),
    );
    this.#write(payload);
    const after = draft.state();
    this.#state = { ...after, epoch: after.epoch === undefined ? undefined : { ...after.epoch, keys: undefined } };
    return seq;
  }

  /** All that was written and not taken away yet. */
  content(): Uint8Array | undefined {
    return this.isEmpty ? undefined : readWhole(this.#fd).subarray(0, this.#at);
  }

  runs(): readonly EmergencyRun[] {
    return scan(readWhole(this.#fd), this.#parts.crypto).runs;
  }

  /** Empties the file after all of it was receipted. */
  clear(): void {
    writeSync(this.#fd, new Uint8Array(EMERGENCY_BYTES), 0, EMERGENCY_BYTES, 0);
    fdatasyncSync(this.#fd);
    this.#at = 0;
    this.#state = undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(payload: Uint8Array): void {
    const record = concat(prefix(payload.length), this.#parts.crypto.sha256(payload), payload);
    if (this.#at + record.length > EMERGENCY_BYTES) throw new WardlockError('AUDIT_STORE_FULL', 'The emergency log is full.');
    try {
      if (writeSync(this.#fd, record, 0, record.length, this.#at) !== record.length) throw new RangeError('short write');
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw new WardlockError('AUDIT_APPEND_FAILED', 'The emergency log could not be written.', { cause: error });
    }
    this.#at += record.length;
  }
}

/** The emergency logs in the bytes of such a file. Reading stops at the first record that is not whole. */
export function readEmergencyRuns(bytes: Uint8Array, crypto: Pick<AuditCrypto, 'sha256'>): readonly EmergencyRun[] {
  return scan(bytes, crypto).runs;
}

/** A run as the verifier reads it. */
export function emergencySource(workstation: Uint8Array, run: EmergencyRun): LogSource {
  const incarnation = Uint8Array.from(run.incarnation.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return {
    log: { workstation, incarnation },
    start: { size: 0, hashes: [] },
    entries: () => run.entries.map((bytes, seq) => ({ seq, bytes })),
    checkpoints: () => run.kept,
    head: run.head,
    receipts: [],
  };
}

function newLog(crypto: AuditCrypto, workstation: Uint8Array, range: CompactRange): ChainState {
  const log: LogId = { workstation, incarnation: crypto.random(INCARNATION_BYTES) };
  return { log, range, link: NO_LINK, epoch: undefined };
}

interface MutableRun {
  readonly incarnation: string;
  readonly entries: Uint8Array[];
  readonly kept: string[];
  head: string;
}

function scan(bytes: Uint8Array, crypto: Pick<AuditCrypto, 'sha256'>): { readonly runs: readonly MutableRun[]; readonly end: number } {
  const runs: MutableRun[] = [];
  let at = 0;
  while (at + PREFIX_BYTES <= bytes.length) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const length = view.getUint32(4);
    if (view.getUint32(0) !== MAGIC || at + PREFIX_BYTES + length > bytes.length) break;
    const payload = bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + length);
    if (!equalBytes(bytes.subarray(at + 8, at + PREFIX_BYTES), crypto.sha256(payload))) break;
    for (const { kind, content } of parts(payload)) take(runs, kind, content);
    at += PREFIX_BYTES + length;
  }
  return { runs, end: at };
}

function take(runs: MutableRun[], kind: number, content: Uint8Array): void {
  if (kind === PART.entry) {
    const incarnation = toHex(content.subarray(56, 56 + INCARNATION_BYTES));
    if (runs.at(-1)?.incarnation !== incarnation) runs.push({ incarnation, entries: [], kept: [], head: '' });
    runs.at(-1)?.entries.push(content);
  }
  const run = runs.at(-1);
  const text = new TextDecoder().decode(content);
  if (kind === PART.kept) run?.kept.push(text);
  if (kind === PART.head && run !== undefined) run.head = text;
}

function* parts(payload: Uint8Array): Generator<{ readonly kind: number; readonly content: Uint8Array }> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  for (let at = 0; at + 5 <= payload.length; ) {
    const length = view.getUint32(at + 1);
    yield { kind: view.getUint8(at), content: payload.slice(at + 5, at + 5 + length) };
    at += 5 + length;
  }
}

function part(kind: number, content: Uint8Array): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = kind;
  new DataView(head.buffer).setUint32(1, content.length);
  return concat(head, content);
}

function prefix(length: number): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, length);
  return out;
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
