/**
 * Random bytes from the kernel at every call. Owns the open descriptor; must never keep a pool, because OpenSSL's generator
 * lives in this process's memory and a restored memory snapshot would give the same bytes twice.
 */
import { randomFillSync } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { WardlockError } from '../core/errors/index.ts';
import { offHeap } from './off-heap.ts';

let descriptor: number | undefined;

/** Fresh bytes from /dev/urandom on Unix; elsewhere from OpenSSL, which docs/limitations.md names. */
export function kernelRandom(length: number): Uint8Array {
  // It may become a key.
  const out = offHeap(length);
  if (process.platform === 'win32') return randomFillSync(out);
  descriptor ??= openSync('/dev/urandom', 'r');
  let filled = 0;
  while (filled < length) {
    const got = readSync(descriptor, out, filled, length - filled, null);
    if (got <= 0) throw new WardlockError('AUDIT_CRYPTO_FAILED', 'The kernel gave no random bytes.');
    filled += got;
  }
  return out;
}
