/**
 * SHA-256 (FIPS 180-4) by Node's own OpenSSL, one call for each digest: node:crypto asks for the algorithm anew, by name, and
 * EVP_Digest makes and wipes a context each time, which costs half of hashing an entry. Owns the padding, the state between calls and the
 * memory that is hashed in; the compression is OpenSSL's. The state is `SHA256_CTX` of openssl/sha.h: the eight words of the hash, two of
 * the length, and room for part of a block, which is never used here; who binds this tests it against published answers.
 */
import { WardlockError } from '../../core/errors/index.ts';
import { ADDRESS, bound, fixedMemory } from './bound.ts';

const BLOCK_BYTES = 64;
const WORDS = 8;
const WORD_BYTES = 4;
/** The end mark and the length, in bits, of a message's last block. */
const END_MARK = 0x80;
const END_BYTES = 9;
/** Most bytes of a message; an entry has at most some 16 KiB. What is larger goes the ordinary way. */
export const DIGEST_ROOM_BYTES = 32 * 1024;

/** Words of the state that hashing whole blocks changes: the hash and the length. */
const STATE_WORDS = WORDS + 2;
/** Where the message lies in the memory that OpenSSL is given, behind the state of 112 bytes. */
const IN_AT = 128;

/** Writes the digest of a message of at most DIGEST_ROOM_BYTES into `into` from `at` on. */
export type Digest = (data: Uint8Array, into: Uint8Array, at: number) => void;

/** Binds the functions; throws where this runtime does not export them. */
export function nativeSha256(): Digest {
  const init = bound(`int SHA256_Init(${ADDRESS} state)`);
  const update = bound(`int SHA256_Update(${ADDRESS} state, ${ADDRESS} data, size_t length)`);
  const { memory, base } = fixedMemory(IN_AT + paddedBytes(DIGEST_ROOM_BYTES));
  const view = new DataView(memory.buffer);
  const state = new Uint32Array(memory.buffer, 0, STATE_WORDS);
  if (init(base) !== 1) throw refused();
  const fresh = state.slice();
  return (data, into, at) => {
    const { length } = data;
    const bytes = paddedBytes(length);
    for (let word = 0; word < STATE_WORDS; word += 1) state[word] = Number(fresh[word]);
    // Behind the message all is zero, as the one before left it.
    memory.set(data, IN_AT);
    memory[IN_AT + length] = END_MARK;
    view.setUint32(IN_AT + bytes - WORD_BYTES, length * 8);
    // Whole blocks, so nothing waits in the state for more.
    const result = update(base, base + IN_AT, bytes);
    // It may have been an event in clear.
    memory.fill(0, IN_AT, IN_AT + bytes);
    if (result !== 1) throw refused();
    for (let word = 0; word < WORDS; word += 1) {
      const value = Number(state[word]);
      const to = at + word * WORD_BYTES;
      into[to] = value >>> 24;
      into[to + 1] = value >>> 16;
      into[to + 2] = value >>> 8;
      into[to + 3] = value;
    }
  };
}

/** A message with its end, in whole blocks. */
function paddedBytes(length: number): number {
  return Math.ceil((length + END_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
}

function refused(): WardlockError {
  return new WardlockError('AUDIT_KEYS_UNAVAILABLE', "OpenSSL's SHA-256 refused a call.");
}
