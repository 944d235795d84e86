/**
 * SHA-256 (FIPS 180-4) by Node's own OpenSSL: node:crypto asks it anew, by name, for each digest. Owns the algorithm once fetched and
 * the memory that is hashed in.
 */
import koffi from 'koffi';
import { WardlockError } from '../../core/errors/index.ts';
import { ADDRESS, bound, fixedMemory } from './bound.ts';

const HASH_BYTES = 32;
/** Most bytes of a message; an entry has at most some 16 KiB. What is larger goes the ordinary way. */
export const DIGEST_ROOM_BYTES = 32 * 1024;

/** Writes the digest of a message of at most DIGEST_ROOM_BYTES into `into` from `at` on. */
export type Digest = (data: Uint8Array, into: Uint8Array, at: number) => void;

/** Binds the functions; throws where this runtime does not export them. */
export function nativeSha256(): Digest {
  const digest = bound(
    `int EVP_Digest(${ADDRESS} data, size_t length, ${ADDRESS} out, ${ADDRESS} written, ${ADDRESS} algorithm, ${ADDRESS} engine)`,
  );
  const fetched: unknown = koffi.load(null).func(`${ADDRESS} EVP_MD_fetch(${ADDRESS} library, const char *name, const char *wanted)`)(
    0,
    'SHA256',
    null,
  );
  const algorithm = Number(fetched);
  const { memory, base } = fixedMemory(HASH_BYTES + DIGEST_ROOM_BYTES);
  if (algorithm === 0) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'OpenSSL has no SHA-256.');
  return (data, into, at) => {
    memory.set(data, HASH_BYTES);
    if (digest(base + HASH_BYTES, data.length, base, 0, algorithm, 0) !== 1)
      throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', "OpenSSL's SHA-256 refused a call.");
    for (let byte = 0; byte < HASH_BYTES; byte += 1) into[at + byte] = memory[byte] ?? 0;
    // It may have been an event in clear.
    memory.fill(0, HASH_BYTES, HASH_BYTES + data.length);
  };
}
