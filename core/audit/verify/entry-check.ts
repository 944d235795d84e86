/**
 * The quick check of one entry against its place: written without allocation, because it runs for every entry of a log.
 * Owns which fault an entry out of place is; the layout is entry.ts's.
 */
import { WardlockError } from '../../errors/index.ts';
import { HEADER_BYTES, KIND_EPOCH, type LogId, parseHeader } from '../entry.ts';
import type { FaultCode } from '../faults.ts';

const TWO_32 = 2 ** 32;
const ID_AT = 40;
const SEQ_AT = 16;
const EPOCH_AT = 12;
const WALL_AT = 24;

/** Workstation and incarnation as they stand in a header. */
export function logIdBytes(log: LogId): Uint8Array {
  const out = new Uint8Array(log.workstation.length + log.incarnation.length);
  out.set(log.workstation, 0);
  out.set(log.incarnation, log.workstation.length);
  return out;
}

/** What is wrong with the entry at place `seq`, or `undefined`. `ENTRY_REORDERED` may turn out to be a copy. */
export function checkPlace(entry: Uint8Array, seq: number, id: Uint8Array): FaultCode | undefined {
  try {
    if (parseHeader(entry).length === 0) return 'ENTRY_MALFORMED';
  } catch (error) {
    if (error instanceof WardlockError) return 'ENTRY_MALFORMED';
    throw error;
  }
  for (let i = 0; i < id.length; i += 1) if (entry[ID_AT + i] !== id[i]) return 'ENTRY_FOREIGN';
  return seqOf(entry) === seq ? undefined : 'ENTRY_REORDERED';
}

export function isEpochEntry(entry: Uint8Array): boolean {
  return entry.length >= HEADER_BYTES && entry[2] === KIND_EPOCH;
}

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
