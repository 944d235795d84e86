/**
 * Which entries were named as damaged. Owns that set, one bit for each entry of a block of 32: whether damage explains a
 * finding is asked entry by entry, so that one named fault can't speak for others.
 */
import { BLOCK_LEAVES } from './recovering-tree.ts';

const ALL = 2 ** BLOCK_LEAVES - 1;
/** Longest range whose blocks are noted one by one; a longer one is noted by its ends. */
const MAX_RANGE = 2 ** 24;

export class NamedEntries {
  readonly #blocks = new Map<number, number>();

  add(seq: number): void {
    this.#mark(Math.floor(seq / BLOCK_LEAVES), bits(seq % BLOCK_LEAVES, seq % BLOCK_LEAVES));
  }

  addRange(from: number, to: number): void {
    const last = Math.floor(to / BLOCK_LEAVES);
    const far = Math.min(last, Math.floor((from + MAX_RANGE) / BLOCK_LEAVES));
    for (let block = Math.floor(from / BLOCK_LEAVES); block <= far; block += 1) this.#mark(block, within(block, from, to));
    this.#mark(last, within(last, from, to));
  }

  /** Whether one of these was named. */
  any(from: number, to: number): boolean {
    const [first, last] = [Math.floor(from / BLOCK_LEAVES), Math.floor(to / BLOCK_LEAVES)];
    // Of a long range the few blocks that were noted are asked, of a short one its own.
    if (last - first > this.#blocks.size) {
      for (const [block, marked] of this.#blocks) if ((marked & within(block, from, to)) !== 0) return true;
      return false;
    }
    for (let block = first; block <= last; block += 1) {
      if (((this.#blocks.get(block) ?? 0) & within(block, from, to)) !== 0) return true;
    }
    return false;
  }

  #mark(block: number, mask: number): void {
    this.#blocks.set(block, (this.#blocks.get(block) ?? 0) | mask);
  }
}

/** The part of [from, to] that lies in a block, as bits. */
function within(block: number, from: number, to: number): number {
  const begin = block * BLOCK_LEAVES;
  const [first, last] = [Math.max(from - begin, 0), Math.min(to - begin, BLOCK_LEAVES - 1)];
  return first > last ? 0 : bits(first, last);
}

function bits(first: number, last: number): number {
  return (ALL >>> (BLOCK_LEAVES - 1 - last + first)) << first;
}
