/**
 * The signed sizes that a log must fit: kept checkpoints, head, receipts, the witness's word and anchor, merged by size. Owns their order and
 * reads kept checkpoints one by one, so that a log of any length needs no more memory.
 */
import { parseCheckpoint, type SignedCheckpoint } from '../checkpoint.ts';
import type { FaultSink } from './fault-sink.ts';
import type { LogSource } from './source.ts';

export type MarkKind = 'kept' | 'head' | 'receipt' | 'witness' | 'anchor';

export interface Mark extends SignedCheckpoint {
  readonly kind: MarkKind;
}

/** At one size the head is judged before what came from outside, and kept checkpoints before both. */
const ORDER: Readonly<Record<MarkKind, number>> = { kept: 0, head: 1, receipt: 2, witness: 3, anchor: 4 };

export class Marks {
  readonly #origin: string;
  readonly #faults: FaultSink;
  readonly #kept: Iterator<string>;
  #nextKept: Mark | undefined;
  readonly #others: Mark[];

  /** @param witnessed what a key from outside vouches for, if anything */
  constructor(source: LogSource, origin: string, faults: FaultSink, witnessed?: SignedCheckpoint) {
    this.#origin = origin;
    this.#faults = faults;
    this.#kept = source.checkpoints()[Symbol.iterator]();
    this.#others = [
      ...(source.head === undefined ? [] : [this.#read(source.head, 'head')]),
      ...source.receipts.map((note) => this.#read(note, 'receipt')),
      ...(witnessed === undefined ? [] : [{ ...witnessed, kind: 'witness' as const }]),
      ...(source.anchor === undefined ? [] : [this.#read(source.anchor, 'anchor')]),
    ]
      .filter((mark) => mark !== undefined)
      .sort((a, b) => a.checkpoint.size - b.checkpoint.size || ORDER[a.kind] - ORDER[b.kind]);
    this.#advance();
  }

  /** The smallest size that is still to be met; Infinity when there is none. */
  get nextSize(): number {
    return Math.min(this.#nextKept?.checkpoint.size ?? Infinity, this.#others[0]?.checkpoint.size ?? Infinity);
  }

  /** Takes the next mark of at most this size. */
  take(size: number): Mark | undefined {
    const kept = this.#nextKept;
    const other = this.#others[0];
    if (kept !== undefined && kept.checkpoint.size <= size && (other === undefined || kept.checkpoint.size <= other.checkpoint.size)) {
      this.#advance();
      return kept;
    }
    if (other !== undefined && other.checkpoint.size <= size) {
      this.#others.shift();
      return other;
    }
    return undefined;
  }

  #advance(): void {
    this.#nextKept = undefined;
    while (this.#nextKept === undefined) {
      const next = this.#kept.next();
      if (next.done === true) return;
      this.#nextKept = this.#read(next.value, 'kept');
    }
  }

  #read(note: string, kind: MarkKind): Mark | undefined {
    try {
      const signed = parseCheckpoint(note);
      if (signed.checkpoint.origin === this.#origin) return { ...signed, kind };
      this.#faults.add({ code: 'CHECKPOINT_FOREIGN', detail: `It names ${signed.checkpoint.origin}.` });
    } catch {
      this.#faults.add({ code: 'CHECKPOINT_MALFORMED', detail: `It is a ${kind} checkpoint.` });
    }
    return undefined;
  }
}
