/**
 * Refuses public keys of small order and non-canonical encodings (RFC 7748 section 6.1, RFC 8032 section 5.1.3).
 * Owns the two lists. Must run wherever a key enters the system: runtimes differ on what they do with such keys later.
 */
import { WardlockError } from '../errors/index.ts';
import { HASH_BYTES, toHex } from './bytes.ts';

/** y coordinates (sign bit cleared) of the eight points of small order on edwards25519. */
const ED25519_LOW_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** u coordinates of small order on curve25519 and its twist. */
const X25519_LOW_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** Throws AUDIT_KEY_UNSUITABLE unless this is 32 bytes, canonical and not of small order. */
export function checkEd25519PublicKey(key: Uint8Array): void {
  if (!isSuitable(key, ED25519_LOW_ORDER)) throw unsuitable('an Ed25519');
}

/** Throws AUDIT_KEY_UNSUITABLE unless `isX25519PublicKey`. */
export function checkX25519PublicKey(key: Uint8Array): void {
  if (!isX25519PublicKey(key)) throw unsuitable('an X25519');
}

/** 32 bytes, canonical and not of small order. */
export function isX25519PublicKey(key: Uint8Array): boolean {
  return isSuitable(key, X25519_LOW_ORDER);
}

function isSuitable(key: Uint8Array, lowOrder: ReadonlySet<string>): boolean {
  if (key.length !== HASH_BYTES) return false;
  const masked = Uint8Array.from(key, (byte, at) => (at === HASH_BYTES - 1 ? byte & 0x7f : byte));
  return !isBeyondField(masked) && !lowOrder.has(toHex(masked));
}

function unsuitable(kind: string): WardlockError {
  return new WardlockError('AUDIT_KEY_UNSUITABLE', `Expected ${kind} public key of 32 bytes in the main group; this one is refused.`);
}

/** True for encodings of p = 2^255 - 19 and above: a second spelling of a small number. */
function isBeyondField(masked: Uint8Array): boolean {
  if (masked[HASH_BYTES - 1] !== 0x7f || Number(masked[0]) < 0xed) return false;
  return masked.subarray(1, HASH_BYTES - 1).every((byte) => byte === 0xff);
}
