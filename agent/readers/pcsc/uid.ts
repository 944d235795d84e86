/**
 * The number of a contactless card by PC/SC part 3: GET DATA, which the reader itself answers. Pure. It must never pass on a number
 * that can't tell one card from another.
 */
import type { Reading, Unreadable } from '../port.ts';

/** GET DATA, P1=00: the UID; Le=00: as long as it is. */
export const GET_UID = Uint8Array.of(0xff, 0xca, 0x00, 0x00, 0x00);

/** Bytes of a UID: 4, 7 or 10 in ISO 14443 A, 8 in ISO 15693 and FeliCa, up to 16 with what readers of 125 kHz cards make of theirs. */
const LEAST_BYTES = 4;
const MOST_BYTES = 16;
const STATUS_BYTES = 2;
const SUCCESS = 0x9000;
/** ISO 14443-3, 6.5.4: a UID of four bytes that begins so is drawn anew each time, as telephones and passports do. */
const RANDOM_UID = 0x08;
const SINGLE_UID_BYTES = 4;

const unreadable = (why: Unreadable): Reading => ({ ok: false, why });

/** @param response data and the two status bytes, as the reader gave them */
export function readingOf(response: Uint8Array): Reading {
  if (response.length < STATUS_BYTES) return unreadable('no-answer');
  const at = response.length - STATUS_BYTES;
  const status = new DataView(response.buffer, response.byteOffset + at, STATUS_BYTES).getUint16(0);
  if (status !== SUCCESS) return unreadable('no-number');
  const uid = response.subarray(0, at);
  if (uid.length === 0) return unreadable('no-number');
  if (uid.length < LEAST_BYTES || uid.length > MOST_BYTES) return unreadable('number-length');
  if (uid.length === SINGLE_UID_BYTES && uid[0] === RANDOM_UID) return unreadable('number-random');
  if (uid.every((byte) => byte === uid[0]) && (uid[0] === 0x00 || uid[0] === 0xff)) return unreadable('no-number');
  return { ok: true, presentation: { proof: 'identifier', number: Buffer.from(uid).toString('hex').toUpperCase() } };
}
