/** An entry and the head over it in one statement: both or neither, and nothing of the statement in the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type StoreDatabase } from './database.ts';
import { storeTables } from './tables.ts';

let dir: string;
let db: StoreDatabase;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wardlock-tables-'));
  db = openDatabase(join(dir, 'audit.db'), true);
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

const entryOf = (seq: number) => ({ seq, bytes: Uint8Array.of(1, seq) });
const headOf = (seq: number) => ({ note: `head ${seq} \u2014`, link: Uint8Array.of(2, seq) });
const stored = () => {
  const { entries, head } = storeTables(db);
  const found = head();
  return {
    entries: entries(0, 9).map(({ seq, bytes }) => ({ seq, bytes: new Uint8Array(bytes) })),
    head: found && { note: found.note, link: new Uint8Array(found.link) },
  };
};

test('one statement writes the entry and the head, the first one too', () => {
  const tables = storeTables(db);
  for (const seq of [0, 1]) {
    tables.appendOne(entryOf(seq), headOf(seq));
    expect(stored().head).toEqual(headOf(seq));
  }
  expect(stored().entries).toEqual([entryOf(0), entryOf(1)]);
  expect(db.inTransaction).toBe(false);
});

test('an entry whose place is taken changes neither, and a head that cannot be written leaves no entry', () => {
  const tables = storeTables(db);
  tables.appendOne(entryOf(0), headOf(0));
  expect(() => tables.appendOne({ seq: 0, bytes: Uint8Array.of(9) }, headOf(1))).toThrow('UNIQUE');
  db.exec("CREATE TRIGGER no_head BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'no head'); END");
  expect(() => tables.appendOne(entryOf(1), headOf(1))).toThrow('no head');
  expect(stored()).toEqual({ entries: [entryOf(0)], head: headOf(0) });
});

test('the file holds no view and no trigger', () => {
  storeTables(db).appendOne(entryOf(0), headOf(0));
  db.close();
  db = openDatabase(join(dir, 'audit.db'), false);
  expect(db.prepare("SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger')").all()).toEqual([]);
  expect(stored()).toEqual({ entries: [entryOf(0)], head: headOf(0) });
});
