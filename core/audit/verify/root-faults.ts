/**
 * What a root that does not match means. Owns the decision whether damage that was named explains it: each mismatch is
 * either behind a named entry or becomes a fault of its own, never silence.
 */
import type { FaultCode } from '../faults.ts';
import type { FaultSink } from './fault-sink.ts';
import type { Mark } from './marks.ts';
import { BLOCK_LEAVES } from './recovering-tree.ts';

/** A bad link is decided one entry later, so an unexplained block waits for two more entries. */
const PATIENCE = 2;
/** Longest range whose blocks are noted one by one; a longer one is noted by its ends. */
const MAX_NAMED_RANGE = 2 ** 24;

/** What a fault against a witnessed checkpoint says beyond its code. */
export const WITNESS_SAID = "It is what the server's witness cosigned.";

export class RootFaults {
  readonly #faults: FaultSink;
  readonly #namedBlocks = new Set<number>();
  #verified: number;
  #mismatch: { readonly from: number; to: number } | undefined;
  #blocks: number[] = [];
  #forks: { readonly code: FaultCode; readonly from: number; readonly size: number; readonly detail?: string }[] = [];

  constructor(faults: FaultSink, verified: number) {
    this.#faults = faults;
    this.#verified = verified;
  }

  /** Size up to which a signed root was matched. */
  get verified(): number {
    return this.#verified;
  }

  named(seq: number): void {
    this.#namedBlocks.add(Math.floor(seq / BLOCK_LEAVES));
  }

  namedRange(from: number, to: number): void {
    this.named(to);
    for (let seq = from; seq < Math.min(to, from + MAX_NAMED_RANGE); seq += BLOCK_LEAVES) this.named(seq);
  }

  /** A root fitted with stored hashes in the place of these blocks. */
  recovered(blocks: readonly number[]): void {
    this.#blocks.push(...blocks);
  }

  differs(mark: Mark): void {
    const { size } = mark.checkpoint;
    if (mark.kind === 'receipt' || mark.kind === 'witness' || mark.kind === 'anchor') {
      const code = mark.kind === 'anchor' ? 'ANCHOR_FORKED' : 'RECEIPT_FORKED';
      this.#forks.push({ code, from: this.#verified, size, ...(mark.kind === 'witness' ? { detail: WITNESS_SAID } : {}) });
      return;
    }
    this.#mismatch ??= { from: Math.min(this.#verified, size - 1), to: size - 1 };
    this.#mismatch.to = size - 1;
  }

  matched(size: number): void {
    this.#reportMismatch();
    this.#verified = size;
  }

  /** Turns what is unexplained into faults, once nothing can explain it any more. */
  settle(end: number): void {
    for (let [block] = this.#blocks; block !== undefined && end >= (block + 1) * BLOCK_LEAVES + PATIENCE; [block] = this.#blocks) {
      this.#blocks.shift();
      const range = { from: block * BLOCK_LEAVES, to: (block + 1) * BLOCK_LEAVES - 1 };
      if (!this.#namedBlocks.has(block)) this.#faults.add({ code: 'ENTRY_ALTERED', range, detail: 'One or more of these.' });
    }
    for (let [fork] = this.#forks; fork !== undefined && end >= fork.size + PATIENCE; [fork] = this.#forks) {
      this.#forks.shift();
      const { code, from, size, ...detail } = fork;
      if (!this.#isNamed(from, size - 1)) this.#faults.add({ code, range: { from: 0, to: size - 1 }, ...detail });
    }
    if (end === Infinity) this.#reportMismatch();
  }

  #reportMismatch(): void {
    const range = this.#mismatch;
    this.#mismatch = undefined;
    if (range !== undefined && !this.#isNamed(range.from, range.to)) this.#faults.add({ code: 'CHECKPOINT_ROOT', range });
  }

  #isNamed(from: number, to: number): boolean {
    for (const block of this.#namedBlocks) {
      if (block >= Math.floor(from / BLOCK_LEAVES) && block <= Math.floor(to / BLOCK_LEAVES)) return true;
    }
    return false;
  }
}
