import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consolePaths } from '../../../contract/console-api.ts';
import { cosign, formatCheckpoint, formatNote, logOrigin, treeHasher } from '../../../core/audit/index.ts';
import { nodeCrypto } from '../../../crypto/index.ts';
import { testDatabase } from '../../../test/support/test-store.ts';
import { consistency, hashOfEntry, readCheckpoint, readWholeLog, treeHash } from '../../../test/support/tile-client.ts';
import { openSite, type Site } from '../../compose.ts';
import type { App } from '../../http/app.ts';
import { createConsoleApp } from '../../http/console-app.ts';
import { logIdOf } from '../intake.ts';
import { openLogOfLogs } from './index.ts';
import { publishOnce } from './publisher.ts';
import { enqueue } from './store.ts';

const hasher = treeHasher(nodeCrypto);
const workstationId = 'a'.repeat(32);
const incarnation = 'b'.repeat(16);
let folder: string;
let database: string;
let site: Site;
let people: App;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-log-of-logs-'));
  const made = await testDatabase();
  // It is closed and opened again: in memory it would be gone.
  database = made === 'sqlite::memory:' ? `sqlite:${join(folder, 'wardlock.db')}` : made;
  await open();
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<void> {
  site = await openSite({ stateFolder: folder, database, tenant: null });
  people = await createConsoleApp(site, null);
}

async function close(): Promise<void> {
  await people.close();
  await site.close();
}

/** Cosigned checkpoints of one seat at the sizes from..to-1, as the witness queues them. */
async function anchor(from: number, to: number): Promise<void> {
  await site.store.db.transaction().execute(async (transaction) => {
    for (let size = from; size < to; size += 1) {
      const text = formatCheckpoint({
        origin: logOrigin(logIdOf({ workstationId, incarnation })),
        size,
        root: hasher.leaf(Buffer.from(`${size}`)),
      });
      const signer = { name: site.witnessKey.split('+')[0] ?? '', signer: site.keys.witness };
      const entry = Buffer.from(formatNote({ text, signatures: [cosign(nodeCrypto, text, signer, size)] }));
      await enqueue(transaction, { workstationId, incarnation, size, entry, at: size });
    }
  });
}

async function current(): Promise<{ readonly prefix: string; readonly key: string; readonly size: number }> {
  const { logs }: { logs: { prefix: string; key: string; size: number }[] } = (await people.inject(consolePaths.logs)).json();
  const last = logs.at(-1);
  if (last === undefined) throw new Error('there is no log');
  return last;
}

const reader =
  (prefix: string) =>
  async (path: string): Promise<Buffer> => {
    const answer = await people.inject({ url: `${prefix}/${path}`, headers: { 'accept-encoding': 'identity' } });
    expect([path, answer.statusCode]).toEqual([path, 200]);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.headers['cache-control']).toContain('immutable');
    return answer.rawPayload;
  };

test("a stranger's tool reads checkpoint, tiles and bundles, at each size, and follows the log from one to the next", async () => {
  let before: { size: number; root: Buffer } | null = null;
  for (const [from, to] of [
    [1, 4],
    [4, 257],
    [257, 258],
    [258, 700],
  ] as const) {
    await anchor(from, to);
    expect(await site.logOfLogs.publish()).toBeGreaterThanOrEqual(to - from);
    const { prefix, key, size } = await current();
    const answer = await people.inject(`${prefix}/checkpoint`);
    expect([answer.headers['content-type'], answer.headers['cache-control']]).toEqual(['text/plain; charset=utf-8', 'no-store']);
    const checkpoint = readCheckpoint(answer.body, key);
    expect([checkpoint.size, checkpoint.origin]).toEqual([size, key.split('+')[0]]);
    const entries = await readWholeLog(reader(prefix), checkpoint);
    const hashes = entries.map(hashOfEntry);
    if (before !== null) {
      expect(treeHash(hashes.slice(0, before.size))).toEqual(before.root);
      expect(consistency(before.size, hashes).length).toBeGreaterThan(0);
    }
    before = { size: checkpoint.size, root: checkpoint.root };
  }
  expect(await site.logOfLogs.publish()).toBe(0);
  const { prefix, size } = await current();
  for (const path of [`tile/0/000.p/0`, `tile/0/00${Math.floor(size / 256)}`, 'tile/3/000', 'tile/entries/009', 'tile/0', 'tile/00/000']) {
    expect([path, (await people.inject(`${prefix}/${path}`)).statusCode]).toEqual([path, 404]);
  }
  expect((await people.inject(`/log/${'0'.repeat(16)}/checkpoint`)).statusCode).toBe(404);
  const zipped = await people.inject({ url: `${prefix}/tile/entries/000`, headers: { 'accept-encoding': 'gzip' } });
  expect([zipped.headers['content-encoding'], zipped.headers.vary]).toEqual(['gzip', 'accept-encoding']);
  expect(
    (await people.inject({ url: `${prefix}/tile/entries/000`, headers: { 'accept-encoding': 'gzip;q=0' } })).headers['content-encoding'],
  ).toBeUndefined();
});

test("the head of the server's own log is an entry: who rewrites its rows is found out", async () => {
  await site.log.append({ type: 'audit.read', actor: 'iris', body: {} });
  await site.log.append({ type: 'audit.read', actor: 'iris', body: {} });
  await site.logOfLogs.publish();
  const check = () => site.logOfLogs.check({ outside: null, onProgress: () => undefined });
  expect((await check()).faults).toEqual([]);
  const { db } = site.store;
  await db.deleteFrom('server_events').execute();
  await site.log.append({ type: 'audit.read', actor: 'iris', body: {} });
  expect(await site.log.firstFault()).toBeNull();
  expect((await check()).faults.join()).toContain("The server's own log does not fit from row 1 on");
});

test('what is altered in the log itself is named: an entry, a tile, a removed tail, a whole new log against a checkpoint from outside', async () => {
  await anchor(1, 300);
  await site.logOfLogs.publish();
  const { prefix } = await current();
  const outside = (await people.inject(`${prefix}/checkpoint`)).body;
  const { db } = site.store;
  const check = (from: string | null = null) => site.logOfLogs.check({ outside: from, onProgress: () => undefined });
  // These checkpoints are of a seat that never sent an entry.
  const faults = async (from: string | null = null): Promise<string[]> =>
    (await check(from)).faults.filter((fault) => !fault.includes('is not stored at all'));
  expect(await faults(outside)).toEqual([]);
  const { entry } = await db.selectFrom('transparency_entries').select('entry').where('seq', '=', 7).executeTakeFirstOrThrow();
  await db
    .updateTable('transparency_entries')
    .set({ entry: Buffer.from(Buffer.from(entry).toString('utf8').replace('\n8\n', '\n9\n')) })
    .where('seq', '=', 7)
    .execute();
  const altered = (await faults(outside)).join('\n');
  for (const part of ['Entry 7', 'Tile 0/0', 'does not fit the', 'does not fit what is stored: the database was rewritten'])
    expect(altered).toContain(part);
  await db.updateTable('transparency_entries').set({ entry }).where('seq', '=', 7).execute();
  expect(await faults(outside)).toEqual([]);
  await db.deleteFrom('transparency_entries').where('seq', '>=', 290).execute();
  expect((await faults()).join()).toContain('has 290 entries instead of');
  const { number } = await db.selectFrom('transparency_logs').select('number').executeTakeFirstOrThrow();
  await db.updateTable('transparency_logs').set({ size: 290 }).where('number', '=', number).execute();
  expect((await faults(outside)).join()).toContain('of which 290 are stored: the database went back in time');
  for (const table of ['transparency_entries', 'transparency_tiles', 'transparency_logs'] as const) await db.deleteFrom(table).execute();
  await anchor(1, 20);
  await site.logOfLogs.publish();
  expect(await faults()).toEqual([]);
  expect((await check(outside)).outside).toBe('missing');
  expect((await faults(outside)).join()).toContain('the file is of another site, or the database was replaced');
});

test('a database that went back in time is noticed at the next start: alarm, and a new log that cites the old head', async () => {
  await site.logOfLogs.start();
  await anchor(1, 10);
  await site.logOfLogs.publish();
  const before = await current();
  const head = (await people.inject(`${before.prefix}/checkpoint`)).body;
  const { db } = site.store;
  await db.deleteFrom('transparency_entries').execute();
  await db.deleteFrom('transparency_tiles').execute();
  await db
    .updateTable('transparency_logs')
    .set({ size: 0, frontier: Buffer.alloc(0), note: '' })
    .execute();
  await close();
  await open();
  await site.logOfLogs.start();
  expect((await site.alarms.open()).alarms.map(({ kind }) => kind)).toContain('SERVER_DATABASE_ROLLED_BACK');
  const after = await current();
  expect(after.key).not.toBe(before.key);
  const checkpoint = readCheckpoint((await people.inject(`${after.prefix}/checkpoint`)).body, after.key);
  const [cited] = await readWholeLog(reader(after.prefix), checkpoint);
  expect(cited?.toString('utf8')).toBe(head);
  await close();
  await open();
  await site.logOfLogs.start();
  expect((await current()).key).toBe(after.key);
});

const TABLES = ['transparency_logs', 'transparency_entries', 'transparency_tiles'] as const;

/** The tables as they are now; the answer puts them back to that, as a standby does that had not heard of the rest. */
async function moment(): Promise<() => Promise<void>> {
  const { db } = site.store;
  const logs = await db.selectFrom('transparency_logs').selectAll().execute();
  const entries = await db.selectFrom('transparency_entries').selectAll().execute();
  const tiles = await db.selectFrom('transparency_tiles').selectAll().execute();
  return () =>
    db.transaction().execute(async (transaction) => {
      for (const table of TABLES) await transaction.deleteFrom(table).execute();
      await transaction.insertInto('transparency_logs').values(logs).execute();
      await transaction.insertInto('transparency_entries').values(entries).execute();
      await transaction.insertInto('transparency_tiles').values(tiles).execute();
    });
}

/** What `publish` must do after the database has gone back behind `head`, the note that was published last. */
async function expectNewLogThatCites(before: { readonly prefix: string; readonly key: string }, head: string): Promise<void> {
  expect((await site.alarms.open()).alarms.map(({ kind, times }) => [kind, times])).toContainEqual(['SERVER_DATABASE_ROLLED_BACK', 1]);
  const after = await current();
  expect(after.key).not.toBe(before.key);
  const entries = await readWholeLog(
    reader(after.prefix),
    readCheckpoint((await people.inject(`${after.prefix}/checkpoint`)).body, after.key),
  );
  expect(entries[0]?.toString('utf8')).toBe(head);
  expect(readCheckpoint((await people.inject(`${before.prefix}/checkpoint`)).body, before.key).size).toBe(3);
}

test('a database that goes back while the server runs: nothing more is signed under the old name', async () => {
  await site.logOfLogs.start();
  await anchor(1, 4);
  await site.logOfLogs.publish();
  const goBack = await moment();
  await anchor(4, 7);
  await site.logOfLogs.publish();
  const before = await current();
  const head = (await people.inject(`${before.prefix}/checkpoint`)).body;
  expect(before.size).toBe(6);
  await goBack();
  // As many as were lost, and more: by its size alone the fork would look like the newer one.
  await anchor(10, 15);
  await site.logOfLogs.publish();
  await expectNewLogThatCites(before, head);
  // Once is enough, here and at the next start.
  await site.logOfLogs.publish();
  const after = await current();
  await close();
  await open();
  await site.logOfLogs.start();
  expect((await current()).key).toBe(after.key);
});

test('a node that published nothing itself has seen what the others did, and it is found though nothing waits', async () => {
  await anchor(1, 4);
  await site.logOfLogs.publish();
  const goBack = await moment();
  await anchor(4, 7);
  await site.logOfLogs.publish();
  const before = await current();
  const head = (await people.inject(`${before.prefix}/checkpoint`)).body;
  const { db } = site.store;
  const { crypto, now } = { crypto: nodeCrypto, now: Date.now };
  const stateFolder = join(folder, 'other-node');
  await mkdir(stateFolder);
  const other = openLogOfLogs({
    ...{ db, crypto, hasher, now, stateFolder, tenant: site.tenant, signer: site.keys.log, witnessKey: site.witnessKey },
    onFault: (fault) => {
      throw fault;
    },
  });
  expect(await other.publish()).toBe(0);
  await goBack();
  expect(await other.publish()).toBe(0);
  await expectNewLogThatCites(before, head);
  await other.close();
});

test('between the look and its transaction the database may go back too: the transaction looks itself', async () => {
  await anchor(1, 4);
  await site.logOfLogs.publish();
  const goBack = await moment();
  await anchor(4, 7);
  await site.logOfLogs.publish();
  const before = await current();
  const head = (await people.inject(`${before.prefix}/checkpoint`)).body;
  await goBack();
  await anchor(10, 11);
  const { db } = site.store;
  const parts = { db, hasher, crypto: nodeCrypto, now: Date.now, tenant: site.tenant, signer: site.keys.log };
  expect((await publishOnce(parts, () => head))?.entries).toBeGreaterThan(0);
  await expectNewLogThatCites(before, head);
});

test('one publisher at a time: many at once give each entry one place', async () => {
  await anchor(1, 100);
  const published = await Promise.all(Array.from({ length: 8 }, () => site.logOfLogs.publish()));
  expect(published.reduce((sum, entries) => sum + entries, 0)).toBe(99);
  const { prefix, key } = await current();
  const checkpoint = readCheckpoint((await people.inject(`${prefix}/checkpoint`)).body, key);
  expect(new Set((await readWholeLog(reader(prefix), checkpoint)).map(String)).size).toBe(99);
});
