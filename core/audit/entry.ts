/**
 * The entry: a fixed big-endian header, which is the AEAD's associated data, then ciphertext and tag (or, for the entry
 * that opens an epoch, a public body). Owns the layout below and the padding. The bytes stored are the bytes hashed.
 *
 *   0  version u8      1        40  workstation  16 bytes
 *   1  suite u8        1        56  incarnation   8 bytes, random
 *   2  kind u8         1 data,  64  link          8 bytes: the previous entry's leaf hash, cut; zero at seq 0
 *                      2 epoch  72  nonce        12 bytes; zero for kind 2
 *   3  padding class   0 to 6   84  what follows, `length` bytes
 *   4  length u32
 *   8  boot counter u32         `link` proves nothing (the tree does): it lets a verifier name the altered entry itself.
 *  12  epoch u32
 *  16  seq u64
 *  24  wall time u64, microseconds since 1970 UTC
 *  32  boot time u64, microseconds of CLOCK_BOOTTIME
 */
import { WardlockError } from '../errors/index.ts';
import { putU32, putU64, readU64, utf8, zeroed } from './bytes.ts';

export const ENTRY_VERSION = 1;
/** HPKE (X25519, HKDF-SHA256, AES-256-GCM) for the epoch, AES-256-GCM for entries, Ed25519 for checkpoints, SHA-256 tree. */
export const ENTRY_SUITE = 1;
export const KIND_DATA = 1;
export const KIND_EPOCH = 2;
export const HEADER_BYTES = 84;
export const WORKSTATION_BYTES = 16;
export const INCARNATION_BYTES = 8;
export const LINK_BYTES = 8;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/**
 * Sizes to which plaintexts are padded. The first holds every ordinary event, so that size does not tell them apart, and
 * makes an entry of 416 bytes: 19 to a database page of 8 KiB.
 */
export const PADDED_SIZES = [316, 636, 1276, 2556, 5116, 10_236, 16_380] as const;
export const MAX_PADDED_BYTES = 16_380;
/** Encoding u8 and length u16 before the content. */
const FRAME_BYTES = 3;
/** Content encodings inside the padding: JSON as it is. Others are refused until they are defined. */
const ENCODING_JSON = 0;
/** The largest event, in bytes of its canonical JSON. */
export const MAX_CONTENT_BYTES = MAX_PADDED_BYTES - FRAME_BYTES;
export const MAX_ENTRY_BYTES = HEADER_BYTES + MAX_PADDED_BYTES + TAG_BYTES;

/** Which log an entry belongs to. */
export interface LogId {
  readonly workstation: Uint8Array;
  readonly incarnation: Uint8Array;
}

export interface EntryHeader extends LogId {
  readonly kind: typeof KIND_DATA | typeof KIND_EPOCH;
  readonly paddingClass: number;
  /** Bytes after the header. */
  readonly length: number;
  readonly boot: number;
  readonly epoch: number;
  readonly seq: number;
  /** Microseconds since 1970 UTC, as the seat's clock said: a claim, not a proof. */
  readonly wallMicros: number;
  /** Microseconds of CLOCK_BOOTTIME: comparable within one boot counter only. */
  readonly bootMicros: number;
  readonly link: Uint8Array;
  readonly nonce: Uint8Array;
}

/** Writes the 84 bytes. */
export function encodeHeader(header: EntryHeader, into: Uint8Array = new Uint8Array(HEADER_BYTES)): Uint8Array {
  into[0] = ENTRY_VERSION;
  into[1] = ENTRY_SUITE;
  into[2] = header.kind;
  into[3] = header.paddingClass;
  putU32(into, 4, header.length);
  putU32(into, 8, header.boot);
  putU32(into, 12, header.epoch);
  putU64(into, 16, header.seq);
  putU64(into, 24, header.wallMicros);
  putU64(into, 32, header.bootMicros);
  into.set(header.workstation, 40);
  into.set(header.incarnation, 56);
  into.set(header.link, 64);
  into.set(header.nonce, 72);
  return into;
}

/** Parses and bounds-checks an entry's header; throws AUDIT_ENTRY_MALFORMED. Slices point into `entry`. */
export function parseHeader(entry: Uint8Array): EntryHeader {
  if (entry.length < HEADER_BYTES || entry.length > MAX_ENTRY_BYTES) throw malformed(`has ${entry.length} bytes`);
  const view = new DataView(entry.buffer, entry.byteOffset, HEADER_BYTES);
  if (entry[0] !== ENTRY_VERSION || entry[1] !== ENTRY_SUITE) throw malformed('has an unknown version or suite');
  const kind = entry[2];
  if (kind !== KIND_DATA && kind !== KIND_EPOCH) throw malformed('is of an unknown kind');
  const length = view.getUint32(4);
  if (length !== entry.length - HEADER_BYTES) throw malformed('does not have the length that it states');
  const paddingClass = view.getUint8(3);
  if (!hasItsSize(kind, paddingClass, length)) throw malformed('is not padded to a known size');
  const seq = readU64(view, 16);
  const wallMicros = readU64(view, 24);
  const bootMicros = readU64(view, 32);
  if (seq === undefined || wallMicros === undefined || bootMicros === undefined) throw malformed('has a number beyond 2^53');
  return {
    kind,
    paddingClass,
    length,
    boot: view.getUint32(8),
    epoch: view.getUint32(12),
    seq,
    wallMicros,
    bootMicros,
    workstation: entry.subarray(40, 56),
    incarnation: entry.subarray(56, 64),
    link: entry.subarray(64, 72),
    nonce: entry.subarray(72, 84),
  };
}

/** What follows the header: ciphertext and tag, or an epoch's body. */
export function entryBody(entry: Uint8Array): Uint8Array {
  return entry.subarray(HEADER_BYTES);
}

export interface Padded {
  readonly paddingClass: number;
  readonly plaintext: Uint8Array;
}

/** Frames and pads content; throws AUDIT_EVENT_OVERSIZE above MAX_CONTENT_BYTES. */
export function pad(content: Uint8Array): Padded {
  const paddingClass = classOf(content.length);
  const size = PADDED_SIZES[paddingClass];
  if (size === undefined) throw oversize(content.length);
  const plaintext = zeroed(size);
  frame(plaintext, content.length);
  plaintext.set(content, FRAME_BYTES);
  return { paddingClass, plaintext };
}

/**
 * Frames and pads texts one after the other in the same memory: of an event in clear nothing stays behind, and nothing is left for the
 * collector.
 */
export interface PaddingRoom {
  /** As `pad`; right until the next one, or until `wipe`. */
  pad(text: string): Padded;
  /** Zeroes the memory of the last one. */
  wipe(): void;
}

/** Room for the largest entry, used again for each. */
export function paddingRoom(): PaddingRoom {
  const memory = new Uint8Array(MAX_PADDED_BYTES);
  const content = memory.subarray(FRAME_BYTES);
  const ready = PADDED_SIZES.map((size, paddingClass): Padded => ({ paddingClass, plaintext: memory.subarray(0, size) }));
  const encoder = new TextEncoder();
  let last: Padded | undefined;
  const wipe = (): void => void last?.plaintext.fill(0);
  return {
    pad(text) {
      wipe();
      const { read, written } = encoder.encodeInto(text, content);
      const paddingClass = read < text.length ? -1 : classOf(written);
      last = ready[paddingClass];
      if (last === undefined) {
        memory.fill(0);
        throw oversize(utf8(text).length);
      }
      frame(memory, written);
      return last;
    },
    wipe,
  };
}

/** Throws AUDIT_EVENT_OVERSIZE for a text that `pad` would refuse. */
export function checkContent(text: string): void {
  // No character takes more than three bytes for each of its UTF-16 units.
  if (text.length * 3 <= MAX_CONTENT_BYTES) return;
  const { length } = utf8(text);
  if (length > MAX_CONTENT_BYTES) throw oversize(length);
}

/** The smallest padded size for so many bytes of content; -1 where there is none. */
function classOf(bytes: number): number {
  return PADDED_SIZES.findIndex((size) => bytes + FRAME_BYTES <= size);
}

function frame(plaintext: Uint8Array, length: number): void {
  plaintext[0] = ENCODING_JSON;
  plaintext[1] = length >>> 8;
  plaintext[2] = length & 0xff;
}

function oversize(length: number): WardlockError {
  return new WardlockError('AUDIT_EVENT_OVERSIZE', `An event may have ${MAX_CONTENT_BYTES} bytes; this one has ${length}.`);
}

/** Takes the padding off; `undefined` when the frame is not one that `pad` writes. */
export function unpad(plaintext: Uint8Array): Uint8Array | undefined {
  const [encoding, high = 0, low = 0] = plaintext;
  const end = FRAME_BYTES + high * 256 + low;
  if (encoding !== ENCODING_JSON || plaintext.length < end) return undefined;
  for (let i = end; i < plaintext.length; i += 1) if (plaintext[i] !== 0) return undefined;
  return plaintext.subarray(FRAME_BYTES, end);
}

function hasItsSize(kind: number, paddingClass: number, length: number): boolean {
  if (kind === KIND_EPOCH) return paddingClass === 0;
  const size = PADDED_SIZES[paddingClass];
  return size !== undefined && length === size + TAG_BYTES;
}

function malformed(what: string): WardlockError {
  return new WardlockError('AUDIT_ENTRY_MALFORMED', `The entry ${what}.`);
}
