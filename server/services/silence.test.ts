import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { ensureLog, pin } from './logs.ts';
import { ANCHOR_INTERVAL_MS, ENTRIES_AWAY_MS, MISSED_ANCHORS, watchSilence } from './silence.ts';

let store: Store;
const BEGIN = 1_000_000_000;
let time = BEGIN;
/** By how much somebody has set the clock of the day. */
let clockSetBy = 0;
const id = 'a'.repeat(32);
const log = { workstationId: id, incarnation: 'b'.repeat(16) };

beforeEach(async () => {
  time = BEGIN;
  clockSetBy = 0;
  store = await testStore();
  await store.db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const keys = { log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
  await store.db
    .insertInto('seats')
    .values({ workstation_id: id, name: 'Bay 4', ward_id: 'icu', enrolled_at: time, revoked_at: null, last_seen_at: null, ...keys })
    .execute();
});
afterEach(() => store.close());

const alarms = async () =>
  (await store.db.selectFrom('alarms').selectAll().execute()).map(({ kind, detail, times }) => ({ kind, detail, times: Number(times) }));
const watched = () =>
  watchSilence({
    db: store.db,
    now: () => time + clockSetBy,
    elapsed: () => time,
    onFault: () => undefined,
    mayLook: () => true,
  });
const anchor = (from: number, size: number, stored = 0) =>
  pin(store.db, log, { from, stored, size, root: new Uint8Array(32), note: '', at: time + clockSetBy });
const publish = () =>
  store.db
    .insertInto('policies')
    .values({ version: 1, sha256: '', envelope: Buffer.alloc(1), published_at: time + clockSetBy })
    .execute();

test('fault 51: uploads suppressed: an alarm after three missed anchors, once, and none for a seat that anchors', async () => {
  await ensureLog(store.db, log, time);
  const watch = watched();
  for (let minute = 0; minute < 10; minute += 1) {
    time += ANCHOR_INTERVAL_MS;
    await anchor(0, 0);
    expect(await watch.look()).toBe(0);
  }
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS + 1;
  expect(await watch.look()).toBe(1);
  await watch.look();
  expect((await alarms()).map(({ kind }) => kind)).toEqual(['SEAT_SILENT']);
  await store.db.updateTable('seats').set({ revoked_at: time }).execute();
  expect(await watch.look()).toBe(0);
  await watch.close();
});

test('a server that was away gives its seats time to come back before it calls them silent', async () => {
  await ensureLog(store.db, log, time);
  time += 86_400_000;
  await ensureLog(store.db, log, time);
  const watch = watched();
  expect(await watch.look()).toBe(0);
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
  expect(await watch.look()).toBe(1);
  await watch.close();
});

test('fault 51: a seat that was enrolled and never anchored: an alarm, once, and none before the site has a policy', async () => {
  const watch = watched();
  time += 86_400_000;
  expect(await watch.look()).toBe(0);
  await publish();
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
  expect(await watch.look()).toBe(0);
  time += 1;
  expect(await watch.look()).toBe(1);
  time += 86_400_000;
  expect(await watch.look()).toBe(1);
  expect(await alarms()).toMatchObject([{ kind: 'SEAT_SILENT', times: 1, detail: expect.stringContaining('never') }]);
  await ensureLog(store.db, log, time);
  expect(await watch.look()).toBe(0);
  await watch.close();
});

test('a clock that is set back by hours delays no alarm of a seat that falls silent then, and calls no seat silent that anchors', async () => {
  await ensureLog(store.db, log, time);
  const watch = watched();
  time += ANCHOR_INTERVAL_MS;
  await anchor(0, 0);
  clockSetBy = -5 * 3_600_000;
  for (let minute = 0; minute < 10; minute += 1) {
    time += ANCHOR_INTERVAL_MS;
    await anchor(0, 0);
    expect(await watch.look()).toBe(0);
  }
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS + 1;
  expect(await watch.look()).toBe(1);
  await watch.close();
});

test('a seat that falls silent before the clock is set back is told soon after; so is one that never began', async () => {
  await ensureLog(store.db, log, time);
  await publish();
  const keys = { log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
  await store.db
    .insertInto('seats')
    .values({
      workstation_id: 'c'.repeat(32),
      name: 'Bay 5',
      ward_id: 'icu',
      enrolled_at: time,
      revoked_at: null,
      last_seen_at: null,
      ...keys,
    })
    .execute();
  const watch = watched();
  clockSetBy = -5 * 3_600_000;
  time += ANCHOR_INTERVAL_MS;
  expect(await watch.look()).toBe(0);
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
  expect(await watch.look()).toBe(2);
  expect((await alarms()).map(({ detail }) => detail)).toEqual([
    expect.stringContaining('by a clock that was set back after that'),
    expect.stringContaining('has never anchored'),
  ]);
  // The same words as long as it lasts.
  time += ANCHOR_INTERVAL_MS;
  await watch.look();
  expect((await alarms()).map(({ times }) => times)).toEqual([1, 1]);
  await watch.close();
});

test('a clock that is set forward calls no seat silent: each has its time to anchor by it', async () => {
  await ensureLog(store.db, log, time);
  const watch = watched();
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
  await anchor(0, 0);
  clockSetBy = 5 * 3_600_000;
  expect(await watch.look()).toBe(0);
  time += ANCHOR_INTERVAL_MS;
  await anchor(0, 0);
  time += (MISSED_ANCHORS - 1) * ANCHOR_INTERVAL_MS;
  expect(await watch.look()).toBe(0);
  expect(await alarms()).toEqual([]);
  await watch.close();
});

test('fault 51: anchors arrive and entries stay away: an alarm, once; none while a log grows, however slowly', async () => {
  await ensureLog(store.db, log, time);
  const watch = watched();
  let anchored = 0;
  let stored = 0;
  const hour = async (grows: boolean): Promise<number> => {
    let silent = 0;
    for (let minute = 0; minute < 60; minute += 1) {
      time += ANCHOR_INTERVAL_MS;
      expect(await anchor(anchored, anchored + 10, stored)).toBe(true);
      anchored += 10;
      if (grows && minute % 20 === 0) {
        stored += 1;
        await store.db.updateTable('logs').set({ size: stored }).execute();
      }
      silent += await watch.look();
    }
    return silent;
  };
  expect(await hour(true)).toBe(0);
  expect(await alarms()).toEqual([]);
  expect(await hour(false)).toBeGreaterThan(0);
  await hour(false);
  expect(await alarms()).toMatchObject([{ kind: 'SEAT_ENTRIES_AWAY', times: 1, detail: expect.stringContaining(`from ${stored} on`) }]);
  // All of it is there at last, and long after that some new entry is anchored a moment before it is sent.
  stored = anchored;
  await store.db.updateTable('logs').set({ size: stored }).execute();
  time += ENTRIES_AWAY_MS * 2;
  expect(await anchor(anchored, anchored + 1, stored)).toBe(true);
  expect(await watch.look()).toBe(0);
  await watch.close();
});

test('a fleet that is switched off: each is told once, and a further look opens no transaction for any of them', async () => {
  const ids = Array.from({ length: 50 }, (_, at) => at.toString(16).padStart(32, '0'));
  for (const workstation_id of ids) {
    const keys = { log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
    await store.db
      .insertInto('seats')
      .values({ workstation_id, name: 'Bay', ward_id: 'icu', enrolled_at: time, revoked_at: null, last_seen_at: null, ...keys })
      .execute();
    await ensureLog(store.db, { workstationId: workstation_id, incarnation: 'b'.repeat(16) }, time);
  }
  await ensureLog(store.db, log, time);
  const watch = watched();
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS + 1;
  expect(await watch.look()).toBe(ids.length + 1);
  expect(await alarms()).toHaveLength(ids.length + 1);
  const transactions = vi.spyOn(store.db, 'transaction');
  expect(await watch.look()).toBe(ids.length + 1);
  expect(transactions).not.toHaveBeenCalled();
  await watch.close();
});
