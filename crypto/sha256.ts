/**
 * One-shot SHA-256 (FIPS 180-4) on node:crypto, into memory that the caller owns. Owns the fastest way there: asked for bytes,
 * node:crypto makes a Buffer for each digest, which costs more than hashing an entry; asked for latin1 text it does not.
 */
import { hash } from 'node:crypto';

const HASH_BYTES = 32;

export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(HASH_BYTES);
  sha256Into(data, digest, 0);
  return digest;
}

/** Writes the 32 bytes of the digest into `into` from `at` on. */
export function sha256Into(data: Uint8Array, into: Uint8Array, at: number): void {
  const digest = hash('sha256', data, 'binary');
  for (let i = 0; i < HASH_BYTES; i += 1) into[at + i] = digest.charCodeAt(i);
}
