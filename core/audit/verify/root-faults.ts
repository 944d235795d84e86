/**
 * What it means where a signed root does not fit, or cannot be held against the entries. Owns the rule that no named fault
 * speaks for others: each entry lies under a root that fits, or is named, or lies in a range that is said to be unverified.
 */
import { equalBytes } from '../bytes.ts';
import type { FaultCode } from '../faults.ts';
import type { FaultSink } from './fault-sink.ts';
import type { Mark, MarkKind } from './marks.ts';
import { NamedEntries } from './named-entries.ts';
import { BLOCK_LEAVES, type Stretch } from './recovering-tree.ts';

/** A bad link is decided one entry later, so an unexplained stretch waits for two more entries. */
const PATIENCE = 2;
/** Marks that wait for the next root that fits; of more kept checkpoints in a row the last one speaks for those before it. */
const MAX_WAITING = 1024;

/** What a fault against a witnessed checkpoint says beyond its code. */
export const WITNESS_SAID = "It is what the server's witness cosigned.";
const COVERED_LATER = 'The checkpoint signed there cannot be compared; a later one fits.';
const NOT_COMPARED: Readonly<Record<Exclude<MarkKind, 'kept' | 'head'>, string>> = {
  receipt: "The server's receipt for them cannot be compared.",
  witness: "What the server's witness cosigned cannot be compared.",
  anchor: 'What the head anchor says of them cannot be compared.',
};

const OWN: ReadonlySet<MarkKind> = new Set(['kept', 'head']);

interface Waiting {
  readonly kind: MarkKind;
  readonly size: number;
  readonly root: Uint8Array;
  /** Damage left nothing to compare it with. */
  readonly unknown: boolean;
}

export class RootFaults {
  readonly #faults: FaultSink;
  readonly #named = new NamedEntries();
  #verified: number;
  #furthest: number;
  #stretches: Stretch[] = [];
  #waiting: Waiting[] = [];

  constructor(faults: FaultSink, verified: number) {
    this.#faults = faults;
    this.#verified = verified;
    this.#furthest = verified;
  }

  /** Size up to which a proven root was matched. */
  get verified(): number {
    return this.#verified;
  }

  named(seq: number): void {
    this.#named.add(seq);
  }

  namedRange(from: number, to: number): void {
    this.#named.addRange(from, to);
  }

  /** A root that fits and is not proven: its key is not certified, or its signature is wrong. */
  unproven(size: number): void {
    this.#furthest = size;
  }

  /** A root that does not fit, or cannot be compared. */
  misfit({ kind, checkpoint: { size, root } }: Mark, unknown: boolean): void {
    this.#furthest = size;
    if (kind === 'kept' && this.#waiting.length >= MAX_WAITING && this.#waiting.at(-1)?.kind === 'kept') this.#waiting.pop();
    this.#waiting.push({ kind, size, root, unknown });
  }

  /** A proven root fits, with stored hashes in the place of these entries. */
  matched(size: number, stretches: readonly Stretch[]): void {
    const fresh = stretches.map(({ from, to }) => ({ from: Math.max(from, this.#verified), to })).filter(({ from, to }) => from <= to);
    const hidden = (mark: Waiting): boolean => mark.unknown || fresh.some((stretch) => mark.size < size && endsIn(mark, stretch));
    this.#report(hidden, COVERED_LATER);
    this.#stretches.push(...fresh);
    this.#verified = size;
    this.#furthest = size;
  }

  /** Turns what is unexplained into faults, once nothing can explain it any more. */
  settle(end: number): void {
    while (this.#stretches.length > 0) {
      const [stretch] = this.#stretches;
      if (stretch === undefined || end <= stretch.to + PATIENCE) return;
      this.#stretches.shift();
      if (!this.#named.any(stretch.from, stretch.to))
        this.#faults.add({ code: 'ENTRY_ALTERED', range: stretch, detail: 'One or more of these.' });
    }
  }

  /** The end of the log. @param sealed up to where entries should lie under a root; `undefined` when no head says it */
  finish(sealed: number | undefined): void {
    this.settle(Infinity);
    const limit = sealed ?? this.#furthest;
    const told = this.#report((mark) => mark.unknown || this.#named.any(this.#verified, mark.size - 1), undefined);
    if (told < limit && this.#verified < limit)
      this.#faults.add({ code: 'ENTRIES_UNVERIFIED', range: { from: this.#verified, to: limit - 1 } });
  }

  /**
   * Names the marks that wait. Those that `hidden` says damage explains are unverified, all others contradict the entries.
   * @param later what to say of kept checkpoints that a later one makes up for; without it the caller tells of them
   * @returns up to where checkpoints of the log itself were called contradicted
   */
  #report(hidden: (mark: Waiting) => boolean, later: string | undefined): number {
    let [contradicted, unverified] = [0, 0];
    const marks = this.#waiting;
    this.#waiting = [];
    for (const mark of marks) {
      const isHidden = hidden(mark);
      if (mark.kind !== 'kept' && mark.kind !== 'head') {
        // Where the log itself states the same at that size, what is said of it is said of both.
        const repeats = marks.some(({ kind, size, root }) => OWN.has(kind) && size === mark.size && equalBytes(root, mark.root));
        if (!isHidden || !repeats) this.#outside(mark.kind, mark.size, isHidden);
      } else if (isHidden) unverified = mark.size;
      else contradicted = mark.size;
    }
    if (contradicted > 0) this.#upTo('CHECKPOINT_ROOT', contradicted);
    if (unverified > 0 && later !== undefined) this.#upTo('ENTRIES_UNVERIFIED', unverified, later);
    return contradicted;
  }

  #upTo(code: FaultCode, size: number, detail?: string): void {
    const range = { from: Math.min(this.#verified, size - 1), to: size - 1 };
    this.#faults.add({ code, range, ...(detail === undefined ? {} : { detail }) });
  }

  /** What came from outside speaks for all entries below its size. */
  #outside(kind: Exclude<MarkKind, 'kept' | 'head'>, size: number, hidden: boolean): void {
    const range = { from: 0, to: size - 1 };
    if (hidden) this.#faults.add({ code: 'ENTRIES_UNVERIFIED', range, detail: NOT_COMPARED[kind] });
    else if (kind === 'anchor') this.#faults.add({ code: 'ANCHOR_FORKED', range });
    else this.#faults.add({ code: 'RECEIPT_FORKED', range, ...(kind === 'witness' ? { detail: WITNESS_SAID } : {}) });
  }
}

/** Whether a root of that size ends inside the block of a stretch, behind its beginning: there no stored hash could stand for it. */
function endsIn({ size }: Waiting, { from, to }: Stretch): boolean {
  const begin = Math.floor(size / BLOCK_LEAVES) * BLOCK_LEAVES;
  return begin < size && from < size && to >= begin;
}
