/**
 * Binds a contiguous run of leaves to a root by the inclusion proofs of its first and last leaf: the hashes to the left of
 * the first are the frontier that the run continues, and the frontier before the last must be what the last one's proof
 * says. Owns that argument; entries are the caller's.
 */
import { concat, equalBytes, HASH_BYTES } from '../bytes.ts';
import { CompactRange, coverage } from '../compact.ts';
import type { TreeHasher } from '../hasher.ts';
import { climb, verifyInclusion } from '../merkle.ts';

export interface RunClaim {
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly first: readonly Uint8Array[];
  readonly last: readonly Uint8Array[];
}

/** Takes the leaves of a run one by one. */
export class RunProof {
  readonly #hasher: TreeHasher;
  readonly #claim: RunClaim;
  readonly #range: CompactRange | undefined;
  #firstLeaf: Uint8Array | undefined;
  #lastLeaf: Uint8Array | undefined;

  constructor(hasher: TreeHasher, claim: RunClaim) {
    this.#hasher = hasher;
    this.#claim = claim;
    const left = leftSiblings(claim.start, claim.size, claim.first);
    const fits = claim.start < claim.end && claim.end <= claim.size && left.length === coverage(0, claim.start).length;
    this.#range = fits && left.every((hash) => hash.length === HASH_BYTES) ? CompactRange.frontier(hasher, claim.start, left) : undefined;
  }

  leaf(hash: Uint8Array): void {
    if (this.#lastLeaf !== undefined) this.#range?.append(this.#lastLeaf);
    this.#firstLeaf ??= hash;
    this.#lastLeaf = hash;
  }

  /** True when exactly the leaves given are the run [start, end) of the tree with this root. */
  holds(): boolean {
    const { start, end, size, root, first, last } = this.#claim;
    const range = this.#range;
    if (range === undefined || this.#firstLeaf === undefined || this.#lastLeaf === undefined || range.end !== end - 1) return false;
    if (!verifyInclusion(this.#hasher, { leafHash: this.#firstLeaf, index: start, size, root }, first)) return false;
    if (!verifyInclusion(this.#hasher, { leafHash: this.#lastLeaf, index: end - 1, size, root }, last)) return false;
    const left = leftSiblings(end - 1, size, last);
    return equalBytes(concat(...left), concat(...range.nodes.map((node) => node.hash)));
  }
}

/** The hashes of an inclusion proof that lie to the left of the leaf, from left to right. */
function leftSiblings(index: number, size: number, proof: readonly Uint8Array[]): readonly Uint8Array[] {
  const left: Uint8Array[] = [];
  climb(index, size - 1, proof, (hash, isLeft) => {
    if (isLeft) left.push(hash);
  });
  return left.reverse();
}
