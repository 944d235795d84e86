/** What stands beside the log in its database, malformed: it is named, and the seat records on. */
import { readdirSync, renameSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { check, tamper } from '../../test/audit/check.ts';
import { lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { AnchorWriter } from './anchor.ts';
import { storePaths } from './incarnation.ts';

let seat: StoreKit;
let incarnation: string;
beforeEach(async () => {
  seat = await storeKit();
  const store = await seat.open();
  for (let at = 0; at < 5; at += 1) await store.append(lockEvent(at));
  await store.newEpoch('wake');
  incarnation = store.position().incarnation;
  await store.close();
});
afterEach(() => seat.remove());

const put = (key: string, value: Uint8Array | string | number): void =>
  tamper(seat, (db) => void db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(key, value));
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Opens, records and closes; what was found, and whether the log went on. */
async function recordedOn() {
  const store = await seat.open();
  expect(await store.append(lockEvent(9))).toMatchObject({ seq: expect.any(Number) });
  const { findings } = store;
  const goesOn = store.position().incarnation === incarnation;
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
  return { codes: findings.map(({ code }) => code), goesOn };
}

const retired = (): readonly string[] => readdirSync(seat.storeDir).filter((name) => /^retired-.*\.db$/.test(name));

test.each([
  ['pruned', 'of three bytes', Uint8Array.of(1, 2, 3)],
  ['pruned', 'without its hashes', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3)],
  ['pruned', 'beyond any log', new Uint8Array(8).fill(255)],
  ['boot', 'that is no number', Buffer.from('often')],
  ['boot', 'beyond any machine', Buffer.from('99999999999')],
  ['boot', 'that is a number to SQLite', 5],
  ['alarms', 'that is text to SQLite', '[]'],
  ['anything', 'that is text to SQLite', 'x'],
])('a row %s %s ends the log by name, and the next one begins', async (row, _, value) => {
  put(row, value);
  expect(await recordedOn()).toEqual({ codes: ['STORE_DAMAGED'], goesOn: false });
  expect(retired()).toHaveLength(1);
});

test.each([
  ['no JSON', Buffer.from('{')],
  ['no UTF-8', Uint8Array.of(255)],
  ['no list', json({ code: 'KEYS_LOST' })],
  ['a fault that nobody knows', json([{ code: 'KEYS_LOST' }, { code: 'ELSE' }])],
])('alarms that are %s are an alarm, and the log goes on', async (_, value) => {
  put('alarms', value);
  expect(await recordedOn()).toEqual({ codes: ['STORE_DAMAGED'], goesOn: true });
  // It stands until somebody has seen it, and is no new one at each start.
  expect(await recordedOn()).toEqual({ codes: ['STORE_DAMAGED'], goesOn: true });
});

test('a store that names another seat than its entries do is ours, and damaged; one of another seat is refused', async () => {
  const own = seat;
  const other = await storeKit();
  try {
    const store = await other.open({ dir: own.storeDir, birth: 'existing' }).catch((error: unknown) => error);
    expect(store).toMatchObject({ code: 'AUDIT_STORE_FOREIGN' });
  } finally {
    await other.remove();
  }
  put('workstation', nodeCrypto.random(16));
  expect(await recordedOn()).toEqual({ codes: ['STORE_DAMAGED'], goesOn: false });
});

test.each([-2, 3])('a kept checkpoint in the row of another size (%i off) leads to no epoch: damaged, and recorded on', async (off) => {
  tamper(seat, (db) => void db.prepare('UPDATE kept SET size = size + ? WHERE size = (SELECT max(size) FROM kept)').run(off));
  const { codes, goesOn } = await recordedOn();
  expect(codes).not.toEqual([]);
  expect(goesOn).toBe(false);
});

test('an anchor that names no checkpoint finishes no birth, and hinders none', async () => {
  const { db, born, anchor } = storePaths(seat.storeDir);
  renameSync(db, born);
  const writer = await AnchorWriter.open(anchor, nodeCrypto, (error) => {
    throw error;
  });
  writer.want({ incarnation, head: 'no checkpoint', receipt: null }, true);
  await writer.close();
  expect(await recordedOn()).toEqual({ codes: ['STORE_MISSING'], goesOn: false });
});
