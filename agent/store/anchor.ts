/**
 * The head anchor: what the head was, in a file outside the database, because SQLite drops a damaged WAL tail without a
 * word and acknowledged loss then looks exactly like going back in time. Owns its two slots and when they are written;
 * must never hold up an append.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { concat, equalBytes, fromUtf8, putU64, readU64, utf8 } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { MAX_NOTE_BYTES } from '../../core/audit/note.ts';
import { isMissing } from '../keys/durable-file.ts';

/** Longest time that a head waits to be anchored: the window in which lost commits are not noticed (docs/limitations.md). */
export const ANCHOR_INTERVAL_MS = 250;
/** After a class 1 event: soon, so that those that come with it are one write. */
export const ANCHOR_SOON_MS = 20;
/** In a burst of class 1 events the writes are so far apart at least: each one holds up the commits that meet it at the disk. */
export const ANCHOR_APART_MS = 60;

export interface AnchorRecord {
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
  readonly head: string;
  readonly receipt: string | null;
}

const INCARNATION = /^[0-9a-f]{16}$/;

/** Reads a record; `undefined` for anything that no writer of anchors makes. By hand: a verifier would load all of TypeBox for it. */
export function anchorRecord(value: unknown): AnchorRecord | undefined {
  if (typeof value !== 'object' || value === null || !('incarnation' in value && 'head' in value && 'receipt' in value)) return undefined;
  const { incarnation, head, receipt } = value;
  if (typeof incarnation !== 'string' || !INCARNATION.test(incarnation) || !isNote(head)) return undefined;
  return receipt === null || isNote(receipt) ? { incarnation, head, receipt } : undefined;
}

function isNote(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NOTE_BYTES;
}

export type AnchorRead =
  | { readonly state: 'present'; readonly record: AnchorRecord }
  | { readonly state: 'absent' }
  | { readonly state: 'damaged' };

const SLOT_BYTES = 20 * 1024;
const SLOTS = 2;
const PREFIX_BYTES = 8 + 8 + 32;
const MAGIC = 0x574c414e;
const PRIVATE_FILE = 0o600;

interface Slot {
  readonly counter: number;
  readonly record: AnchorRecord;
}

/** Reads the newest whole slot. A torn slot is passed over: the other one is at most one write older. */
export async function readAnchor(path: string, crypto: Pick<AuditCrypto, 'sha256'>): Promise<AnchorRead> {
  const bytes = await readWhole(path);
  if (bytes === undefined) return { state: 'absent' };
  const newest = newestSlot(bytes, crypto);
  return newest === undefined ? { state: 'damaged' } : { state: 'present', record: newest.record };
}

/** The same for a verifier, which reads evidence in one go. */
export function readAnchorSync(path: string, crypto: Pick<AuditCrypto, 'sha256'>): AnchorRead {
  if (!existsSync(path)) return { state: 'absent' };
  const newest = newestSlot(new Uint8Array(readFileSync(path)), crypto);
  return newest === undefined ? { state: 'damaged' } : { state: 'present', record: newest.record };
}

/** Writes the latest record asked for; one write at a time, at most one each ANCHOR_INTERVAL_MS, or each ANCHOR_APART_MS where it is urgent. */
export class AnchorWriter {
  readonly #file: FileHandle;
  readonly #crypto: Pick<AuditCrypto, 'sha256'>;
  readonly #onProblem: (error: unknown) => void;
  #counter: number;
  #wanted: AnchorRecord | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  /** When the last write began. */
  #wroteAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;
  #failing = false;

  private constructor(file: FileHandle, crypto: Pick<AuditCrypto, 'sha256'>, counter: number, onProblem: (error: unknown) => void) {
    this.#file = file;
    this.#crypto = crypto;
    this.#counter = counter;
    this.#onProblem = onProblem;
  }

  static async open(path: string, crypto: Pick<AuditCrypto, 'sha256'>, onProblem: (error: unknown) => void): Promise<AnchorWriter> {
    const old = await readWhole(path);
    const counter = old === undefined ? 0 : (newestSlot(old, crypto)?.counter ?? 0);
    const file = await open(path, old === undefined ? 'w+' : 'r+', PRIVATE_FILE);
    if (old === undefined || old.length < SLOT_BYTES * SLOTS) {
      await file.write(new Uint8Array(SLOT_BYTES * SLOTS), 0, SLOT_BYTES * SLOTS, 0);
      await file.sync();
    }
    return new AnchorWriter(file, crypto, counter, onProblem);
  }

  /** True while the last write failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Asks for a write within ANCHOR_INTERVAL_MS, or soon: within ANCHOR_APART_MS at most. `flush` makes it happen now. */
  want(record: AnchorRecord, urgent: boolean): void {
    this.#wanted = record;
    const now = performance.now();
    const due = urgent ? Math.max(now + ANCHOR_SOON_MS, this.#wroteAt + ANCHOR_APART_MS) : now + ANCHOR_INTERVAL_MS;
    if (this.#timer !== undefined && this.#dueAt <= due) return;
    clearTimeout(this.#timer);
    this.#dueAt = due;
    this.#timer = setTimeout(() => void this.flush(), due - now);
  }

  /** Resolves once everything asked for so far is durable, or has failed and was reported. */
  async flush(): Promise<void> {
    await this.#writing;
    // Whoever began a write meanwhile took what was asked for before this call.
    await this.#write();
  }

  /** The write that is under way, or one of the newest record there is. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeOne().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async close(): Promise<void> {
    do await this.flush();
    while (this.#wanted !== undefined);
    clearTimeout(this.#timer);
    await this.#file.close();
  }

  async #writeOne(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const record = this.#wanted;
    this.#wanted = undefined;
    if (record === undefined) return;
    this.#wroteAt = performance.now();
    this.#counter += 1;
    try {
      const slot = encodeSlot({ counter: this.#counter, record }, this.#crypto);
      await this.#file.write(slot, 0, slot.length, (this.#counter % SLOTS) * SLOT_BYTES);
      await this.#file.datasync();
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      this.#onProblem(error);
    }
  }
}

function encodeSlot({ counter, record }: Slot, crypto: Pick<AuditCrypto, 'sha256'>): Uint8Array {
  const payload = utf8(JSON.stringify(record));
  const head = new Uint8Array(16);
  const view = new DataView(head.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, payload.length);
  putU64(head, 8, counter);
  return concat(head, crypto.sha256(concat(head, payload)), payload);
}

function newestSlot(bytes: Uint8Array, crypto: Pick<AuditCrypto, 'sha256'>): Slot | undefined {
  const slots = [0, 1]
    .map((at) => decodeSlot(bytes.subarray(at * SLOT_BYTES, (at + 1) * SLOT_BYTES), crypto))
    .filter((slot) => slot !== undefined);
  return slots.sort((a, b) => b.counter - a.counter)[0];
}

function decodeSlot(bytes: Uint8Array, crypto: Pick<AuditCrypto, 'sha256'>): Slot | undefined {
  if (bytes.length < PREFIX_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = view.getUint32(4);
  const counter = readU64(view, 8);
  if (view.getUint32(0) !== MAGIC || counter === undefined || length > bytes.length - PREFIX_BYTES) return undefined;
  const payload = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  if (!equalBytes(bytes.subarray(16, PREFIX_BYTES), crypto.sha256(concat(bytes.subarray(0, 16), payload)))) return undefined;
  const record = parseAnchorRecord(payload);
  return record === undefined ? undefined : { counter, record };
}

/** A record as JSON; `undefined` for anything that no writer of anchors makes. */
export function parseAnchorRecord(json: Uint8Array): AnchorRecord | undefined {
  return anchorRecord(parseJson(fromUtf8(json) ?? ''));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readWhole(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = new Uint8Array(SLOT_BYTES * SLOTS);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
