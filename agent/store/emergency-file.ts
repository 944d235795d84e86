/**
 * The bytes of the emergency log: records one after the other, each with its hash, zeros behind them. Owns the format and what is read of
 * a damaged file: every record that is whole, and where something else stands. Nothing that stands there is ever written over.
 */
import { concat, equalBytes, readU64, toHex, utf8 } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { HEADER_BYTES, INCARNATION_BYTES } from '../../core/audit/entry.ts';
import type { LogSource, StoredEntry } from '../../core/audit/verify/source.ts';
import { isWardlockError } from '../../core/errors/index.ts';

/** 'WLE1'. */
const MAGIC = Uint8Array.of(0x57, 0x4c, 0x45, 0x31);
const HASH_AT = 8;
const PREFIX_BYTES = 40;
const PART_PREFIX_BYTES = 5;
const PART = { entry: 1, kept: 2, head: 3 } as const;
const SEQ_AT = 16;
const INCARNATION_AT = 56;

/** What one call of `append` wrote: an epoch, its event, and what signs both. */
export interface EmergencyRecord {
  readonly incarnation: string;
  readonly entries: readonly StoredEntry[];
  readonly kept: readonly string[];
  readonly head: string;
}

/** One log found in the file: all that a verifier or a server needs of it. */
export interface EmergencyRun {
  readonly incarnation: string;
  /** From the first one on: what a server can take. */
  readonly entries: readonly Uint8Array[];
  readonly kept: readonly string[];
  /** Over those; empty where there are none. */
  readonly head: string;
  /** What stands behind a gap: no server can take it, a verifier names the gap and reads on. */
  readonly behind: readonly EmergencyRecord[];
}

/** From its first byte to before its end. */
interface Stretch {
  readonly from: number;
  readonly end: number;
}

export interface EmergencyContent {
  readonly runs: readonly EmergencyRun[];
  /** Bytes that are neither part of a whole record nor zero. */
  readonly damage: readonly Stretch[];
  /** Where the last whole record ends. */
  readonly end: number;
}

/** Entries of a run, those behind a gap too. */
export function entriesOf({ entries, behind }: EmergencyRun): readonly StoredEntry[] {
  return [...entries.map((bytes, seq) => ({ seq, bytes })), ...behind.flatMap((record) => record.entries)];
}

/** How many there are. Asked at each append, so nothing is made for it. */
export function countOf({ entries, behind }: EmergencyRun): number {
  return behind.reduce((sum, record) => sum + record.entries.length, entries.length);
}

/** A run as the verifier reads it. */
export function emergencySource(workstation: Uint8Array, run: EmergencyRun): LogSource {
  const incarnation = Uint8Array.from(run.incarnation.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return {
    log: { workstation, incarnation },
    start: { size: 0, hashes: [] },
    entries: () => entriesOf(run),
    checkpoints: () => [...run.kept, ...run.behind.flatMap(({ kept }) => kept)],
    head: run.behind.at(-1)?.head ?? run.head,
    receipts: [],
  };
}

export function encodeRecord(
  { entries, kept, head }: Omit<EmergencyRecord, 'incarnation'>,
  crypto: Pick<AuditCrypto, 'sha256'>,
): Uint8Array {
  const payload = concat(
    ...entries.map(({ bytes }) => part(PART.entry, bytes)),
    ...kept.map((note) => part(PART.kept, utf8(note))),
    part(PART.head, utf8(head)),
  );
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, payload.length);
  return concat(MAGIC, length, crypto.sha256(payload), payload);
}

/** All that is whole. Reading goes on behind damage at the next record. */
export function readEmergency(bytes: Uint8Array, crypto: Pick<AuditCrypto, 'sha256'>): EmergencyContent {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const runs: MutableRun[] = [];
  const damage: Stretch[] = [];
  let end = 0;
  for (let at = file.indexOf(MAGIC); at >= 0; ) {
    const found = recordAt(bytes, at, crypto);
    if (found !== undefined) {
      damage.push(...stretchIn(bytes, end, at));
      take(runs, found.record);
      end = found.end;
    }
    at = file.indexOf(MAGIC, found?.end ?? at + 1);
  }
  damage.push(...stretchIn(bytes, end, bytes.length));
  return { runs, damage, end };
}

/** Where so many bytes can go behind the last record: on zeros alone. `undefined` where there is no such place. */
export function placeFor(bytes: Uint8Array, end: number, length: number): number | undefined {
  let free = 0;
  for (let at = end; at < bytes.length; at += 1) {
    free = bytes[at] === 0 ? free + 1 : 0;
    if (free === length) return at + 1 - length;
  }
  return undefined;
}

/** Everything up to the last byte that is not zero. */
export function usedPart(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

function stretchIn(bytes: Uint8Array, from: number, end: number): readonly Stretch[] {
  const between = usedPart(bytes.subarray(from, end));
  return between.length === 0 ? [] : [{ from: from + between.findIndex((byte) => byte !== 0), end: from + between.length }];
}

interface MutableRun extends EmergencyRun {
  readonly entries: Uint8Array[];
  readonly kept: string[];
  head: string;
  readonly behind: EmergencyRecord[];
}

function take(runs: MutableRun[], record: EmergencyRecord): void {
  const { incarnation, entries, kept, head } = record;
  let run = runs.at(-1);
  if (run?.incarnation !== incarnation) {
    run = { incarnation, entries: [], kept: [], head: '', behind: [] };
    runs.push(run);
  }
  const { length } = run.entries;
  if (run.behind.length > 0 || entries.some(({ seq }, at) => seq !== length + at)) {
    run.behind.push(record);
    return;
  }
  run.entries.push(...entries.map(({ bytes }) => bytes));
  run.kept.push(...kept);
  run.head = head;
}

function recordAt(
  bytes: Uint8Array,
  at: number,
  crypto: Pick<AuditCrypto, 'sha256'>,
): { readonly record: EmergencyRecord; readonly end: number } | undefined {
  if (at + PREFIX_BYTES > bytes.length) return undefined;
  const start = at + PREFIX_BYTES;
  const end = start + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(MAGIC.length);
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(start, end);
  const record = parseRecord(payload);
  if (record === undefined || !equalBytes(bytes.subarray(at + HASH_AT, start), crypto.sha256(payload))) return undefined;
  return { record, end };
}

/** `undefined` for anything that `encodeRecord` never makes. */
function parseRecord(payload: Uint8Array): EmergencyRecord | undefined {
  const found = partsOf(payload);
  const head = found?.at(-1);
  if (found === undefined || head?.kind !== PART.head) return undefined;
  const of = (kind: number): readonly Uint8Array[] => found.filter((one) => one.kind === kind).map(({ content }) => content);
  const entries = of(PART.entry).map(entryOf);
  const notes = [...of(PART.kept), head.content].map(noteOf);
  const known = entries.filter((entry) => entry !== undefined);
  const signed = notes.filter((note) => note !== undefined);
  const first = known[0];
  if (first === undefined || known.length < entries.length || signed.length < notes.length) return undefined;
  const incarnation = incarnationOf(first.bytes);
  if (known.some(({ bytes }) => incarnationOf(bytes) !== incarnation)) return undefined;
  return { incarnation, entries: known, kept: signed.slice(0, -1), head: signed.at(-1) ?? '' };
}

function entryOf(bytes: Uint8Array): StoredEntry | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const seq = readU64(new DataView(bytes.buffer, bytes.byteOffset), SEQ_AT);
  return seq === undefined ? undefined : { seq, bytes };
}

function incarnationOf(entry: Uint8Array): string {
  return toHex(entry.subarray(INCARNATION_AT, INCARNATION_AT + INCARNATION_BYTES));
}

function noteOf(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes);
  try {
    parseCheckpoint(text);
    return text;
  } catch (error) {
    if (isWardlockError(error)) return undefined;
    throw error;
  }
}

/** The parts of a payload that consists of nothing else. */
function partsOf(payload: Uint8Array): readonly { readonly kind: number; readonly content: Uint8Array }[] | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const found = [];
  let at = 0;
  while (at + PART_PREFIX_BYTES <= payload.length) {
    const end = at + PART_PREFIX_BYTES + view.getUint32(at + 1);
    if (end > payload.length) return undefined;
    found.push({ kind: view.getUint8(at), content: payload.slice(at + PART_PREFIX_BYTES, end) });
    at = end;
  }
  return at === payload.length ? found : undefined;
}

function part(kind: number, content: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(PART_PREFIX_BYTES);
  prefix[0] = kind;
  new DataView(prefix.buffer).setUint32(1, content.length);
  return concat(prefix, content);
}
