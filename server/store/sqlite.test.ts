import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openServerLog } from '../services/server-log.ts';
import { assertDurable, openSqlite } from './sqlite.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('commits are durable: WAL with synchronous=FULL, as the open connection itself says', async () => {
  const store = await openSqlite(join(folder, 'a.db'));
  const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(store.db);
  expect(rows).toEqual([{ synchronous: 2 }]);
  const journal = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(store.db);
  expect(journal.rows).toEqual([{ journal_mode: 'wal' }]);
  await store.close();
});

test('a database that can have no WAL, or that does not flush each commit, is unsafe', () => {
  // A temporary database of SQLite: its journal is never a WAL.
  const temporary = new Database('');
  temporary.pragma('journal_mode = WAL');
  temporary.pragma('synchronous = FULL');
  expect(() => assertDurable(temporary)).toThrow(expect.objectContaining({ code: 'SERVER_DATABASE_UNSAFE' }));
  temporary.close();
  const database = new Database(join(folder, 'a.db'));
  database.pragma('journal_mode = WAL');
  for (const level of ['OFF', 'NORMAL']) {
    database.pragma(`synchronous = ${level}`);
    expect(() => assertDurable(database)).toThrow(expect.objectContaining({ code: 'SERVER_DATABASE_UNSAFE' }));
  }
  database.pragma('synchronous = FULL');
  expect(() => assertDurable(database)).not.toThrow();
  database.close();
});

/** Appends from a process of its own: two connections in one process would wait for each other for ever. */
const writer = `
  const { openSqlite } = await import(process.argv[1]);
  const { openServerLog } = await import(process.argv[2]);
  const store = await openSqlite(process.argv[3]);
  const log = openServerLog(store.db, Date.now);
  for (let at = 0; at < 40; at += 1) await log.append({ type: 'test', actor: String(at), body: { at } });
  await store.close();
`;

test('processes that write the same log at once wait for each other and never fail', async () => {
  const path = join(folder, 'a.db');
  const store = await openSqlite(path);
  const modules = [join(import.meta.dirname, 'sqlite.ts'), join(import.meta.dirname, '../services/server-log.ts'), path];
  const run = promisify(execFile);
  await Promise.all([0, 1].map(() => run(process.execPath, ['--input-type=module', '--eval', writer, ...modules])));
  expect(await openServerLog(store.db, Date.now).firstFault()).toBeNull();
  expect((await store.db.selectFrom('server_events').select('seq').execute()).length).toBe(80);
  await store.close();
});

test('a row of the server log that is altered or removed is found', async () => {
  const path = join(folder, 'a.db');
  const store = await openSqlite(path);
  const log = openServerLog(store.db, Date.now);
  for (let at = 0; at < 5; at += 1) await log.append({ type: 'audit.read', actor: 'iris', body: { at } });
  await store.db.updateTable('server_events').set({ actor: 'someone' }).where('seq', '=', 2).execute();
  expect(await log.firstFault()).toBe(2);
  await store.db.deleteFrom('server_events').where('seq', '=', 1).execute();
  expect(await log.firstFault()).toBe(1);
  await store.close();
});

test('a database of a newer build is refused', async () => {
  const path = join(folder, 'a.db');
  await (await openSqlite(path)).close();
  const database = new Database(path);
  database.prepare('update schema_version set version = 99').run();
  database.close();
  await expect(openSqlite(path)).rejects.toMatchObject({ code: 'SERVER_DATABASE_FOREIGN' });
});
