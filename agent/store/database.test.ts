/** Nothing is recorded over a connection that does not flush each commit: real SQLite, asked what it does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertPromises, openDatabase } from './database.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-promises-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const unsafe = (what: string): object => ({ code: 'AUDIT_STORE_FAILED', message: expect.stringContaining(`needs ${what}`) });

test('a new store and one that is there are opened in WAL mode with synchronous=FULL, for this process alone', () => {
  const path = join(folder, 'audit.db');
  for (const create of [true, false]) {
    const db = openDatabase(path, create);
    const says = ['journal_mode', 'synchronous', 'locking_mode'].map((name) => db.pragma(name, { simple: true }));
    db.close();
    expect(says).toEqual(['wal', 2, 'exclusive']);
  }
});

test('a database that can have no WAL is refused', () => {
  expect(() => openDatabase(':memory:', true)).toThrow(expect.objectContaining(unsafe('journal_mode wal')));
});

test.each(['OFF', 'NORMAL'])('a connection with synchronous=%s is refused', (level) => {
  const db = openDatabase(join(folder, 'audit.db'), true);
  db.pragma(`synchronous = ${level}`);
  expect(() => assertPromises(db)).toThrow(expect.objectContaining(unsafe('synchronous 2')));
  db.pragma('synchronous = FULL');
  expect(() => assertPromises(db)).not.toThrow();
  db.close();
});
