/**
 * What one section of an export covers: which entries of its log, from when to when, and how many of them were opened.
 * Owns that count alone: an export proves what it holds and never that it holds all, so the reader must see its bounds.
 */
import { toHex } from '../bytes.ts';
import type { LogId } from '../entry.ts';
import { isEpochEntry, wallMicrosOf } from '../verify/entry-check.ts';
import type { Publication } from './published.ts';

/** So many ranges are named; `runs` counts all. The server writes one for each log. */
const RANGES_NAMED = 64;

export interface SectionSummary {
  readonly incarnation: string;
  /** Size of the checkpoint that the proofs lead to: what the log held in all. */
  readonly size: number;
  /** The runs that hold, first and last entry; neighbours are joined. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  readonly runs: number;
  /** What retention destroyed, by statements that a key given signed; neighbours are joined. */
  readonly pruned: readonly { readonly from: number; readonly to: number }[];
  /** Entries in their place. */
  readonly entries: number;
  /** Events that are what their entry holds. */
  readonly decrypted: number;
  /** Entries that hold an event and were not opened; those that open an epoch hold none. */
  readonly undecrypted: number;
  /** Wall time of the first and the last entry, microseconds since 1970 UTC. */
  readonly firstWallMicros: number | undefined;
  readonly lastWallMicros: number | undefined;
  /** Where this log stands in the log of logs, as far as a key given proves it. */
  readonly published: Publication;
}

/** Counts while the lines of a section pass. */
export class Coverage {
  readonly #log: LogId;
  readonly #size: number;
  readonly #ranges: { from: number; to: number }[] = [];
  readonly #pruned: { from: number; to: number }[] = [];
  #runs = 0;
  #entries = 0;
  #events = 0;
  #decrypted = 0;
  #firstWallMicros: number | undefined;
  #lastWallMicros: number | undefined;
  #published: Publication = 'unchecked';

  constructor(log: LogId, size: number) {
    this.#log = log;
    this.#size = size;
  }

  entry(entry: Uint8Array): void {
    this.#entries += 1;
    if (!isEpochEntry(entry)) this.#events += 1;
    this.#lastWallMicros = wallMicrosOf(entry);
    this.#firstWallMicros ??= this.#lastWallMicros;
  }

  decrypted(): void {
    this.#decrypted += 1;
  }

  /** A run [start, end) whose proofs hold. */
  run(start: number, end: number): void {
    this.#runs += 1;
    join(this.#ranges, start, end);
  }

  /** A range [start, end) that a proven statement says was pruned. */
  pruned(start: number, end: number): void {
    join(this.#pruned, start, end);
  }

  published(place: Publication): void {
    this.#published = place;
  }

  summary(): SectionSummary {
    return {
      incarnation: toHex(this.#log.incarnation),
      size: this.#size,
      ranges: this.#ranges,
      runs: this.#runs,
      pruned: this.#pruned,
      entries: this.#entries,
      decrypted: this.#decrypted,
      undecrypted: this.#events - this.#decrypted,
      firstWallMicros: this.#firstWallMicros,
      lastWallMicros: this.#lastWallMicros,
      published: this.#published,
    };
  }
}

function join(ranges: { from: number; to: number }[], start: number, end: number): void {
  const open = ranges.at(-1);
  if (open !== undefined && open.to + 1 === start) open.to = end - 1;
  else if (ranges.length < RANGES_NAMED) ranges.push({ from: start, to: end - 1 });
}
