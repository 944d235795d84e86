/** What hides behind a bad bit of a write-ahead log, held against what SQLite itself reads of the same bytes. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generator } from '../../test/audit/generator.ts';
import { hidesCommits, keepFoundWal } from './found-wal.ts';

const PAGE_BYTES = 8192;
const FRAME_BYTES = PAGE_BYTES + 24;
const COMMITS = 40;
const FLIPS = 200;

let folder: string;
let wal: Buffer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-found-wal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A database whose every row is in its WAL alone, one a commit; it stays open, as a process that is killed leaves it. */
function inWal(commits = COMMITS): Database.Database {
  const db = new Database(join(folder, 'open.db'));
  db.pragma(`page_size = ${PAGE_BYTES}`);
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t (x)');
  write(db, commits);
  wal = readFileSync(join(folder, 'open.db-wal'));
  return db;
}

function write(db: Database.Database, commits: number): void {
  const insert = db.prepare('INSERT INTO t VALUES (?)');
  for (let at = 0; at < commits; at += 1) insert.run('x'.repeat(1500));
}

/** Rows that SQLite reads where this is the WAL. */
function rowsOf(bytes: Uint8Array): number {
  copyFileSync(join(folder, 'open.db'), join(folder, 'read.db'));
  writeFileSync(join(folder, 'read.db-wal'), bytes);
  const db = new Database(join(folder, 'read.db'));
  try {
    const hasTable = db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 't'").pluck().get() === 1;
    return hasTable ? Number(db.prepare('SELECT count(*) FROM t').pluck().get()) : 0;
  } finally {
    db.close();
  }
}

const flipped = (place: number, bit = 0): Buffer => {
  const bytes = Buffer.from(wal);
  bytes[place] = Number(bytes[place]) ^ (1 << bit);
  return bytes;
};

test('a bit that is flipped anywhere hides commits just where SQLite reads fewer', () => {
  const db = inWal();
  expect([rowsOf(wal), hidesCommits(wal)]).toEqual([COMMITS, false]);
  const next = generator(3);
  const places = [...Array.from({ length: 48 }, (_, at) => at), ...Array.from({ length: FLIPS }, () => next(wal.length))];
  let hidden = 0;
  for (const place of places) {
    const bytes = flipped(place, next(8));
    const reads = rowsOf(bytes);
    expect(hidesCommits(bytes), `flip at ${place}`).toBe(reads < COMMITS);
    if (reads < COMMITS) hidden += 1;
  }
  expect(hidden).toBeGreaterThan(FLIPS / 2);
  db.close();
});

test('a file that ends early, one used again, and what found no room hide nothing', () => {
  const db = inWal();
  for (const length of [0, 31, 40, FRAME_BYTES, FRAME_BYTES + 32, wal.length - 1, wal.length - FRAME_BYTES])
    expect(hidesCommits(wal.subarray(0, length)), `cut at ${length}`).toBe(false);
  db.pragma('wal_checkpoint(RESTART)');
  write(db, 3);
  const again = readFileSync(join(folder, 'open.db-wal'));
  expect([again.length, hidesCommits(again)]).toEqual([wal.length, false]);
  // Frames without a commit behind one that does not fit: what is left of two transactions that failed one after the other.
  const torn = Buffer.from(wal);
  for (let at = 32; at + FRAME_BYTES <= torn.length; at += FRAME_BYTES) if (at > wal.length / 2) torn.writeUInt32BE(0, at + 4);
  expect(hidesCommits(torn)).toBe(false);
  db.close();
});

test('the copy is made once, byte for byte, and only where something is hidden', () => {
  const db = inWal();
  const path = join(folder, 'kept.db');
  writeFileSync(path, '');
  keepFoundWal(path);
  writeFileSync(`${path}-wal`, wal);
  keepFoundWal(path);
  expect(existsSync(`${path}-wal.found`)).toBe(false);
  const bad = flipped(wal.length / 2);
  writeFileSync(`${path}-wal`, bad);
  keepFoundWal(path);
  writeFileSync(`${path}-wal`, flipped(wal.length / 3));
  keepFoundWal(path);
  expect(readFileSync(`${path}-wal.found`).equals(bad)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  db.close();
});
