/**
 * The tree of a log that may be damaged. One lane holds what the entries give; when a block of 32 leaves is damaged, a
 * second lane goes on with the stored hash of that block. A signed root decides which lane is right: a stored hash is
 * never believed by itself.
 */
import { equalBytes } from '../bytes.ts';
import { CompactRange } from '../compact.ts';
import type { TreeHasher } from '../hasher.ts';

/** Stored subtrees start at this level: one for each 32 leaves. */
export const BLOCK_LEVEL = 5;
export const BLOCK_LEAVES = 2 ** BLOCK_LEVEL;

/** A longer gap in the stored places is a forgery, not a loss: walking it would only cost time. */
const MAX_HOLE = 2 ** 24;
const MAX_ALTERED_BLOCKS = 65_536;

type StoredNode = (level: number, index: number) => Uint8Array | undefined;

export class RecoveringTree {
  readonly #stored: StoredNode | undefined;
  readonly #firstWholeBlock: number;
  /** The leaves of the present block, which both lanes share. */
  readonly #block: CompactRange;
  /** The whole blocks before it, as the entries give them; `undefined` once a leaf was missing. */
  #computed: CompactRange | undefined;
  /** The same with stored blocks; `undefined` while nothing is damaged, or when a stored block is missing too. */
  #recovered: CompactRange | undefined;
  /** The lane that a stored hash of the present block would go on from. */
  #base: CompactRange;
  #end: number;
  #alteredBlocks: number[] = [];
  /** Nothing can be compared any more: a hole without a stored hash to bridge it. */
  #abandoned = false;
  /** True while the present block has a missing leaf. */
  #holed = false;

  constructor(hasher: TreeHasher, start: CompactRange, stored: StoredNode | undefined) {
    this.#stored = stored;
    this.#end = start.end;
    this.#firstWholeBlock = Math.ceil(start.end / BLOCK_LEAVES);
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
    this.#advance();
  }

  /** Leaves that are missing. A gap that no honest log has is not walked: nothing behind it can be checked then. */
  hole(count: number): void {
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
   * Holds a signed root against what is known at this size. `recovered`: it fits only with stored block hashes in the
   * place of what the entries gave; `unknown`: damage leaves nothing to compare. A match settles which lane is right.
   */
  check(root: Uint8Array): 'matched' | 'recovered' | 'differs' | 'unknown' {
    if (this.#computed !== undefined && equalBytes(this.#rootOf(this.#computed), root)) {
      this.#base = this.#computed;
      this.#recovered = undefined;
      this.#alteredBlocks = [];
      return 'matched';
    }
    if (this.#recovered !== undefined && equalBytes(this.#rootOf(this.#recovered), root)) {
      this.#computed = this.#recovered;
      this.#recovered = undefined;
      return 'recovered';
    }
    return this.#computed === undefined && this.#recovered === undefined ? 'unknown' : 'differs';
  }

  /** Blocks whose stored hash was needed for the last `recovered`; reading them forgets them. */
  takeAlteredBlocks(): readonly number[] {
    const blocks = this.#alteredBlocks;
    this.#alteredBlocks = [];
    return blocks;
  }

  #rootOf(lane: CompactRange): Uint8Array {
    const whole = lane.copy();
    for (const node of this.#block.nodes) whole.push(node);
    return whole.root();
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
    const stored = index >= this.#firstWholeBlock ? this.#stored?.(BLOCK_LEVEL, index) : undefined;
    const [given] = this.#holed ? [] : this.#block.nodes;
    if (stored !== undefined && (given === undefined || !equalBytes(given.hash, stored))) {
      this.#base = this.#base.copy();
      this.#base.push({ level: BLOCK_LEVEL, index, hash: stored });
      this.#recovered = this.#base;
      if (this.#alteredBlocks.length < MAX_ALTERED_BLOCKS) this.#alteredBlocks.push(index);
    } else if (given === undefined) {
      this.#abandon();
      return;
    } else this.#recovered?.push(given);
    if (given !== undefined) this.#computed?.push(given);
    this.#holed = false;
    this.#block.restart(this.#end);
  }
}
