/**
 * One-shot SHA-256 (FIPS 180-4) into memory that the caller owns. Owns the choice of the quickest way that this runtime has, tested
 * once against a published answer. By node:crypto: asked for bytes it makes a Buffer for each digest, which costs more than hashing an
 * entry; asked for latin1 text it does not.
 */
import { getFips, hash } from 'node:crypto';
import { DIGEST_ROOM_BYTES, type Digest, nativeSha256 } from './openssl/digest.ts';

const HASH_BYTES = 32;
/** FIPS 180-4's examples of one block and of two, with their answers. */
const KNOWN = [
  { message: 'abc', digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
  {
    message: 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    digest: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
] as const;

/** One for each thread; null where there is none. */
let native: Digest | null | undefined;

export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(HASH_BYTES);
  sha256Into(data, digest, 0);
  return digest;
}

/** Writes the 32 bytes of the digest into `into` from `at` on. */
export function sha256Into(data: Uint8Array, into: Uint8Array, at: number): void {
  if (native === undefined) native = quickest();
  if (native !== null && data.length <= DIGEST_ROOM_BYTES) native(data, into, at);
  else sha256ByNode(data, into, at);
}

/** The same by node:crypto: for what is longer than the room that is kept, and where no OpenSSL is exported. */
export function sha256ByNode(data: Uint8Array, into: Uint8Array, at: number): void {
  const digest = hash('sha256', data, 'binary');
  for (let i = 0; i < HASH_BYTES; i += 1) into[at + i] = digest.charCodeAt(i);
}

function quickest(): Digest | null {
  try {
    // A validated module is asked by name alone.
    if (getFips() === 1) return null;
    const candidate = nativeSha256();
    return KNOWN.every(({ message, digest }) => givesKnownAnswer(candidate, message, digest)) ? candidate : null;
  } catch {
    // A runtime that exports no OpenSSL, or a system without koffi: node:crypto serves, more slowly.
    return null;
  }
}

function givesKnownAnswer(candidate: Digest, message: string, expected: string): boolean {
  const digest = Buffer.alloc(HASH_BYTES);
  candidate(Buffer.from(message), digest, 0);
  return digest.toString('hex') === expected;
}
