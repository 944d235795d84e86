/**
 * The tree of a log that may be damaged. One lane holds what the entries give; where a block of 32 leaves is damaged, a
 * second lane goes on with stored hashes of it. A signed root decides which lane is right: a stored hash is never believed
 * by itself, and only a root that is proven may decide.
 */
import { equalBytes } from '../bytes.ts';
import { CompactRange, coverage, type TreeNode } from '../compact.ts';
import type { TreeHasher } from '../hasher.ts';

/**
 * Subtrees are stored at every fifth level: one for each 32 leaves, one for each 1,024 and so on. What lies between them is 31 hashes
 * away; storing it would make every commit write a page more for each level. Smaller ones are stored before each closing checkpoint.
 */
export const BLOCK_LEVEL = 5;
export const BLOCK_LEAVES = 2 ** BLOCK_LEVEL;

export function isStoredLevel(level: number): boolean {
  return level > 0 && level % BLOCK_LEVEL === 0;
}

/** A longer gap in the stored places is a forgery, not a loss: walking it would only cost time. */
const MAX_HOLE = 2 ** 24;
/** More stretches than this are told as longer ones. */
const MAX_STRETCHES = 65_536;

type StoredNode = (level: number, index: number) => Uint8Array | undefined;

/** Entries that a root covers by stored hashes instead of by their own bytes. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export type Fit = 'matched' | 'recovered' | 'differs' | 'unknown';

/** One way to reach a signed root inside a damaged block. */
interface Bridge {
  readonly lane: CompactRange;
  readonly nodes: readonly TreeNode[];
  /** The last leaf is a stored one as well. */
  readonly leafStored: boolean;
}

export class RecoveringTree {
  readonly #stored: StoredNode | undefined;
  /** The leaves of the present block, which both lanes share. */
  readonly #block: CompactRange;
  /** The whole blocks before it, as the entries give them; `undefined` once a leaf was missing. */
  #computed: CompactRange | undefined;
  /** The same with stored blocks; `undefined` while nothing is damaged, or when a stored block is missing too. */
  #recovered: CompactRange | undefined;
  /** The lane that stored hashes of the present block would go on from. */
  #base: CompactRange;
  #end: number;
  /** What `#recovered` has from stored hashes. */
  #stretches: Stretch[] = [];
  /** Nothing can be compared any more: a hole without a stored hash to bridge it. */
  #abandoned = false;
  /** True while the present block has a missing leaf. */
  #holed = false;
  /** The caller's memory of the last leaf: right until the next one. */
  #leaf: Uint8Array | undefined;

  constructor(hasher: TreeHasher, start: CompactRange, stored: StoredNode | undefined) {
    this.#stored = stored;
    this.#end = start.end;
    this.#base = CompactRange.empty(hasher);
    this.#computed = this.#base;
    this.#block = CompactRange.empty(hasher, start.end - (start.end % BLOCK_LEAVES));
    for (const node of start.nodes) (node.level >= BLOCK_LEVEL ? this.#base : this.#block).push(node);
  }

  get end(): number {
    return this.#end;
  }

  /** The hashes of the frontier, where nothing is damaged. */
  get hashes(): readonly Uint8Array[] {
    return this.#computed === undefined ? [] : [...this.#computed.nodes, ...this.#block.nodes].map((node) => node.hash);
  }

  leaf(hash: Uint8Array): void {
    if (!this.#holed) this.#block.append(hash);
    this.#leaf = hash;
    this.#advance();
  }

  /** Leaves that are missing. A gap that no honest log has is not walked: nothing behind it can be checked then. */
  hole(count: number): void {
    this.#leaf = undefined;
    if (count > MAX_HOLE) {
      this.#abandon();
      this.#end += count;
      return;
    }
    for (let i = 0; i < count; i += 1) {
      this.#holed = true;
      this.#computed = undefined;
      this.#recovered = undefined;
      this.#advance();
    }
  }

  /**
   * Holds a root against what is known at this size. `recovered`: it fits only with stored hashes in the place of what the
   * entries gave; `unknown`: damage leaves nothing to compare. A fit settles which lane is right if the root is `proven`:
   * anybody can write a root that fits a forged lane.
   */
  check(root: Uint8Array, proven: boolean): Fit {
    const { lane, fit } = this.#laneOf(root);
    if (lane !== undefined) {
      if (proven) this.#settle(lane, fit === 'recovered');
      return fit;
    }
    const bridge = this.#bridgeTo(root);
    if (bridge === undefined) return fit;
    if (proven) this.#cross(bridge);
    return 'recovered';
  }

  /** What stored hashes stood for in the last proven `recovered`; reading it forgets it. */
  takeStretches(): readonly Stretch[] {
    const stretches = this.#stretches;
    this.#stretches = [];
    return stretches;
  }

  #laneOf(root: Uint8Array): { readonly lane?: CompactRange; readonly fit: Fit } {
    if (this.#computed !== undefined && this.#leadsTo(root, this.#computed)) return { lane: this.#computed, fit: 'matched' };
    if (this.#recovered !== undefined && this.#leadsTo(root, this.#recovered)) return { lane: this.#recovered, fit: 'recovered' };
    return { fit: this.#computed === undefined && this.#recovered === undefined ? 'unknown' : 'differs' };
  }

  #settle(lane: CompactRange, recovered: boolean): void {
    if (!recovered) this.#stretches = [];
    this.#computed = lane;
    this.#base = lane;
    this.#recovered = undefined;
  }

  #leadsTo(root: Uint8Array, lane: CompactRange, nodes: readonly TreeNode[] = this.#block.nodes): boolean {
    const whole = lane.copy();
    for (const node of nodes) whole.push(node);
    return equalBytes(whole.root(), root);
  }

  /** The stored hashes before a closing checkpoint and the entry that it certifies lead to its root, if that is what this is. */
  #bridgeTo(root: Uint8Array): Bridge | undefined {
    const begin = this.#end - (this.#end % BLOCK_LEAVES);
    if (begin === this.#end || this.#abandoned) return undefined;
    const before: TreeNode[] = [];
    for (const { level, index } of coverage(begin, this.#end - 1)) {
      const hash = this.#stored?.(level, index);
      if (hash === undefined) return undefined;
      before.push({ level, index, hash });
    }
    const last = this.#end - 1;
    for (const [hash, leafStored] of [[this.#leaf, false] as const, [this.#stored?.(0, last), true] as const]) {
      if (hash === undefined) continue;
      const nodes = [...before, { level: 0, index: last, hash }];
      const lane = [this.#computed, this.#base].find((candidate) => candidate !== undefined && this.#leadsTo(root, candidate, nodes));
      if (lane !== undefined) return { lane, nodes, leafStored };
    }
    return undefined;
  }

  #cross({ lane, nodes, leafStored }: Bridge): void {
    const given = this.#block.nodes;
    if (lane === this.#computed) this.#stretches = [];
    this.#block.restart(this.#end - (this.#end % BLOCK_LEAVES));
    for (const node of nodes) this.#block.push(node);
    const last = leafStored ? this.#end - 1 : this.#end - 2;
    for (const { level, index, hash } of this.#block.nodes) {
      const covered = given.some((node) => node.level === level && node.index === index && equalBytes(node.hash, hash));
      const from = index * 2 ** level;
      if (!covered && from <= last) this.#note(from, Math.min(last, from + 2 ** level - 1));
    }
    this.#holed = false;
    this.#computed = lane;
    this.#base = lane;
    this.#recovered = undefined;
  }

  /** Neighbours in a block are one stretch: behind a missing leaf nothing is known of what the others give. */
  #note(from: number, to: number): void {
    const last = this.#stretches.at(-1);
    const continues = last?.to === from - 1 && from % BLOCK_LEAVES > 0;
    if (last !== undefined && (continues || this.#stretches.length === MAX_STRETCHES)) {
      this.#stretches[this.#stretches.length - 1] = { from: last.from, to };
    } else this.#stretches.push({ from, to });
  }

  #abandon(): void {
    this.#computed = undefined;
    this.#recovered = undefined;
    this.#holed = true;
    this.#abandoned = true;
  }

  #advance(): void {
    this.#end += 1;
    if (this.#end % BLOCK_LEAVES === 0 && !this.#abandoned) this.#closeBlock(this.#end / BLOCK_LEAVES - 1);
  }

  #closeBlock(index: number): void {
    const stored = this.#stored?.(BLOCK_LEVEL, index);
    const [given] = this.#holed ? [] : this.#block.nodes;
    if (stored !== undefined && (given === undefined || !equalBytes(given.hash, stored))) {
      this.#base = this.#base.copy();
      this.#base.push({ level: BLOCK_LEVEL, index, hash: stored });
      this.#recovered = this.#base;
      this.#note(index * BLOCK_LEAVES, this.#end - 1);
    } else if (given === undefined) {
      this.#abandon();
      return;
    } else this.#recovered?.push(given);
    if (given !== undefined) this.#computed?.push(given);
    this.#holed = false;
    this.#block.restart(this.#end);
  }
}
