/**
 * Sealing an event into an entry and opening it again. Owns the order header, nonce, AEAD; must never see a key outside
 * its handle, and never returns a plaintext whose tag or padding does not hold.
 */
import { fromUtf8, HASH_BYTES, zeroed } from './bytes.ts';
import {
  type EntryHeader,
  encodeHeader,
  HEADER_BYTES,
  KIND_DATA,
  NONCE_BYTES,
  type Padded,
  parseHeader,
  TAG_BYTES,
  unpad,
} from './entry.ts';
import type { EpochKeys } from './epoch.ts';

/** What the writer states of an entry; the rest of the header follows from the plaintext. */
export type EntryPlace = Omit<EntryHeader, 'kind' | 'paddingClass' | 'length' | 'nonce'>;

/** Bytes of kernel randomness that each nonce takes. */
export const FRESH_BYTES = 16;
/** The nonce ends the header. */
const NONCE_AT = HEADER_BYTES - NONCE_BYTES;
const NO_NONCE = new Uint8Array(NONCE_BYTES);

/** The header that is being written, its part before the nonce, and a nonce with what is cut off: nothing of it is secret. */
const header = new Uint8Array(HEADER_BYTES);
const beforeNonce = header.subarray(0, NONCE_AT);
const mac = new Uint8Array(HASH_BYTES);
const nonce = mac.subarray(0, NONCE_BYTES);

/**
 * Seals a padded plaintext; `fresh` is FRESH_BYTES from the kernel, never used before. The nonce is HMAC(nonce key, the header before its
 * nonce || plaintext || fresh), cut to 12 bytes. A restored memory snapshot repeats a nonce for the same entry only, byte for byte: all that
 * the AEAD is given stands in here, because one nonce under two headers would give GCM's authentication key away.
 */
export function sealEntry(keys: EpochKeys, place: EntryPlace, { paddingClass, plaintext }: Padded, fresh: Uint8Array): Uint8Array {
  const { workstation, incarnation, boot, epoch, seq, wallMicros, bootMicros, link } = place;
  const length = plaintext.length + TAG_BYTES;
  // Field by field: this runs for each event, and a spread costs as much as the hash of the entry.
  encodeHeader(
    { workstation, incarnation, kind: KIND_DATA, paddingClass, length, boot, epoch, seq, wallMicros, bootMicros, link, nonce: NO_NONCE },
    header,
  );
  keys.nonce.macInto(mac, beforeNonce, plaintext, fresh);
  header.set(nonce, NONCE_AT);
  const entry = zeroed(HEADER_BYTES + length);
  entry.set(header);
  keys.aead.sealRecord(entry, HEADER_BYTES, plaintext);
  return entry;
}

/** The event's canonical JSON, or `undefined` when the entry does not open under these keys. */
export function openEntry(keys: EpochKeys, entry: Uint8Array, header: EntryHeader = parseHeader(entry)): string | undefined {
  if (header.kind !== KIND_DATA) return undefined;
  const plaintext = keys.aead.open(header.nonce, entry.subarray(HEADER_BYTES), entry.subarray(0, HEADER_BYTES));
  const content = plaintext === undefined ? undefined : unpad(plaintext);
  return content === undefined ? undefined : fromUtf8(content);
}
