/**
 * The tree of a log that may be damaged. One lane holds what the entries give; when a block of 32 leaves is damaged, a
 * second lane goes on with the stored hash of that block. A signed root decides which lane is right: a stored hash is
 * never believed by itself.
 */
import { equalBytes } from '../bytes.ts';
import type { CompactRange, TreeNode } from '../compact.ts';

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
  /** What the entries give; `undefined` once a leaf was missing. */
  #computed: CompactRange | undefined;
  /** What stored blocks give; `undefined` while nothing is damaged, or when a stored block is missing too. */
  #recovered: CompactRange | undefined;
  /** The right lane at the start of the present block. */
  #base: CompactRange;
  #recoveredBase: CompactRange | undefined;
  #end: number;
  /** The hash of the last whole block that the entries gave. */
  #blockHash: Uint8Array = new Uint8Array(0);
  readonly #onNode = (node: TreeNode): void => {
    if (node.level === BLOCK_LEVEL) this.#blockHash = node.hash;
  };
  #alteredBlocks: number[] = [];
  /** Nothing can be compared any more: a hole without a stored hash to bridge it. */
  #abandoned = false;
  /** True while the present block has a missing leaf. */
  #holed = false;

  constructor(start: CompactRange, stored: StoredNode | undefined) {
    this.#stored = stored;
    this.#computed = start;
    this.#base = start.copy();
    this.#end = start.end;
    this.#firstWholeBlock = Math.ceil(start.end / BLOCK_LEAVES);
  }

  get end(): number {
    return this.#end;
  }

  /** The hashes of the frontier, where nothing is damaged. */
  get hashes(): readonly Uint8Array[] {
    return this.#computed?.nodes.map((node) => node.hash) ?? [];
  }

  leaf(hash: Uint8Array): void {
    this.#computed?.append(hash, this.#onNode);
    if (!this.#holed) this.#recovered?.append(hash, this.#onNode);
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
      this.#recoveredBase ??= this.#base;
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
    if (this.#computed !== undefined && equalBytes(this.#computed.root(), root)) {
      this.#settle(this.#base);
      return 'matched';
    }
    if (this.#recovered !== undefined && equalBytes(this.#recovered.root(), root)) {
      this.#computed = this.#recovered;
      this.#settle(this.#recoveredBase ?? this.#base, true);
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

  #settle(base: CompactRange, keepBlocks = false): void {
    this.#base = base;
    this.#recovered = undefined;
    this.#recoveredBase = undefined;
    if (!keepBlocks) this.#alteredBlocks = [];
  }

  #abandon(): void {
    this.#computed = undefined;
    this.#recovered = undefined;
    this.#recoveredBase = undefined;
    this.#holed = true;
    this.#abandoned = true;
  }

  #advance(): void {
    this.#end += 1;
    if (this.#end % BLOCK_LEAVES === 0) this.#closeBlock(this.#end / BLOCK_LEAVES - 1);
  }

  #closeBlock(index: number): void {
    const hash = index >= this.#firstWholeBlock && !this.#abandoned ? this.#stored?.(BLOCK_LEVEL, index) : undefined;
    const altered = hash !== undefined && (this.#holed || !equalBytes(this.#blockHash, hash));
    if (hash !== undefined && altered) {
      const recovered = (this.#recoveredBase ?? this.#base).copy();
      recovered.push({ level: BLOCK_LEVEL, index, hash });
      this.#recovered = recovered;
      if (this.#alteredBlocks.length < MAX_ALTERED_BLOCKS) this.#alteredBlocks.push(index);
    }
    if (this.#holed && !altered) this.#abandon();
    this.#holed = this.#abandoned;
    this.#recoveredBase = this.#recovered?.copy();
    if (this.#computed !== undefined) this.#base = this.#computed.copy();
  }
}
