/**
 * Logs that were replaced: what of them has no receipt is offered to the server like any other log, and once it has one the
 * file may make room. Owns those files after `retireLog`; must never remove one that holds an entry without a receipt, nor
 * change anything in it but its receipt.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { equalBytes, toHex } from '../../core/audit/bytes.ts';
import { logOrigin, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { openDatabase, type StoreDatabase } from './database.ts';
import { retiredAt } from './incarnation.ts';
import { consistency, type LogView, readBatch, rootAt } from './reader.ts';
import type { SideLog } from './side-log.ts';
import { readLogId, readPruned } from './source.ts';
import { storeTables } from './tables.ts';

/** Replaced logs that are open at a time; the rest follows when these have their receipts. */
const MOST_OPEN = 8;

interface RetiredLog {
  readonly path: string;
  readonly bytes: number;
  readonly db: StoreDatabase;
  readonly view: LogView;
  readonly incarnation: string;
  readonly origin: string;
  receiptedSize: number;
  /** The server holds more of this log than the file: it is an older copy, and nothing of it is left to send. */
  superseded: boolean;
}

interface RetiredParts {
  readonly dir: string;
  readonly workstation: Uint8Array;
  readonly hasher: TreeHasher;
  readonly problem: (what: string, error: unknown) => void;
}

export class RetiredLogs {
  readonly #parts: RetiredParts;
  readonly #logs: RetiredLog[] = [];
  /** Files that could not be read, or wait for their turn. */
  #unread = 0;

  /** Opens the oldest files of the folder. One that can't be read stays as it is and is reported. */
  constructor(parts: RetiredParts) {
    this.#parts = parts;
    for (const path of retiredPaths(parts.dir)) {
      const { size } = statSync(path);
      const log = this.#logs.length < MOST_OPEN ? this.#open(path, size) : undefined;
      if (log === undefined) this.#unread += size;
      else this.#logs.push(log);
    }
  }

  /** Bytes that all replaced logs take on the disk. */
  get usedBytes(): number {
    return this.#logs.reduce((sum, { bytes }) => sum + bytes, this.#unread);
  }

  /** Entries that no receipt covers yet. */
  get unreceipted(): number {
    return this.#logs.reduce((sum, log) => sum + (log.superseded ? 0 : log.view.size - log.receiptedSize), 0);
  }

  /** Those with something left to send: one of each incarnation, the one that holds most. */
  logs(): readonly SideLog[] {
    const longest = new Map<string, RetiredLog>();
    for (const log of this.#logs) {
      const other = longest.get(log.incarnation);
      if (!isDone(log) && (other === undefined || other.view.size < log.view.size)) longest.set(log.incarnation, log);
    }
    return [...longest.values()].map(sideLog);
  }

  keepReceipt(origin: string, size: number, note: string): void {
    for (const log of this.#logs) {
      if (log.origin !== origin || size > log.view.size || size <= log.receiptedSize) continue;
      if (!equalBytes(rootAt(log.view, size), parseCheckpoint(note).checkpoint.root)) continue;
      log.view.tables.writeReceipt(size, note);
      log.receiptedSize = size;
    }
  }

  /** The server has shown that it holds more of this log than any file here. */
  supersede(origin: string, size: number): void {
    for (const log of this.#logs) if (log.origin === origin && log.view.size < size) log.superseded = true;
  }

  /** Removes the oldest file whose every entry has a receipt; false when there is none. */
  makeRoom(): boolean {
    const at = this.#logs.findIndex((log) => log.receiptedSize >= log.view.size);
    const [log] = at < 0 ? [] : this.#logs.splice(at, 1);
    if (log === undefined) return false;
    log.db.close();
    for (const suffix of ['-wal', '-shm', '']) rmSync(`${log.path}${suffix}`, { force: true });
    return true;
  }

  close(): void {
    for (const log of this.#logs.splice(0)) log.db.close();
  }

  #open(path: string, bytes: number): RetiredLog | undefined {
    const { hasher, workstation, problem } = this.#parts;
    let db: StoreDatabase | undefined;
    try {
      db = openDatabase(path, false);
      const tables = storeTables(db);
      const log = readLogId(tables);
      const head = tables.head()?.note;
      if (head === undefined || !equalBytes(log.workstation, workstation)) {
        throw new WardlockError('AUDIT_STORE_FOREIGN', `${path} has no signed head, or is of another seat.`);
      }
      const { size } = parseCheckpoint(head).checkpoint;
      const view: LogView = { tables, hasher, pruned: readPruned(tables), head, size };
      const receiptedSize = Math.min(tables.receipt()?.size ?? 0, size);
      return { path, bytes, db, view, incarnation: toHex(log.incarnation), origin: logOrigin(log), receiptedSize, superseded: false };
    } catch (error) {
      db?.close();
      problem('A replaced log cannot be read; its file stays as it is.', error);
      return undefined;
    }
  }
}

function isDone(log: RetiredLog): boolean {
  return log.superseded || log.receiptedSize >= log.view.size;
}

function sideLog({ view, incarnation, origin, receiptedSize }: RetiredLog): SideLog {
  return {
    position: { incarnation, size: view.size, receiptedSize },
    receipted: { origin, size: view.size, mayBeOlderCopy: true, rootAt: (size) => rootAt(view, size) },
    batch: (start, limits) => readBatch(view, start, limits),
    consistency: (from, to) => consistency(view, from, to),
  };
}

/** The files in the order in which they were set aside. */
function retiredPaths(dir: string): readonly string[] {
  return readdirSync(dir)
    .filter((name) => retiredAt(name) !== undefined)
    .sort((a, b) => (retiredAt(a) ?? 0) - (retiredAt(b) ?? 0))
    .map((name) => join(dir, name));
}
