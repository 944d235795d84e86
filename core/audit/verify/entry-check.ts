/**
 * The quick check of one entry against its place: written without allocation, because it runs for every entry of a log.
 * Owns which fault an entry out of place is; the layout is entry.ts's.
 */
import {
  ENTRY_SUITE,
  ENTRY_VERSION,
  HEADER_BYTES,
  KIND_DATA,
  KIND_EPOCH,
  type LogId,
  PADDED_SIZES,
  parseHeader,
  TAG_BYTES,
} from '../entry.ts';
import type { FaultCode } from '../faults.ts';

const TWO_32 = 2 ** 32;
const ID_AT = 40;
const SEQ_AT = 16;
const EPOCH_AT = 12;
const WALL_AT = 24;
const BOOT_TIME_AT = 32;
const LENGTH_AT = 4;

/** Workstation and incarnation as they stand in a header. */
export function logIdBytes(log: LogId): Uint8Array {
  const out = new Uint8Array(log.workstation.length + log.incarnation.length);
  out.set(log.workstation, 0);
  out.set(log.incarnation, log.workstation.length);
  return out;
}

/** What is wrong with the entry at place `seq`, or `undefined`. `ENTRY_REORDERED` may turn out to be a copy. */
export function checkPlace(entry: Uint8Array, seq: number, id: Uint8Array): FaultCode | undefined {
  if (!isOrdinary(entry) && !parses(entry)) return 'ENTRY_MALFORMED';
  for (let i = 0; i < id.length; i += 1) if (entry[ID_AT + i] !== id[i]) return 'ENTRY_FOREIGN';
  return seqOf(entry) === seq ? undefined : 'ENTRY_REORDERED';
}

/** The form that nearly every entry has; whatever is not quite that is parsed in full. */
function isOrdinary(entry: Uint8Array): boolean {
  const length = PADDED_SIZES[0] + TAG_BYTES;
  return (
    entry.length === HEADER_BYTES + length &&
    entry[0] === ENTRY_VERSION &&
    entry[1] === ENTRY_SUITE &&
    entry[2] === KIND_DATA &&
    entry[3] === 0 &&
    u32(entry, LENGTH_AT) === length &&
    isSafe(entry, SEQ_AT) &&
    isSafe(entry, WALL_AT) &&
    isSafe(entry, BOOT_TIME_AT)
  );
}

/** Whether the u64 at this place is below 2^53. */
function isSafe(entry: Uint8Array, at: number): boolean {
  return entry[at] === 0 && Number(entry[at + 1]) < 32;
}

function parses(entry: Uint8Array): boolean {
  try {
    parseHeader(entry);
    return true;
  } catch {
    return false;
  }
}

/** By the byte of its kind alone: whether the rest can be read is asked elsewhere. */
export function isEpochEntry(entry: Uint8Array): boolean {
  return entry.length >= HEADER_BYTES && entry[2] === KIND_EPOCH;
}

/** The place that the header claims; as for those below, the entry has a header at least. */
export function seqOf(entry: Uint8Array): number {
  return u32(entry, SEQ_AT) * TWO_32 + u32(entry, SEQ_AT + 4);
}

export function epochOf(entry: Uint8Array): number {
  return u32(entry, EPOCH_AT);
}

export function wallMicrosOf(entry: Uint8Array): number {
  return u32(entry, WALL_AT) * TWO_32 + u32(entry, WALL_AT + 4);
}

function u32(bytes: Uint8Array, at: number): number {
  return ((Number(bytes[at]) << 24) >>> 0) + (Number(bytes[at + 1]) << 16) + (Number(bytes[at + 2]) << 8) + Number(bytes[at + 3]);
}
