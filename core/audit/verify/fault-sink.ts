/**
 * Collects faults and joins neighbours of one kind into a range, so that a thousand bad entries in a row are one line.
 * Owns nothing else; must never drop one.
 */
import type { Fault, FaultCode } from '../faults.ts';

export class FaultSink {
  #open: Fault | undefined;
  #ready: Fault[] = [];
  #count = 0;

  /** How many faults were found, after joining. */
  get count(): number {
    return this.#count;
  }

  /** True when `drain` has something. */
  get ready(): boolean {
    return this.#ready.length > 0;
  }

  entry(code: FaultCode, seq: number, detail?: string): void {
    this.add({ code, range: { from: seq, to: seq }, ...(detail === undefined ? {} : { detail }) });
  }

  add(fault: Fault): void {
    const joined = join(this.#open, fault);
    if (joined !== undefined) {
      this.#open = joined;
      return;
    }
    this.#flush();
    this.#open = fault;
    this.#count += 1;
  }

  /** Faults that can't grow any more. */
  drain(end = false): readonly Fault[] {
    if (end) this.#flush();
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #flush(): void {
    if (this.#open !== undefined) this.#ready.push(this.#open);
    this.#open = undefined;
  }
}

function join(open: Fault | undefined, next: Fault): Fault | undefined {
  if (open?.range === undefined || next.range === undefined) return undefined;
  if (open.code !== next.code || open.epoch !== next.epoch || open.detail !== next.detail) return undefined;
  if (next.range.from > open.range.to + 1 || next.range.from < open.range.from) return undefined;
  return { ...open, range: { from: open.range.from, to: Math.max(open.range.to, next.range.to) } };
}
