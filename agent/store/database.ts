/**
 * Opens the store's SQLite file as its one writer and keeps its promises: WAL, synchronous=FULL and an exclusive lock, set
 * and then read back. Owns pragmas, schema and migrations; must never write to a file that is not an audit store.
 */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';

/** 'WLAU'. */
export const APPLICATION_ID = 0x574c4155;
/** Pages of 8 KiB hold 19 ordinary entries; 4 KiB would waste a tenth. */
const PAGE_BYTES = 8192;
/** SQLite's name for FULL: each commit of the WAL is flushed. better-sqlite3's build defaults WAL files to NORMAL, which loses commits on power loss. */
const SYNCHRONOUS_FULL = 2;
/** The WAL is folded back after this many pages, so that a start after a crash reads at most 8 MiB of it. */
const CHECKPOINT_PAGES = 1000;

/** Numbered migrations; the file's user_version is how many were applied. */
const MIGRATIONS = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
   CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
   CREATE TABLE node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) WITHOUT ROWID;
   CREATE TABLE kept (size INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, first INTEGER NOT NULL, note TEXT NOT NULL);
   CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), note TEXT NOT NULL, link BLOB NOT NULL);
   CREATE TABLE receipt (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, note TEXT NOT NULL);`,
] as const;

export type StoreDatabase = Database.Database;
export type StoreStatement = Database.Statement;

/** Opens the file for writing, making it when `create` says so. Throws a coded error for foreign, locked or broken files. */
export function openDatabase(path: string, create: boolean): StoreDatabase {
  const isNew = !existsSync(path);
  if (isNew && !create) throw new WardlockError('AUDIT_STORE_FOREIGN', `There is no audit store at ${path}.`);
  const db = new Database(path, { fileMustExist: !create });
  try {
    // Before anything is read: then the index of the WAL is in memory, and not in a file that a full disk has no room for.
    db.pragma('locking_mode = EXCLUSIVE');
    if (isNew) db.pragma(`page_size = ${PAGE_BYTES}`);
    else checkApplication(db, path);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.pragma('trusted_schema = OFF');
    takeLock(db);
    assertPromises(db);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw asCoded(error, path);
  }
}

/** Reads the application id without writing anything. */
function checkApplication(db: StoreDatabase, path: string): void {
  if (db.pragma('application_id', { simple: true }) === APPLICATION_ID) return;
  throw new WardlockError('AUDIT_STORE_FOREIGN', `${path} is an SQLite file, but not a Wardlock audit store.`);
}

/** In exclusive locking mode the first write transaction takes the lock and keeps it. */
function takeLock(db: StoreDatabase): void {
  db.exec('BEGIN EXCLUSIVE; COMMIT');
}

/** What the connection itself says counts, not what it was told. Throws AUDIT_STORE_FAILED. */
export function assertPromises(db: StoreDatabase): void {
  const promises = [
    ['journal_mode', 'wal'],
    ['locking_mode', 'exclusive'],
    ['synchronous', SYNCHRONOUS_FULL],
  ] as const;
  for (const [name, expected] of promises) {
    const found = db.pragma(name, { simple: true });
    if (found !== expected) {
      throw new WardlockError(
        'AUDIT_STORE_FAILED',
        `The audit store needs ${name} ${expected} and got ${String(found)}: nothing may be recorded.`,
      );
    }
  }
}

function migrate(db: StoreDatabase): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > MIGRATIONS.length) throw new WardlockError('AUDIT_STORE_FOREIGN', 'The audit store was written by a newer Wardlock.');
  const apply = db.transaction(() => {
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  });
  if (version < MIGRATIONS.length) apply();
}

/** SQLite's codes as ours; the lower error stays as the cause. */
export function asCoded(error: unknown, path: string): unknown {
  if (isNoRoom(error)) return new WardlockError('AUDIT_STORE_FULL', 'The disk of the audit store is full.', { cause: error });
  if (!(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  if (error.code.startsWith('SQLITE_BUSY') || error.code.startsWith('SQLITE_LOCKED'))
    return new WardlockError('AUDIT_STORE_LOCKED', undefined, { cause: error });
  if (isDamage(error))
    return new WardlockError('AUDIT_STORE_FOREIGN', `${path} is not an SQLite file, or it is damaged.`, { cause: error });
  if (isFull(error)) return new WardlockError('AUDIT_STORE_FULL', 'The disk of the audit store is full.', { cause: error });
  return new WardlockError('AUDIT_STORE_FAILED', `The audit store failed: ${code}.`, { cause: error });
}

/** The file's content is not a database, or not a sound one, or holds a row that Wardlock never writes: one bit makes a text of a blob. */
export function isDamage(error: unknown): error is Error {
  if (error instanceof Database.SqliteError) return /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
  return isWardlockError(error) && error.code === 'AUDIT_STORE_FOREIGN';
}

export function isFull(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_FULL';
}

/** Nothing is wrong but that the disk has no room for it, in the database or in a file beside it. */
export function hasNoRoom(error: unknown): boolean {
  return isFull(error) || isNoRoom(error) || (isWardlockError(error) && error.code === 'AUDIT_STORE_FULL');
}

/** What the system says of files beside the database: no blocks, no inodes, or a quota used up. */
function isNoRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
