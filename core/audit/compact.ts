/**
 * A compact range: the fewest complete subtrees that cover the leaves [begin, end) of an RFC 6962 tree. With begin 0 it is
 * the frontier of a growing tree. Owns append, merge and root; must never hold a leaf's content.
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

export class CompactRange {
  readonly begin: number;
  readonly #hasher: TreeHasher;
  #end: number;
  #nodes: TreeNode[];

  private constructor(hasher: TreeHasher, begin: number, nodes: readonly TreeNode[]) {
    this.begin = begin;
    this.#hasher = hasher;
    this.#end = begin;
    this.#nodes = [];
    for (const node of nodes) this.push(node);
  }

  static empty(hasher: TreeHasher, begin = 0): CompactRange {
    return new CompactRange(hasher, begin, []);
  }

  /** The frontier of a tree of `size` leaves from its stored hashes, left to right. */
  static frontier(hasher: TreeHasher, size: number, hashes: readonly Uint8Array[]): CompactRange {
    const shape = coverage(0, size);
    if (shape.length !== hashes.length || hashes.some((hash) => hash.length !== HASH_BYTES)) {
      throw new WardlockError('AUDIT_PROOF_MALFORMED', `A frontier of ${size} leaves has ${shape.length} hashes of 32 bytes.`);
    }
    return new CompactRange(
      hasher,
      0,
      shape.map((place, at) => ({ ...place, hash: hashes[at] ?? hasher.emptyRoot })),
    );
  }

  get end(): number {
    return this.#end;
  }

  get nodes(): readonly TreeNode[] {
    return this.#nodes;
  }

  copy(): CompactRange {
    const copy = new CompactRange(this.#hasher, this.begin, []);
    copy.#nodes = [...this.#nodes];
    copy.#end = this.#end;
    return copy;
  }

  /** Adds the next leaf; `onNode` sees every subtree of level 1 and above that this leaf completes. */
  append(leafHash: Uint8Array, onNode?: (node: TreeNode) => void): void {
    this.push({ level: 0, index: this.#end, hash: leafHash }, onNode);
  }

  /** Adds a complete subtree that starts where this range ends. */
  push(node: TreeNode, onNode?: (node: TreeNode) => void): void {
    const width = 2 ** node.level;
    if (node.index * width !== this.#end) {
      throw new WardlockError('AUDIT_PROOF_MALFORMED', 'A subtree does not continue the range that it is added to.');
    }
    let top = node;
    let left = this.#nodes.at(-1);
    while (left !== undefined && left.level === top.level && left.index % 2 === 0) {
      this.#nodes.pop();
      top = { level: top.level + 1, index: left.index / 2, hash: this.#hasher.node(left.hash, top.hash) };
      onNode?.(top);
      left = this.#nodes.at(-1);
    }
    this.#nodes.push(top);
    this.#end += width;
  }

  /** Adds all of `other`, which must start where this range ends. */
  merge(other: CompactRange): void {
    for (const node of other.nodes) this.push(node);
  }

  /** The root hash (RFC 6962 section 2.1); only a range from 0 has one. */
  root(): Uint8Array {
    if (this.begin !== 0) throw new WardlockError('AUDIT_PROOF_MALFORMED', 'Only a range that starts at 0 has a root.');
    let root: Uint8Array | undefined;
    for (const node of this.#nodes.toReversed()) root = root === undefined ? node.hash : this.#hasher.node(node.hash, root);
    return root ?? this.#hasher.emptyRoot;
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
