import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { openServerLog, type ServerLog, type ServerLogQuery } from './server-log.ts';

const ALL: ServerLogQuery = { type: null, actor: null, from: null, to: null, limit: 100 };
let folder: string;
let store: Store;
let log: ServerLog;
let clock = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-server-log-'));
  store = await openSqlite(join(folder, 'a.db'));
  clock = Date.parse('2026-11-29T00:00:00Z');
  log = openServerLog(store.db, () => (clock += 1000));
  for (const actor of ['iris', 'omar', 'iris'])
    await log.append({ type: 'audit.read', actor, body: { what: 'events', query: { seat: 'Bay 4' } } });
  await log.append({ type: 'seat.revoked', actor: 'cli', body: {} });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const numbers = async (query: Partial<ServerLogQuery>): Promise<readonly number[]> =>
  (await log.read({ ...ALL, ...query })).events.map(({ seq }) => seq);

test('it is read oldest first, whole', async () => {
  const { events, more } = await log.read(ALL);
  expect(more).toBe(false);
  expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  expect(events[0]).toEqual({
    seq: 0,
    at: '2026-11-29T00:00:01.000Z',
    type: 'audit.read',
    actor: 'iris',
    body: { what: 'events', query: { seat: 'Bay 4' } },
  });
});

test('by kind, by who did it and by time, both ends included', async () => {
  expect(await numbers({ type: 'seat.revoked' })).toEqual([3]);
  expect(await numbers({ actor: 'iris' })).toEqual([0, 2]);
  const at = (second: number): number => Date.parse('2026-11-29T00:00:00Z') + second * 1000;
  expect(await numbers({ from: at(2), to: at(3) })).toEqual([1, 2]);
  expect(await numbers({ actor: 'nobody' })).toEqual([]);
});

test('the newest are kept where not all are asked for, and it says that there are more', async () => {
  expect(await log.read({ ...ALL, limit: 2 })).toMatchObject({ more: true, events: [{ seq: 2 }, { seq: 3 }] });
  expect(await log.read({ ...ALL, limit: 4 })).toMatchObject({ more: false });
});
