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
  let hash = claim.leafHash;
  const arrives = climb(index, size - 1, proof, (sibling, isLeft) => {
    hash = isLeft ? hasher.node(sibling, hash) : hasher.node(hash, sibling);
  });
  return arrives && equalBytes(hash, claim.root);
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
  const [seed, ...path] = fn === 0 ? [oldRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let oldHash = seed;
  let hash = seed;
  const arrives = climb(fn, sn, path, (sibling, isLeft) => {
    if (isLeft) oldHash = hasher.node(sibling, oldHash);
    hash = isLeft ? hasher.node(sibling, hash) : hasher.node(hash, sibling);
  });
  return arrives && equalBytes(oldHash, oldRoot) && equalBytes(hash, root);
}

/**
 * Walks a proof from node `index` of its level up to the root, where `last` is the last node of that level: `take` gets
 * each hash of the proof and whether it stands to the left (RFC 9162 section 2.1.3.2). False when the proof is too long or
 * too short.
 */
export function climb(
  index: number,
  last: number,
  proof: readonly Uint8Array[],
  take: (sibling: Uint8Array, isLeft: boolean) => void,
): boolean {
  let fn = index;
  let sn = last;
  for (const sibling of proof) {
    if (sn === 0) return false;
    const isLeft = fn % 2 === 1 || fn === sn;
    take(sibling, isLeft);
    if (isLeft) {
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0;
}

/** PATH(index, size) of RFC 6962 section 2.1.1, leaf's sibling first. Needs index < size. */
export function inclusionProof(hasher: TreeHasher, index: number, size: number, node: NodeReader): readonly Uint8Array[] {
  const { siblings } = descend(hasher, { index, size, node }, (begin, end) => end - begin === 1);
  return siblings.reverse();
}

/** PROOF(oldSize, size) of RFC 6962 section 2.1.2. Needs oldSize <= size. */
export function consistencyProof(hasher: TreeHasher, oldSize: number, size: number, node: NodeReader): readonly Uint8Array[] {
  if (oldSize === 0 || oldSize === size) return [];
  const { siblings, begin } = descend(hasher, { index: oldSize - 1, size, node }, (_begin, end) => end === oldSize);
  if (begin > 0) siblings.push(subtreeHash(hasher, begin, oldSize, node));
  return siblings.reverse();
}

interface Descent {
  /** A leaf below the subtree that is looked for. */
  readonly index: number;
  readonly size: number;
  readonly node: NodeReader;
}

/** Goes down from the root to the subtree that `arrived` tells by its bounds; answers where it begins, and the hashes beside the way. */
function descend(hasher: TreeHasher, { index, size, node }: Descent, arrived: (begin: number, end: number) => boolean) {
  const siblings: Uint8Array[] = [];
  let begin = 0;
  let end = size;
  while (!arrived(begin, end)) {
    const middle = begin + largestPowerBelow(end - begin);
    if (index < middle) {
      siblings.push(subtreeHash(hasher, middle, end, node));
      end = middle;
    } else {
      siblings.push(subtreeHash(hasher, begin, middle, node));
      begin = middle;
    }
  }
  return { siblings, begin };
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
