/**
 * Leaf and node hashes of RFC 6962 section 2.1. Owns the two domain-separating prefixes and the scratch memory that keeps
 * a hash from allocating; must never be shared between threads.
 */
import { WardlockError } from '../errors/index.ts';
import { HASH_BYTES } from './bytes.ts';
import type { AuditCrypto } from './crypto.ts';

export interface TreeHasher {
  /** SHA-256(0x00 || entry). */
  leaf(entry: Uint8Array): Uint8Array;
  /** SHA-256(0x01 || left || right); both must be 32 bytes. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** `leaf` into `into` from `at` on. */
  leafInto(entry: Uint8Array, into: Uint8Array, at: number): void;
  /** `node` of the two hashes that lie beside each other in `pair`, into `into` from `at` on. */
  nodeInto(pair: Uint8Array, into: Uint8Array, at: number): void;
  /** The root of the empty tree: SHA-256 of nothing. */
  readonly emptyRoot: Uint8Array;
}

const LEAF_SCRATCH_BYTES = 32 * 1024;

/** The hashes of RFC 6962 section 2.1: SHA-256 of 0x00 and the entry for a leaf, of 0x01 and two hashes for a node. */
export function treeHasher(crypto: Pick<AuditCrypto, 'sha256' | 'sha256Into'>): TreeHasher {
  let leafScratch = new Uint8Array(LEAF_SCRATCH_BYTES);
  let leafView = leafScratch.subarray(0, 0);
  const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);
  nodeScratch[0] = 1;
  const prefixed = (entry: Uint8Array): Uint8Array => {
    const length = entry.length + 1;
    if (length > leafScratch.length) leafScratch = new Uint8Array(length);
    if (leafView.length !== length || leafView.buffer !== leafScratch.buffer) leafView = leafScratch.subarray(0, length);
    leafView.set(entry, 1);
    return leafView;
  };
  return {
    emptyRoot: crypto.sha256(new Uint8Array(0)),
    leaf: (entry) => crypto.sha256(prefixed(entry)),
    leafInto: (entry, into, at) => crypto.sha256Into(prefixed(entry), into, at),
    node(left, right) {
      if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) {
        throw new WardlockError('AUDIT_PROOF_MALFORMED', 'A hash of the tree is not 32 bytes long.');
      }
      nodeScratch.set(left, 1);
      nodeScratch.set(right, 1 + HASH_BYTES);
      return crypto.sha256(nodeScratch);
    },
    nodeInto(pair, into, at) {
      nodeScratch.set(pair, 1);
      crypto.sha256Into(nodeScratch, into, at);
    },
  };
}
