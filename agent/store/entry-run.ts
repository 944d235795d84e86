/**
 * Entries that SQLite handed over as one blob, cut where its lengths say. Owns one piece of memory for all runs of one reading, in which
 * an entry lies while it is looked at: an object for each of millions of entries costs a verifier as much as reading it, and the collector
 * more. Must never give out an entry with another beginning or end than its row has.
 */
import { MAX_ENTRY_BYTES } from '../../core/audit/entry.ts';
import type { EntryPage, StoredEntry } from '../../core/audit/verify/source.ts';

/** Room for a run of ordinary entries behind the place of the present one; a larger run is looked at where it lies. */
const RUN_BYTES = 64 * 1024;
const COMMA = 0x2c;
const ZERO = 0x30;

/** Rows that came one by one. */
export function pageOf(entries: readonly StoredEntry[]): EntryPage {
  const at = (index: number): StoredEntry => {
    const entry = entries[index];
    if (entry === undefined) throw new RangeError('no such entry in this page');
    return entry;
  };
  return { length: entries.length, seq: (index) => at(index).seq, bytes: (index) => at(index).bytes };
}

/** Gives the runs of one reading: each is right until the next one is made. */
export type RunReader = (from: number, lengths: string, all: Uint8Array) => EntryPage | undefined;

/** @returns what makes a page of lengths with commas between them and the entries themselves; `undefined` where those do not fit */
export function runReader(): RunReader {
  const memory = new Uint8Array(MAX_ENTRY_BYTES + RUN_BYTES);
  let ends = new Float64Array(0);
  let present = memory.subarray(0, 0);
  return (from, lengths, all) => {
    // A length has one digit and a comma at least.
    if (ends.length < lengths.length) ends = new Float64Array(lengths.length);
    const length = cut(lengths, ends);
    if (ends[length - 1] !== all.length) return undefined;
    const fits = all.length <= RUN_BYTES;
    if (fits) memory.set(all, MAX_ENTRY_BYTES);
    return {
      length,
      seq: (at) => from + at,
      bytes(at) {
        const begin = at === 0 ? 0 : Number(ends[at - 1]);
        const end = Number(ends[at]);
        if (!fits || end - begin > MAX_ENTRY_BYTES) return all.subarray(begin, end);
        memory.copyWithin(0, MAX_ENTRY_BYTES + begin, MAX_ENTRY_BYTES + end);
        if (present.length !== end - begin) present = memory.subarray(0, end - begin);
        return present;
      },
    };
  };
}

/** Notes where each entry ends; answers how many there are. What SQLite writes are digits and commas alone. */
function cut(lengths: string, ends: Float64Array): number {
  let [count, end, length] = [0, 0, 0];
  for (let at = 0; at <= lengths.length; at += 1) {
    const code = at === lengths.length ? COMMA : lengths.charCodeAt(at);
    if (code === COMMA) {
      end += length;
      ends[count] = end;
      count += 1;
      length = 0;
    } else length = length * 10 + code - ZERO;
  }
  return count;
}
