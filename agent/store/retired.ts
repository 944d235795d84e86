/**
 * Logs that were replaced: what of them has no receipt is offered to the server like any other log, and once it has one the
 * file may make room. Owns those files after `retireLog`; must never remove one that holds an entry without a receipt, nor
 * change anything in it but its receipt.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { equalBytes, toHex } from '../../core/audit/bytes.ts';
import { logOrigin, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { NoteVerifier } from '../../core/audit/note.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { isDamage, openDatabase, type StoreDatabase } from './database.ts';
import { hasFoundWal } from './found-wal.ts';
import { retiredAt } from './incarnation.ts';
import { type LogKey, provenUnderLogKey } from './log-signature.ts';
import { consistency, type LogView, readBatch, rootAt } from './reader.ts';
import { judgeReceipt, type ReceiptedLog } from './receipts.ts';
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
  /** The head as it goes up. */
  readonly headUp: () => string;
  readonly incarnation: string;
  readonly origin: string;
  receiptedSize: number;
  /** The server holds more of this log than the file: it is an older copy, and nothing of it is left to send. */
  superseded: boolean;
}

/** A file with nothing left to send, or that can't be sent: it is not kept open. */
interface SettledFile {
  readonly path: string;
  readonly bytes: number;
  /** A receipt covers its last entry, and nothing beside it may hold more. */
  readonly removable: boolean;
}

interface RetiredParts {
  readonly dir: string;
  readonly workstation: Uint8Array;
  readonly hasher: TreeHasher;
  readonly logKey: LogKey;
  /** Receipts by another key, or of other entries than lie beside them, cover nothing. */
  readonly receiptKey: NoteVerifier | undefined;
  readonly problem: (what: string, error: unknown) => void;
}

export class RetiredLogs {
  readonly #parts: RetiredParts;
  readonly #waiting: Pick<SettledFile, 'path' | 'bytes'>[];
  readonly #logs: RetiredLog[] = [];
  readonly #settled: SettledFile[] = [];

  /** Opens the oldest files of the folder that have something to send. One that can't be read stays as it is and is reported. */
  constructor(parts: RetiredParts) {
    this.#parts = parts;
    this.#waiting = retiredPaths(parts.dir).map((path) => ({ path, bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0 }));
    this.#fill();
  }

  /** Bytes that all replaced logs take on the disk. */
  get usedBytes(): number {
    return [...this.#waiting, ...this.#logs, ...this.#settled].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Entries that no receipt covers yet. */
  get unreceipted(): number {
    return this.#logs.reduce((sum, log) => sum + log.view.size - log.receiptedSize, 0);
  }

  /** Those with something left to send: one of each incarnation, the one that holds most. */
  logs(): readonly SideLog[] {
    const longest = new Map<string, RetiredLog>();
    for (const log of this.#logs) {
      const other = longest.get(log.incarnation);
      if (other === undefined || other.view.size < log.view.size) longest.set(log.incarnation, log);
    }
    return [...longest.values()].map(sideLog);
  }

  keepReceipt(origin: string, size: number, note: string): void {
    const { root } = parseCheckpoint(note).checkpoint;
    for (const log of this.#logs) {
      if (log.origin !== origin || size > log.view.size || size <= log.receiptedSize || !hasRoot(log.view, size, root)) continue;
      log.view.tables.writeReceipt(size, note);
      log.receiptedSize = size;
    }
    this.#settle();
  }

  /** The server has shown that it holds more of this log than any file here. */
  supersede(origin: string, size: number): void {
    for (const log of this.#logs) if (log.origin === origin && log.view.size < size) log.superseded = true;
    this.#settle();
  }

  /** Removes the oldest file whose every entry has a receipt; false when there is none. */
  makeRoom(): boolean {
    const at = this.#settled.findIndex(({ removable }) => removable);
    const [file] = at < 0 ? [] : this.#settled.splice(at, 1);
    if (file === undefined) return false;
    for (const suffix of ['-wal', '-shm', '']) rmSync(`${file.path}${suffix}`, { force: true });
    return true;
  }

  close(): void {
    for (const log of this.#logs.splice(0)) log.db.close();
  }

  /** Closes what is done, so that the next ones get their turn. */
  #settle(): void {
    for (const log of this.#logs.filter(isDone)) {
      this.#logs.splice(this.#logs.indexOf(log), 1);
      this.#put(log, log.receiptedSize >= log.view.size);
      log.db.close();
    }
    this.#fill();
  }

  #fill(): void {
    while (this.#logs.length < MOST_OPEN) {
      const file = this.#waiting.shift();
      if (file === undefined) return;
      const log = this.#open(file.path, file.bytes);
      if (log === undefined) this.#put(file, false);
      else if (isDone(log)) {
        this.#put(log, log.receiptedSize >= log.view.size);
        log.db.close();
      } else this.#logs.push(log);
    }
  }

  #put({ path, bytes }: Pick<SettledFile, 'path' | 'bytes'>, covered: boolean): void {
    // What a person can still mend may hold more than was receipted.
    this.#settled.push({ path, bytes, removable: covered && !hasFoundWal(path) });
    this.#settled.sort((a, b) => ageOf(a.path) - ageOf(b.path));
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
      const origin = logOrigin(log);
      const headUp = once(() => provenUnderLogKey(this.#parts.logKey, log, view));
      const known = { path, bytes, db, view, headUp, incarnation: toHex(log.incarnation), origin };
      return {
        ...known,
        ...this.#receiptOf(
          receiptedLog(view, origin, (of) => rootOf(view, of)),
          tables.receipt()?.note,
        ),
      };
    } catch (error) {
      db?.close();
      problem('A replaced log cannot be read; its file stays as it is.', error);
      return undefined;
    }
  }

  /** A log may have been replaced because it contradicts its receipt: then it has none, and its file is evidence. */
  #receiptOf(log: ReceiptedLog, note: string | undefined): Pick<RetiredLog, 'receiptedSize' | 'superseded'> {
    const judged = note === undefined ? undefined : judgeReceipt(note, this.#parts.receiptKey, [log]);
    return { receiptedSize: judged?.outcome === 'valid' ? judged.signed.checkpoint.size : 0, superseded: judged?.outcome === 'beyond' };
  }
}

function isDone(log: RetiredLog): boolean {
  return log.superseded || log.receiptedSize >= log.view.size;
}

function sideLog({ view, headUp, incarnation, origin, receiptedSize }: RetiredLog): SideLog {
  return {
    position: { incarnation, size: view.size, receiptedSize },
    receipted: receiptedLog(view, origin, (size) => rootAt(view, size)),
    batch: (start, limits) =>
      readable(() => {
        const batch = readBatch(view, start, limits);
        return batch.checkpoint === view.head ? { ...batch, checkpoint: headUp() } : batch;
      }),
    consistency: (from, to) => readable(() => consistency(view, from, to)),
  };
}

/** A head of a file that nobody writes to stays what it is. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function receiptedLog(view: LogView, origin: string, root: ReceiptedLog['rootAt']): ReceiptedLog {
  return { origin, size: view.size, mayBeOlderCopy: true, rootAt: root };
}

const NO_ROOT = new Uint8Array(0);

function hasRoot(view: LogView, size: number, root: Uint8Array): boolean {
  return equalBytes(rootOf(view, size), root);
}

/** Of a log that lost entries no receipt fits what is left. */
function rootOf(view: LogView, size: number): Uint8Array {
  try {
    return rootAt(view, size);
  } catch (error) {
    if (isWardlockError(error) || isDamage(error)) return NO_ROOT;
    throw error;
  }
}

/** A page that the disk has spoiled must not hold up the logs that are sound. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', 'A part of this replaced log cannot be read; its file stays as it is.', {
      cause: error,
    });
  }
}

function ageOf(path: string): number {
  return retiredAt(basename(path)) ?? 0;
}

/** The files in the order in which they were set aside. */
function retiredPaths(dir: string): readonly string[] {
  return readdirSync(dir)
    .filter((name) => retiredAt(name) !== undefined)
    .sort((a, b) => (retiredAt(a) ?? 0) - (retiredAt(b) ?? 0))
    .map((name) => join(dir, name));
}
