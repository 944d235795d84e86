/**
 * The store's statements, prepared once. Owns SQL; every value that comes back is looked at or is bytes whose meaning core/audit
 * checks. Without schemas: a verifier's second thread would load all of TypeBox for six columns.
 */
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import type { TreeNode } from '../../core/audit/compact.ts';
import type { DraftEntry, KeptCheckpoint } from '../../core/audit/draft.ts';
import type { EntryPage, StoredEntry } from '../../core/audit/verify/source.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { StoreDatabase, StoreStatement } from './database.ts';
import type { RunReader } from './entry-run.ts';

/** Entries of a group go in so many a statement, which takes two thirds of the time of one by one. */
const ROWS_AT_ONCE = 32;

/** A kept checkpoint: the epoch it closes, and that epoch's first entry. */
export interface KeptRow {
  readonly size: number;
  readonly epoch: number;
  readonly first: number;
  readonly note: string;
}

export interface HeadRecord {
  readonly note: string;
  readonly link: Uint8Array;
}

export type Tables = ReturnType<typeof storeTables>;

/** @param db a store of this schema; read-only databases may use the reading half */
export function storeTables(db: StoreDatabase) {
  const insertEntry = db.prepare('INSERT INTO entry (seq, bytes) VALUES (?, ?)');
  const insertRows = db.prepare(`INSERT INTO entry (seq, bytes) VALUES ${Array<string>(ROWS_AT_ONCE).fill('(?, ?)').join(', ')}`);
  const insertEntries = (entries: readonly DraftEntry[]): void => {
    let at = 0;
    for (; entries.length - at >= ROWS_AT_ONCE; at += ROWS_AT_ONCE)
      insertRows.run(entries.slice(at, at + ROWS_AT_ONCE).flatMap(({ seq, bytes }) => [seq, bytes]));
    for (const { seq, bytes } of entries.slice(at)) insertEntry.run(seq, bytes);
  };
  const insertNode = db.prepare('INSERT OR REPLACE INTO node (level, idx, hash) VALUES (?, ?, ?)');
  const insertKept = db.prepare('INSERT INTO kept (size, epoch, first, note) VALUES (?, ?, ?, ?)');
  const writeHead = db.prepare(
    'INSERT INTO head (id, note, link) VALUES (0, ?, ?) ON CONFLICT (id) DO UPDATE SET note = excluded.note, link = excluded.link',
  );
  const appendOne = singleAppend(db);
  const writeReceipt = db.prepare(
    'INSERT INTO receipt (id, size, note) VALUES (0, ?, ?) ON CONFLICT (id) DO UPDATE SET size = excluded.size, note = excluded.note',
  );
  const writeMeta = db.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
  const deleteMeta = db.prepare('DELETE FROM meta WHERE key = ?');
  const countOtherMeta = db.prepare("SELECT count(*) FROM meta WHERE typeof(value) <> 'blob' OR typeof(key) <> 'text'").pluck();
  const readMeta = db.prepare('SELECT value FROM meta WHERE key = ?').pluck();
  const readHead = db.prepare('SELECT note, link FROM head WHERE id = 0');
  const readReceipt = db.prepare('SELECT size, note FROM receipt WHERE id = 0').raw();
  const readNode = db.prepare('SELECT hash FROM node WHERE level = ? AND idx = ?').pluck();
  const readNodes = db.prepare('SELECT idx, hash FROM node WHERE level = ? AND idx >= ? ORDER BY idx LIMIT ?').raw();
  const readNodeRun = db
    .prepare(
      `SELECT count(*), min(idx), max(idx), CAST(group_concat(CASE typeof(hash) WHEN 'blob' THEN hash END, '' ORDER BY idx) AS BLOB)
       FROM node WHERE level = ? AND idx >= ? AND idx < ?`,
    )
    .raw();
  const readEntry = db.prepare('SELECT bytes FROM entry WHERE seq = ?').pluck();
  const readEntries = db.prepare('SELECT seq, bytes FROM entry WHERE seq >= ? ORDER BY seq LIMIT ?').raw();
  const readRun = db
    .prepare(
      `SELECT count(*), group_concat(CASE typeof(bytes) WHEN 'blob' THEN length(bytes) END), CAST(group_concat(bytes, '') AS BLOB)
       FROM (SELECT bytes FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq)`,
    )
    .raw();
  const readKept = db.prepare('SELECT size, epoch, first, note FROM kept WHERE size > ? ORDER BY size LIMIT ?').raw();
  const readKeptOfEpoch = db.prepare('SELECT size, epoch, first, note FROM kept WHERE epoch = ? ORDER BY size DESC LIMIT 1').raw();
  const readLastKept = db.prepare('SELECT size, epoch, first, note FROM kept ORDER BY size DESC LIMIT 1').raw();
  const readKeptBefore = db.prepare('SELECT size, epoch, first, note FROM kept WHERE size < ? ORDER BY size DESC LIMIT 1').raw();
  // Two questions: asked as one, SQLite reads the whole table instead of its two ends.
  const readEntryBounds = db.prepare('SELECT (SELECT min(seq) FROM entry) AS first, (SELECT max(seq) FROM entry) AS last').raw();
  const deleteEntries = db.prepare('DELETE FROM entry WHERE seq < ?');
  const deleteKept = db.prepare('DELETE FROM kept WHERE size <= ?');
  return {
    insertEntries,
    insertNode: (node: TreeNode) => insertNode.run(node.level, node.index, node.hash),
    insertKept: (kept: KeptCheckpoint, first: number) => insertKept.run(kept.size, kept.epoch, first, kept.note),
    writeHead: (head: HeadRecord) => writeHead.run(head.note, head.link),
    /** One entry and the head over it in one statement, durable when it returns: no transaction may be open. */
    appendOne: ({ seq, bytes }: DraftEntry, head: HeadRecord) => appendOne().run(seq, bytes, head.note, head.link),
    writeReceipt: (size: number, note: string) => writeReceipt.run(size, note),
    writeMeta: (key: string, value: Uint8Array) => writeMeta.run(key, value),
    deleteMeta: (key: string) => deleteMeta.run(key),
    /** Rows that no seat writes, whatever their key. */
    otherMeta: () => Number(countOtherMeta.get()),
    meta: (key: string) => bytesOf(readMeta.get(key)),
    head: (): HeadRecord | undefined => headRow(readHead.get()),
    receipt: () => optional(receiptRow, readReceipt.get()),
    node: (level: number, index: number) => bytesOf(readNode.get(level, index)),
    /** Up to `limit` stored hashes of one level, from `index` on, each with its index. */
    nodes: (level: number, index: number, limit: number) => readNodes.all(level, index, limit).map(indexedBytes),
    /** The stored hashes of one level from `index` on, `limit` at most, in one piece; nothing where there is none there, a gap or a damaged one. */
    nodeRun: (level: number, index: number, limit: number) => nodeRunRow(readNodeRun.get(level, index, index + limit), index),
    entry: (seq: number) => bytesOf(readEntry.get(seq)),
    /** Up to `limit` entries from `seq` on, in order. */
    entries: (seq: number, limit: number): readonly StoredEntry[] => readEntries.all(seq, limit).map(entryRow),
    /** The entries at [from, from + count) in one piece, or nothing when one of them is missing: a third of the time of rows. */
    run: (from: number, count: number, cut: RunReader) => runRow(readRun.get(from, from + count), { from, count }, cut),
    /** Up to `limit` kept checkpoints of more than `size`, by size. */
    kept: (size: number, limit: number): readonly KeptRow[] => readKept.all(size, limit).map(keptRow),
    keptOfEpoch: (epoch: number) => optional(keptRow, readKeptOfEpoch.get(epoch)),
    keptBefore: (size: number) => optional(keptRow, readKeptBefore.get(size)),
    lastKept: () => optional(keptRow, readLastKept.get()),
    bounds: () => boundsRow(readEntryBounds.get()),
    deleteEntriesBelow: (seq: number) => deleteEntries.run(seq),
    deleteKeptUpTo: (size: number) => deleteKept.run(size),
  };
}

/**
 * A statement that is a transaction by itself spares a single append two others. The trigger lies in this connection's memory, not in the
 * file; it is made at first use, so that no reader of evidence has it.
 */
function singleAppend(db: StoreDatabase): () => StoreStatement {
  let statement: StoreStatement | undefined;
  return () => {
    if (statement !== undefined) return statement;
    db.exec(`CREATE TEMP VIEW append_one (seq, bytes, note, link) AS SELECT 0, x'', '', x'';
      CREATE TEMP TRIGGER append_one_insert INSTEAD OF INSERT ON append_one BEGIN
        INSERT INTO entry (seq, bytes) VALUES (NEW.seq, NEW.bytes);
        INSERT INTO head (id, note, link) VALUES (0, NEW.note, NEW.link)
          ON CONFLICT (id) DO UPDATE SET note = excluded.note, link = excluded.link;
      END`);
    statement = db.prepare('INSERT INTO append_one (seq, bytes, note, link) VALUES (?, ?, ?, ?)');
    return statement;
  };
}

function entryRow(row: unknown): StoredEntry {
  const [seq, bytes] = indexedBytes(row);
  return { seq, bytes };
}

function indexedBytes(row: unknown): readonly [number, Uint8Array] {
  const [index, bytes] = cellsOf(row);
  if (typeof index !== 'number' || !(bytes instanceof Uint8Array)) throw damaged();
  return [index, bytes];
}

/** A run as SQLite made one blob of it; what is no blob has no length there. */
function runRow(row: unknown, { from, count }: { readonly from: number; readonly count: number }, cut: RunReader): EntryPage | undefined {
  const [found, lengths, all] = cellsOf(row);
  if (found !== count) return undefined;
  if (typeof lengths !== 'string' || !(all instanceof Uint8Array)) throw damaged();
  const page = cut(from, lengths, all);
  if (page?.length !== count) throw damaged();
  return page;
}

function nodeRunRow(row: unknown, index: number): Uint8Array | undefined {
  const [count, first, last, all] = cellsOf(row);
  if (!isCount(count) || first !== index || last !== index + count - 1) return undefined;
  return all instanceof Uint8Array && all.length === count * HASH_BYTES ? all : undefined;
}

function cellsOf(row: unknown): readonly unknown[] {
  if (!Array.isArray(row)) throw damaged();
  return row;
}

/** A blob, or nothing. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value === undefined || value instanceof Uint8Array) return value;
  throw damaged();
}

function headRow(row: unknown): HeadRecord | undefined {
  if (row === undefined) return undefined;
  if (typeof row !== 'object' || row === null || !('note' in row) || !('link' in row)) throw damaged();
  const { note, link } = row;
  if (typeof note !== 'string' || !(link instanceof Uint8Array)) throw damaged();
  return { note, link };
}

function keptRow(row: unknown): KeptRow {
  const [size, epoch, first, note] = cellsOf(row);
  if (!isCount(size) || !isCount(epoch) || !isCount(first) || typeof note !== 'string') throw damaged();
  return { size, epoch, first, note };
}

function receiptRow(row: unknown) {
  const [size, note] = cellsOf(row);
  if (!isCount(size) || typeof note !== 'string') throw damaged();
  return { size, note };
}

function boundsRow(row: unknown) {
  const [first, last] = cellsOf(row);
  if ((first !== null && !isCount(first)) || (last !== null && !isCount(last))) throw damaged();
  return { first, last };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value);
}

function optional<T>(parse: (row: unknown) => T, row: unknown): T | undefined {
  return row === undefined ? undefined : parse(row);
}

function damaged(): WardlockError {
  return new WardlockError('AUDIT_STORE_FOREIGN', 'A table of the audit store holds something that Wardlock never writes.');
}
