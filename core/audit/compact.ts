/**
 * A compact range: the complete subtrees that cover the leaves [begin, end) of an RFC 6962 tree. With begin 0 it is the
 * frontier of a growing tree; elsewhere it grows within the largest subtree that begins there. Owns append and root, in
 * memory of its own so that a leaf allocates nothing; must never hold a leaf's content.
 */
import { WardlockError } from '../errors/index.ts';
import { HASH_BYTES } from './bytes.ts';
import type { TreeHasher } from './hasher.ts';

/** A complete subtree: the leaves [index * 2^level, (index + 1) * 2^level). */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

const PAIR_BYTES = 2 * HASH_BYTES;

export class CompactRange {
  readonly #hasher: TreeHasher;
  /** For each level the children of its next node above, beside each other: the left one waits until the right one comes. */
  #pairs: Uint8Array[] = [];
  /** True where a left child waits: the binary digits of the range's length. */
  #waiting: boolean[] = [];
  /** True where another range may have the same pair: a left child gets memory of its own there. A right one is read at once by who wrote it. */
  #shared: boolean[] = [];
  #begin: number;
  #end: number;
  /** Where the largest subtree that begins at `begin` ends. */
  #limit: number;

  private constructor(hasher: TreeHasher, begin: number) {
    this.#hasher = hasher;
    this.#begin = begin;
    this.#end = begin;
    this.#limit = limitOf(begin);
  }

  static empty(hasher: TreeHasher, begin = 0): CompactRange {
    return new CompactRange(hasher, begin);
  }

  /** The frontier of a tree of `size` leaves from its stored hashes, left to right. */
  static frontier(hasher: TreeHasher, size: number, hashes: readonly Uint8Array[]): CompactRange {
    const range = new CompactRange(hasher, 0);
    const places = coverage(0, size);
    for (const [at, hash] of hashes.entries()) {
      const place = places[at];
      if (place !== undefined) range.push({ ...place, hash });
    }
    if (places.length !== hashes.length) {
      throw new WardlockError('AUDIT_PROOF_MALFORMED', `A frontier of ${size} leaves has ${places.length} hashes of 32 bytes.`);
    }
    return range;
  }

  get begin(): number {
    return this.#begin;
  }

  get end(): number {
    return this.#end;
  }

  /** The subtrees from left to right, with hashes of their own. */
  get nodes(): readonly TreeNode[] {
    const nodes: TreeNode[] = [];
    let begin = this.#begin;
    for (let level = this.#pairs.length - 1; level >= 0; level -= 1) {
      if (!this.#waits(level)) continue;
      const width = 2 ** level;
      nodes.push({ level, index: begin / width, hash: this.#pair(level).slice(0, HASH_BYTES) });
      begin += width;
    }
    return nodes;
  }

  copy(): CompactRange {
    const copy = new CompactRange(this.#hasher, this.#begin);
    copy.#pairs = this.#pairs.slice();
    copy.#waiting = this.#waiting.slice();
    copy.#end = this.#end;
    this.#shared = this.#pairs.map(() => true);
    copy.#shared = this.#shared.slice();
    return copy;
  }

  /** Forgets its leaves and begins anew at `begin`, in the same memory. */
  restart(begin: number): void {
    this.#waiting = [];
    this.#begin = begin;
    this.#end = begin;
    this.#limit = limitOf(begin);
  }

  /** Adds the next leaf; `onNode` sees every subtree that it completes, from `level` on, with a hash to keep. */
  append(leafHash: Uint8Array, onNode?: (node: TreeNode) => void, level = 1): void {
    this.#put(0, leafHash, onNode, level);
  }

  /** Adds a complete subtree that starts where this range ends; throws AUDIT_PROOF_MALFORMED when it does not. */
  push({ level, index, hash }: TreeNode): void {
    if (index * 2 ** level !== this.#end) {
      throw new WardlockError('AUDIT_PROOF_MALFORMED', 'A subtree does not continue the range that it is added to.');
    }
    this.#put(level, hash);
  }

  /** The root hash (RFC 6962 section 2.1); only a range from 0 has one. */
  root(): Uint8Array {
    if (this.#begin !== 0) throw new WardlockError('AUDIT_PROOF_MALFORMED', 'Only a range that starts at 0 has a root.');
    if (this.#end === 0) return this.#hasher.emptyRoot;
    // From the smallest subtree on the right to the largest: each is the left child of what has been reached so far.
    const pair = new Uint8Array(PAIR_BYTES);
    let reached = false;
    for (let level = 0; level < this.#pairs.length; level += 1) {
      if (!this.#waits(level)) continue;
      pair.set(this.#pair(level).subarray(0, HASH_BYTES), reached ? 0 : HASH_BYTES);
      if (reached) this.#hasher.nodeInto(pair, pair, HASH_BYTES);
      reached = true;
    }
    return pair.subarray(HASH_BYTES);
  }

  #put(from: number, hash: Uint8Array, onNode?: (node: TreeNode) => void, tellFrom = Infinity): void {
    const end = this.#end + 2 ** from;
    if (hash.length !== HASH_BYTES || end > this.#limit) {
      throw new WardlockError(
        'AUDIT_PROOF_MALFORMED',
        'A hash is not 32 bytes long, or goes beyond the subtree that begins where its range does.',
      );
    }
    let level = from;
    let pair = this.#room(level);
    pair.set(hash, this.#waits(level) ? HASH_BYTES : 0);
    while (this.#waits(level)) {
      const parent = this.#room(level + 1);
      const at = this.#waits(level + 1) ? HASH_BYTES : 0;
      this.#hasher.nodeInto(pair, parent, at);
      this.#waiting[level] = false;
      pair = parent;
      level += 1;
      if (level >= tellFrom) onNode?.({ level, index: end / 2 ** level - 1, hash: pair.slice(at, at + HASH_BYTES) });
    }
    this.#waiting[level] = true;
    this.#end = end;
  }

  #waits(level: number): boolean {
    return this.#waiting[level] === true;
  }

  /** Where the next child of the level goes. */
  #room(level: number): Uint8Array {
    if (this.#waits(level) || this.#shared[level] !== true) return this.#pair(level);
    const pair = new Uint8Array(PAIR_BYTES);
    this.#pairs[level] = pair;
    this.#shared[level] = false;
    return pair;
  }

  #pair(level: number): Uint8Array {
    let pair = this.#pairs[level];
    if (pair === undefined) {
      while (this.#pairs.length <= level) this.#pairs.push(new Uint8Array(PAIR_BYTES));
      pair = this.#pair(level);
    }
    return pair;
  }
}

/** The places of the fewest complete subtrees that cover [begin, end), left to right. */
export function coverage(begin: number, end: number): readonly Omit<TreeNode, 'hash'>[] {
  const places: Omit<TreeNode, 'hash'>[] = [];
  let at = begin;
  while (at < end) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2;
      level += 1;
    }
    places.push({ level, index: at / width });
    at += width;
  }
  return places;
}

function limitOf(begin: number): number {
  if (begin === 0) return Infinity;
  let width = 1;
  while (begin % (width * 2) === 0) width *= 2;
  return begin + width;
}
