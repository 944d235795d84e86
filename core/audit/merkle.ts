/**
 * Inclusion and consistency proofs of RFC 6962/9162: making them from stored subtrees and checking them. Every hash must
 * be 32 bytes and every number a safe integer; anything else is refused, never guessed at.
 */
import { equalBytes, HASH_BYTES } from './bytes.ts';
import { coverage } from './compact.ts';
import type { TreeHasher } from './hasher.ts';

/** Reads the hash of a complete subtree. Throws when it is not there. */
export type NodeReader = (level: number, index: number) => Uint8Array;

export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion(hasher: TreeHasher, claim: InclusionClaim, proof: readonly Uint8Array[]): boolean {
  const { index, size } = claim;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!allHashes([claim.leafHash, claim.root, ...proof])) return false;
  let fn = index;
  let sn = size - 1;
  let hash = claim.leafHash;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = hasher.node(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      hash = hasher.node(hash, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(hash, claim.root);
}

/** RFC 9162 section 2.1.4.2, with the two trivial cases: an empty old tree and equal trees need an empty proof. */
export function verifyConsistency(hasher: TreeHasher, claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  const { oldSize, size, oldRoot, root } = claim;
  if (!isSize(oldSize) || !isSize(size) || oldSize > size) return false;
  if (!allHashes([oldRoot, root, ...proof])) return false;
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root);
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, hasher.emptyRoot);
  let fn = oldSize - 1;
  let sn = size - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  const path = fn === 0 ? [oldRoot, ...proof] : [...proof];
  const seed = path.shift();
  if (seed === undefined) return false;
  let oldHash = seed;
  let hash = seed;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      oldHash = hasher.node(sibling, oldHash);
      hash = hasher.node(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else {
      hash = hasher.node(hash, sibling);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(oldHash, oldRoot) && equalBytes(hash, root);
}

/** PATH(index, size) of RFC 6962 section 2.1.1, leaf's sibling first. Needs index < size. */
export function inclusionProof(hasher: TreeHasher, index: number, size: number, node: NodeReader): readonly Uint8Array[] {
  const proof: Uint8Array[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + largestPowerBelow(end - begin);
    if (index < middle) {
      proof.push(subtreeHash(hasher, middle, end, node));
      end = middle;
    } else {
      proof.push(subtreeHash(hasher, begin, middle, node));
      begin = middle;
    }
  }
  return proof.reverse();
}

/** PROOF(oldSize, size) of RFC 6962 section 2.1.2. Needs oldSize <= size. */
export function consistencyProof(hasher: TreeHasher, oldSize: number, size: number, node: NodeReader): readonly Uint8Array[] {
  if (oldSize === 0 || oldSize === size) return [];
  const proof: Uint8Array[] = [];
  let begin = 0;
  let end = size;
  let fromOldTree = true;
  while (end !== oldSize) {
    const middle = begin + largestPowerBelow(end - begin);
    if (oldSize <= middle) {
      proof.push(subtreeHash(hasher, middle, end, node));
      end = middle;
    } else {
      proof.push(subtreeHash(hasher, begin, middle, node));
      begin = middle;
      fromOldTree = false;
    }
  }
  if (!fromOldTree) proof.push(subtreeHash(hasher, begin, end, node));
  return proof.reverse();
}

/** The hash over the leaves [begin, end), where begin is a multiple of the power of two at or above the width. */
export function subtreeHash(hasher: TreeHasher, begin: number, end: number, node: NodeReader): Uint8Array {
  let hash: Uint8Array | undefined;
  for (const place of coverage(begin, end).toReversed()) {
    const part = node(place.level, place.index);
    hash = hash === undefined ? part : hasher.node(part, hash);
  }
  return hash ?? hasher.emptyRoot;
}

function largestPowerBelow(width: number): number {
  let power = 1;
  while (power * 2 < width) power *= 2;
  return power;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function allHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}
