import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Tables } from './schema.ts';
import { GroupDialect } from './sqlite-driver.ts';

let folder: string;
let path: string;
let ran: string[];
let db: Kysely<Tables>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-driver-'));
  path = join(folder, 'a.db');
  ran = [];
  const writing = new Database(path, { verbose: (text) => ran.push(String(text)) });
  writing.pragma('journal_mode = WAL');
  writing.exec('create table settings (key text primary key, value text not null)');
  db = new Kysely<Tables>({ dialect: new GroupDialect({ writing, reading: new Database(path, { readonly: true }) }) });
});
afterEach(async () => {
  await db.destroy();
  await rm(folder, { recursive: true, force: true });
});

const put = (to: Kysely<Tables>, key: string): Promise<unknown> => to.insertInto('settings').values({ key, value: '' }).execute();
const commits = (): number => ran.filter((text) => text === 'commit').length;
/** What lies on the disk, as another process sees it. */
const keys = (): string[] => {
  const other = new Database(path, { readonly: true });
  try {
    return other
      .prepare<[], { key: string }>('select key from settings order by key')
      .all()
      .map(({ key }) => key);
  } finally {
    other.close();
  }
};

test('transactions that are ready at once share one commit, and each is told only after it', async () => {
  const told: number[] = [];
  const one = (key: string): Promise<void> =>
    db
      .transaction()
      .execute(async (transaction) => {
        await put(transaction, key);
      })
      .then(() => void told.push(commits()));
  await Promise.all(['a', 'b', 'c'].map(one));
  expect(told).toEqual([1, 1, 1]);
  expect(keys()).toEqual(['a', 'b', 'c']);
});

test('transactions that come turn after turn share commits too, and so many at most that none waits for long', async () => {
  const turn = (): Promise<void> => new Promise((next) => void setImmediate(next));
  const all: Promise<unknown>[] = [];
  for (let at = 0; at < 20; at += 1) {
    all.push(db.transaction().execute((transaction) => put(transaction, `key ${at}`)));
    await turn();
  }
  await Promise.all(all);
  expect(commits()).toBe(3);
  expect(keys()).toHaveLength(20);
});

test('one that fails takes nothing of the others with it', async () => {
  const failing = db.transaction().execute(async (transaction) => {
    await put(transaction, 'lost');
    throw new Error('no');
  });
  const twice = db.transaction().execute((transaction) => put(transaction, 'a'));
  const doubled = db.transaction().execute((transaction) => put(transaction, 'a'));
  const kept = db.transaction().execute((transaction) => put(transaction, 'b'));
  const ends = await Promise.allSettled([failing, twice, doubled, kept, put(db, 'c'), put(db, 'c')]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected']);
  expect(keys()).toEqual(['a', 'b', 'c']);
});

test('what is not committed is read by nobody else; inside its transaction it is', async () => {
  let seenInside = 0;
  let seenOutside = -1;
  await db.transaction().execute(async (transaction) => {
    await put(transaction, 'a');
    seenInside = (await transaction.selectFrom('settings').select('key').execute()).length;
    seenOutside = (await db.selectFrom('settings').select('key').execute()).length;
  });
  expect([seenInside, seenOutside]).toEqual([1, 0]);
  expect(await db.selectFrom('settings').select('key').execute()).toEqual([{ key: 'a' }]);
});

test('a read between the end of a transaction and its commit sees nothing of it, and the next one all', async () => {
  const reads: Promise<unknown[]>[] = [];
  const read = (): void => void reads.push(db.selectFrom('settings').select('key').execute());
  read();
  const first = db.transaction().execute(async (transaction) => {
    await put(transaction, 'a');
  });
  const second = db.transaction().execute(async (transaction) => {
    await put(transaction, 'b');
    // Only the first has ended; both wait for one commit.
    read();
  });
  await Promise.all([first, second]);
  read();
  expect(await Promise.all(reads)).toEqual([[], [], [{ key: 'a' }, { key: 'b' }]]);
  expect(commits()).toBe(1);
});

test('a commit that fails is told to all that shared it, and the next one works', async () => {
  await sql`create table child (key text references settings (key) deferrable initially deferred)`.execute(db);
  await sql`pragma foreign_keys = on`.execute(db);
  const orphan = db.transaction().execute((transaction) => sql`insert into child (key) values ('nobody')`.execute(transaction));
  const ends = await Promise.allSettled([orphan, put(db, 'a')]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(keys()).toEqual([]);
  await put(db, 'b');
  expect(keys()).toEqual(['b']);
});

test('work that waits in the midst of a transaction holds no other back from being whole', async () => {
  const slow = db.transaction().execute(async (transaction) => {
    await put(transaction, 'slow 1');
    await new Promise((next) => setTimeout(next, 20));
    expect(keys()).toEqual([]);
    await put(transaction, 'slow 2');
  });
  await Promise.all([slow, put(db, 'a'), db.transaction().execute((transaction) => put(transaction, 'b'))]);
  expect(keys()).toEqual(['a', 'b', 'slow 1', 'slow 2']);
});

test('a table that changes is seen by the next statement', async () => {
  await put(db, 'a');
  expect(await sql`select * from settings`.execute(db)).toMatchObject({ rows: [{ key: 'a', value: '' }] });
  await db.schema.alterTable('settings').addColumn('more', 'text').execute();
  expect(await db.selectFrom('settings').selectAll().execute()).toEqual([{ key: 'a', value: '', more: null }]);
});

test('after the engine rolled everything back, nothing of that transaction is stored, even where it goes on', async () => {
  const before = put(db, 'shared');
  const going = db.transaction().execute(async (transaction) => {
    await put(transaction, 'first');
    // What SQLite does by itself when the disk is full.
    await sql`rollback`.execute(transaction);
    await put(transaction, 'second').catch(() => undefined);
  });
  const ends = await Promise.allSettled([before, going]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await put(db, 'later');
  expect(keys()).toEqual(['later']);
});
