/** A store that reached its capacity, over its starts and ends: it opens, is read and uploaded, and grows by its own few words alone. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { check, tamper } from '../../test/audit/check.ts';
import { lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import type { AuditStore } from './index.ts';

/** Some 500 events. */
const CAPACITY = 300_000;
const LIMITS = { maxBytes: 100_000, maxEntries: 100 };

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
  const store = await seat.open();
  await Promise.all(Array.from({ length: 1000 }, (_, at) => store.append(lockEvent(at))));
  await store.close();
});
afterEach(() => seat.remove());

/** What a kill leaves: no mark of a clean end. */
const killed = (): void => tamper(seat, (db) => db.exec("DELETE FROM meta WHERE key = 'clean'"));
const open = (): Promise<AuditStore> => seat.open({ capacityBytes: CAPACITY });

test('it opens after a kill and says so, takes no event, and is read, uploaded and pruned as ever', async () => {
  killed();
  const store = await open();
  expect(store.findings).toEqual([]);
  expect(store.status()).toMatchObject({ recording: 'full', size: 1004 });
  await expect(store.append(lockEvent(1))).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  expect(await store.appendEmergency(lockEvent(2))).toEqual({ seq: 1 });
  expect(store.readFrom(1, LIMITS).entries).toHaveLength(100);
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  expect(await store.applyReceipt(seat.receipt(store, size, root))).toEqual({ outcome: 'accepted', receiptedSize: size });
  await expect.poll(() => store.status().recording).toBe('ok');
  expect(await store.append(lockEvent(3))).toEqual({ seq: size });
  await store.close();
});

test('each start adds an epoch and the end that was not recorded, whether the life before was killed or closed', async () => {
  const sizes: number[] = [];
  for (const end of ['killed', 'closed', 'killed'] as const) {
    if (end === 'killed') killed();
    const store = await open();
    sizes.push(store.position().size);
    await store.close();
  }
  // An epoch and an end each time: the end of a life that was closed was recorded when it closed.
  expect(sizes.map((size) => size - (sizes[0] ?? 0))).toEqual([0, 2, 5]);
  const { faults, events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect(faults).toEqual([]);
  const ends = [...events.values()].filter(({ type }) => type === 'recording.stopped').map(({ body }) => body['reason']);
  expect(ends).toEqual(['shutdown', 'inferred', 'shutdown', 'shutdown', 'inferred', 'shutdown']);
});

test('what is found at its start is an alarm and an event, and what a server sends later does not make it grow', async () => {
  tamper(seat, (db) => db.prepare('UPDATE node SET hash = ?').run(Buffer.alloc(32, 7)));
  const store = await open();
  expect(store.findings).toEqual([{ code: 'INDEX_FORGED' }]);
  const { size } = store.position();
  for (let at = 2; at < 5; at += 1) {
    expect(await store.applyReceipt(seat.receipt(store, at, new Uint8Array(32)))).toMatchObject({ outcome: 'refused' });
  }
  expect(store.position().size).toBe(size);
  expect(store.findings).toHaveLength(4);
  const { root } = parseCheckpoint(store.checkpoint()).checkpoint;
  await store.applyReceipt(seat.receipt(store, size, root));
  await expect.poll(() => store.status().recording).toBe('ok');
  await store.append(lockEvent(1));
  await store.close();
  const { events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  const found = [...events.values()].filter(({ type }) => type === 'tamper.found').map(({ body }) => body['fault']);
  expect(found).toEqual(['INDEX_FORGED', 'RECEIPT_FORKED', 'RECEIPT_FORKED', 'RECEIPT_FORKED']);
});
