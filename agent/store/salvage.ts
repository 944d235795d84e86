/**
 * Reads entries around damaged pages of a database: what can't be read is left out, and the verifier names it as missing. Owns how
 * far that goes: never beyond the signed head, where a gap would be noticed by nobody, nor for ever.
 */
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { EntryPage, StoredEntry } from '../../core/audit/verify/source.ts';
import { isDamage } from './database.ts';
import { pageOf, runReader } from './entry-run.ts';
import type { Tables } from './tables.ts';

/** More unreadable entries than this are no damaged pages but no database any more. */
const MOST_UNREADABLE = 2 ** 20;

export class Salvage {
  readonly #tables: Tables;
  readonly #cut = runReader();
  #unreadable = 0;
  #ended = false;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The lowest place that an entry has, if that can be read. */
  first(): number | null {
    try {
      return this.#tables.bounds().first;
    } catch (error) {
      if (isDamage(error)) return null;
      throw error;
    }
  }

  /**
   * The entries at [from, from + count), or some behind them where none is there; `undefined` where the log ends. Empty when none of
   * them can be read. Right until the next page is asked for. Throws what SQLite threw where a gap would be no fault.
   */
  page(from: number, count: number): EntryPage | undefined {
    if (this.#ended) return undefined;
    try {
      const page = this.#tables.run(from, count, this.#cut) ?? pageOf(this.#tables.entries(from, count));
      return page.length === 0 ? undefined : page;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return pageOf(this.#around(from, count));
    }
  }

  #around(from: number, count: number): readonly StoredEntry[] {
    const signed = this.#signedSize();
    const entries: StoredEntry[] = [];
    for (let seq = from; seq < from + count; seq += 1) {
      try {
        const bytes = this.#tables.entry(seq);
        if (bytes !== undefined) entries.push({ seq, bytes });
      } catch (error) {
        const certain = seq < signed ? this.#unreadable < MOST_UNREADABLE : this.#unreadable > 0;
        if (!isDamage(error) || !certain) throw error;
        this.#ended = seq >= signed;
        if (this.#ended) return entries;
        this.#unreadable += 1;
      }
    }
    return entries;
  }

  /** Up to here a missing entry is a fault for certain. */
  #signedSize(): number {
    const head = this.#tables.head();
    return head === undefined ? 0 : parseCheckpoint(head.note).checkpoint.size;
  }
}
