import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NO_LINK } from '../../core/audit/draft.ts';
import { pad } from '../../core/audit/entry.ts';
import { CompactRange, fromHex, INCARNATION_BYTES, LogDraft, logKeyName, treeHasher, WORKSTATION_BYTES } from '../../core/audit/index.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openPeriodKeyFiles } from '../site/period-keys.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { openEnvelopes } from './envelopes.ts';
import { UNREADABLE_ROW } from './index-rows.ts';
import { indexState } from './index-state.ts';
import { ensureLog, type LogName, packEntries } from './logs.ts';
import { openPeriodKeys } from './period-keys.ts';
import { openReader, type Reader } from './reader.ts';
import { openServerLog } from './server-log.ts';
import { WHOLE_AFTER_MS } from './wanted-logs.ts';

const hasher = treeHasher(nodeCrypto);
const readerKey = nodeCrypto.random(32);
const recipients = [
  { role: 'reader', publicKey: nodeCrypto.hpkePublicKey(readerKey) },
  { role: 'escrow', publicKey: nodeCrypto.hpkePublicKey(nodeCrypto.random(32)) },
] as const;
/** The log of the rogue comes first in every order. */
const rogue = { workstationId: '0'.repeat(32), incarnation: '0'.repeat(16) };
const honest = { workstationId: 'f'.repeat(32), incarnation: 'f'.repeat(16) };
const event = (type: string): string => JSON.stringify({ type, body: {} });

let store: Store;
let reader: Reader;
let folder: string;
let time = 7;
/** The SQL of every statement since the test emptied it. */
const asked: string[] = [];

beforeEach(async () => {
  time = 7;
  store = await openStore(await testDatabase(), { onFault: () => undefined, onStatement: ({ query }) => void asked.push(query.sql) });
  await store.db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  folder = await mkdtemp(join(tmpdir(), 'wardlock-reader-'));
  reader = readerWith(readerKey);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function readerWith(...readerKeys: readonly Uint8Array[]): Reader {
  const now = () => time;
  const periodKeys = openPeriodKeys({ db: store.db, crypto: nodeCrypto, files: openPeriodKeyFiles(folder), now });
  const envelopes = openEnvelopes({ db: store.db, crypto: nodeCrypto, periodKeys });
  return openReader({ db: store.db, crypto: nodeCrypto, readerKeys, envelopes, log: openServerLog(store.db, now), now });
}

/** Stores these plaintexts as a seat's writer seals them; `spoil` alters what the disk gives back. */
async function storeLog(name: LogName, plaintexts: readonly string[], spoil: (packed: Buffer) => Buffer = (same) => same): Promise<void> {
  const log = { workstation: fromHex(name.workstationId, WORKSTATION_BYTES), incarnation: fromHex(name.incarnation, INCARNATION_BYTES) };
  const draft = new LogDraft(nodeCrypto, hasher, { log, range: CompactRange.empty(hasher), link: NO_LINK, epoch: undefined });
  const time = { boot: 1, wallMicros: 1_000_000, bootMicros: 0 };
  const logSigner = { name: logKeyName(log.workstation), signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  draft.openEpoch({ reason: 'start', origin: { kind: 'enrolment' }, seed: nodeCrypto.random(32), recipients, logSigner, time });
  for (const text of plaintexts) draft.append(pad(Buffer.from(text)), time, nodeCrypto.random(FRESH_BYTES));
  const entries = draft.entries.map(({ bytes }) => bytes);
  const { workstationId: workstation_id, incarnation } = name;
  const seat = { name: 'Bay', ward_id: 'icu', enrolled_at: 0, log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
  await store.db
    .insertInto('seats')
    .values({ workstation_id, ...seat, revoked_at: null, last_seen_at: null })
    .execute();
  await ensureLog(store.db, name, 0);
  await store.db.updateTable('logs').set({ size: entries.length }).where('workstation_id', '=', workstation_id).execute();
  const packed = { start: 0, count: entries.length, entries: spoil(packEntries(entries)), leaf_hashes: Buffer.alloc(0), note: '' };
  await store.db
    .insertInto('segments')
    .values({ workstation_id, incarnation, ...packed, received_at: 0 })
    .execute();
}

async function typesOf({ workstationId }: LogName): Promise<string[]> {
  const rows = await store.db
    .selectFrom('indexed_events')
    .select('type')
    .where('workstation_id', '=', workstationId)
    .orderBy('seq')
    .execute();
  return rows.map(({ type }) => type);
}

test('what a seat sealed and is no event becomes an unreadable row, and everything after it is indexed', async () => {
  await storeLog(rogue, ['{', 'null', '{"type":"x"}', event('clock.step')]);
  await storeLog(honest, [event('clock.step')]);
  expect(await reader.catchUp()).toBe(7);
  expect((await typesOf(rogue)).slice(1)).toEqual([UNREADABLE_ROW, UNREADABLE_ROW, UNREADABLE_ROW, 'clock.step']);
  expect((await typesOf(honest)).slice(1)).toEqual(['clock.step']);
});

test('a log that cannot be read stays behind with its fault and one alarm; the others go on, and it does once it can', async () => {
  await storeLog(rogue, [event('clock.step')], (packed) => packed.subarray(0, packed.length - 1));
  await storeLog(honest, [event('clock.step')]);
  expect(await reader.catchUp()).toBe(2);
  await reader.catchUp();
  expect((await typesOf(honest)).slice(1)).toEqual(['clock.step']);
  const cursor = () =>
    store.db.selectFrom('index_cursors').selectAll().where('workstation_id', '=', rogue.workstationId).executeTakeFirstOrThrow();
  expect(await cursor()).toMatchObject({ next_seq: 0, fault: expect.stringContaining('longer than the body') });
  expect(await store.db.selectFrom('alarms').select(['workstation_id', 'kind', 'first_at']).execute()).toEqual([
    { workstation_id: rogue.workstationId, kind: 'SERVER_INDEX_STOPPED', first_at: 7 },
  ]);
  await store.db.deleteFrom('segments').where('workstation_id', '=', rogue.workstationId).execute();
  await store.db.deleteFrom('logs').where('workstation_id', '=', rogue.workstationId).execute();
  await store.db.deleteFrom('seats').where('workstation_id', '=', rogue.workstationId).execute();
  await storeLog(rogue, [event('clock.step')]);
  expect(await reader.catchUp()).toBe(2);
  expect(await cursor()).toMatchObject({ next_seq: 2, fault: null });
});

test('that the reader reads is in the server log before it does; where that cannot be written nothing is decrypted', async () => {
  await storeLog(honest, [event('clock.step')]);
  await store.db.schema.alterTable('server_events').renameTo('server_events_away').execute();
  await expect(reader.catchUp()).rejects.toThrow();
  expect(await typesOf(honest)).toEqual([]);
  await store.db.schema.alterTable('server_events_away').renameTo('server_events').execute();
  await reader.catchUp();
  expect((await typesOf(honest)).slice(1)).toEqual(['clock.step']);
  await reader.close();
  const noted = await store.db.selectFrom('server_events').select(['type', 'body']).orderBy('seq').execute();
  expect(noted.map(({ type }) => type)).toEqual(['reader.reading', 'reader.read']);
  expect(JSON.parse(noted[1]?.body ?? '')).toMatchObject({ entriesBefore: 2, logsBefore: 1, keys: reader.keyIds });
});

test('an epoch that no key opens is unreadable and a person is told; with its key beside the new one it is read again', async () => {
  await storeLog(honest, [event('clock.step')]);
  const newer = nodeCrypto.random(32);
  await readerWith(newer).catchUp();
  expect((await typesOf(honest)).slice(1)).toEqual([UNREADABLE_ROW]);
  expect(await indexState(store.db)).toEqual({ state: 'whole', stored: 2, indexed: 2, unreadable: 1 });
  expect(await store.db.selectFrom('alarms').select('kind').execute()).toEqual([{ kind: 'SERVER_EPOCH_UNREADABLE' }]);
  expect(await readerWith(newer, readerKey).catchUp()).toBe(2);
  expect((await typesOf(honest)).slice(1)).toEqual(['clock.step']);
  expect(await readerWith(newer, readerKey).catchUp()).toBe(0);
  expect(await indexState(store.db)).toMatchObject({ unreadable: 0 });
});

test('an index that is being built says so until it is whole', async () => {
  await storeLog(honest, [event('clock.step')]);
  await reader.catchUp();
  await reader.reset();
  expect(await indexState(store.db)).toMatchObject({ state: 'building', stored: 2, indexed: 0 });
  await reader.catchUp();
  expect(await indexState(store.db)).toMatchObject({ state: 'whole', indexed: 2 });
});

describe('entries that come for one log', () => {
  const sizes = async (): Promise<number[]> => [(await typesOf(rogue)).length, (await typesOf(honest)).length];

  test('are read without a look at the others, by keys only; the others are looked at now and then', async () => {
    await reader.catchUp();
    await storeLog(rogue, [event('clock.step')]);
    await storeLog(honest, [event('clock.step')]);
    asked.length = 0;
    expect(await reader.catchUpWith(honest)).toBe(2);
    expect(await sizes()).toEqual([0, 2]);
    const looks = asked.filter((sql) => /from "(logs|index_cursors)"/.test(sql));
    expect(looks.length).toBeGreaterThan(0);
    // The number that a new log gets is the one question about all of them.
    for (const sql of looks) expect(sql).toMatch(/"workstation_id" = |max\("log_no"\)/);
    time += WHOLE_AFTER_MS;
    expect(await reader.catchUpWith(honest)).toBe(2);
    expect(await sizes()).toEqual([2, 2]);
  });

  test('in one turn become one pass, and what comes during a pass is read after it', async () => {
    await reader.catchUp();
    await storeLog(rogue, [event('clock.step')]);
    await storeLog(honest, [event('clock.step')]);
    await Promise.all([reader.catchUpWith(rogue), reader.catchUpWith(honest)]);
    expect(await sizes()).toEqual([2, 2]);
  });

  test('while another reader rebuilds are left to it, and read once it is done, with whatever else came meanwhile', async () => {
    await reader.catchUp();
    const other = readerWith(readerKey);
    await other.reset();
    await storeLog(rogue, [event('clock.step')]);
    expect(await reader.catchUpWith(rogue)).toBe(0);
    await store.db.deleteFrom('settings').where('key', '=', 'index.building').execute();
    await storeLog(honest, [event('clock.step')]);
    await reader.catchUpWith(honest);
    expect(await sizes()).toEqual([2, 2]);
  });

  test('and could not be read because the pass failed are read by the next one, whatever log that is asked for', async () => {
    await reader.catchUp();
    await storeLog(rogue, [event('clock.step')]);
    await store.db.schema.alterTable('server_events').renameTo('server_events_away').execute();
    await expect(reader.catchUpWith(rogue)).rejects.toThrow();
    await store.db.schema.alterTable('server_events_away').renameTo('server_events').execute();
    await storeLog(honest, [event('clock.step')]);
    await reader.catchUpWith(honest);
    expect(await sizes()).toEqual([2, 2]);
  });
});
