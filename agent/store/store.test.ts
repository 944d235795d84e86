import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { openEpochSecret } from '../../core/audit/epoch.ts';
import { parseVerifierKey, verifyNote } from '../../core/audit/note.ts';
import type { VerifyOptions } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { type KeyVault, openVault } from '../keys/index.ts';
import { openSnapshot, openStoreFolder } from './evidence.ts';
import type { AuditStore } from './index.ts';
import { EPOCH_ENTRIES } from './writer.ts';

const kits: StoreKit[] = [];
async function kit(): Promise<StoreKit> {
  const made = await storeKit();
  kits.push(made);
  return made;
}
afterEach(async () => {
  for (const made of kits.splice(0)) await made.remove();
});

test('events are in the log in their order, and are there after a restart', async () => {
  const seat = await kit();
  const store = await seat.open();
  const first = await store.append(lockEvent(1));
  const rest = await Promise.all([2, 3, 4].map((at) => store.append(lockEvent(at))));
  expect([first, ...rest].map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  await store.close();
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  expect(again.position().size).toBe(7);
  await again.close();
  expect(seat.problems).toEqual([]);
});

test('a receipt by the mirror is taken, any other is refused', async () => {
  const seat = await kit();
  const store = await seat.open();
  for (let at = 0; at < 10; at += 1) await store.append(lockEvent(at));
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  expect(await store.applyReceipt(seat.receipt(store, size, root))).toEqual({ outcome: 'accepted', receiptedSize: size });
  expect(await store.applyReceipt(store.checkpoint())).toMatchObject({ outcome: 'refused', code: 'AUDIT_RECEIPT_REFUSED' });
  expect(store.findings).toEqual([]);
  await store.close();
});

test('an alarm that comes up while others are acknowledged stays', async () => {
  const seat = await kit();
  const store = await seat.open();
  for (let at = 0; at < 3; at += 1) await store.append(lockEvent(at));
  const forked = (size: number): string => seat.receipt(store, size, new Uint8Array(32));
  await store.applyReceipt(forked(2));
  const [seen, raised] = [store.acknowledge(null), store.applyReceipt(forked(3))];
  await Promise.all([seen, raised]);
  expect(store.findings).toEqual([{ code: 'RECEIPT_FORKED', range: { from: 0, to: 2 } }]);
  await store.close();
  const again = await seat.open();
  expect(again.findings).toHaveLength(1);
  await again.acknowledge('n.ada');
  expect(again.findings).toEqual([]);
  await again.close();
});

test('a page of the tail that the disk has spoiled ends that log, not recording', async () => {
  const seat = await kit();
  const store = await seat.open();
  await Promise.all(Array.from({ length: 200 }, (_, at) => store.append(lockEvent(at))));
  await store.close();
  const path = join(seat.storeDir, 'audit.db');
  const bytes = readFileSync(path);
  bytes.fill(0xee, bytes.length - 3 * 8192, bytes.length - 2 * 8192);
  writeFileSync(path, bytes);
  const again = await seat.open();
  expect(again.findings.map(({ code }) => code)).toContain('ENTRY_MISSING');
  expect(await again.append(lockEvent(1))).toEqual({ seq: expect.any(Number) });
  await again.close();
});

test('the main log is told each time that the emergency log took something, and a snapshot holds both', async () => {
  const seat = await kit();
  const store = await seat.open();
  await store.append(lockEvent(1));
  for (const [at, entries] of [
    [2, 2],
    [3, 4],
  ] as const) {
    await store.appendEmergency(lockEvent(at));
    const { size } = store.position();
    await store.append(lockEvent(at));
    // The event itself, and what was told of the emergency log.
    expect(store.position().size).toBe(size + 2);
    const run = store.logs().at(-1);
    expect(run?.size).toBe(entries);
    // The head goes up under the log key: a server that has less of it tells people.
    const { checkpoint } = store.readFrom(entries - 1, { maxBytes: 100_000, maxEntries: 10 }, run?.incarnation);
    expect(verifyNote(parseCheckpoint(checkpoint).note, parseVerifierKey(nodeCrypto, store.logKey))).toBe(true);
  }
  const snapshot = join(seat.dir, 'snapshot.db');
  const { entries: main } = await store.snapshot(snapshot);
  await store.close();
  const evidence = openSnapshot(snapshot, nodeCrypto);
  expect(evidence.sources.map(({ entries }) => [...entries()].length)).toEqual([main, 4]);
  evidence.close();
});

test('a snapshot goes into a new file of a folder that is there, and what is wrong with another one is said', async () => {
  const seat = await kit();
  const store = await seat.open();
  const none = join(seat.dir, 'none', 'snapshot.db');
  await expect(store.snapshot(none)).rejects.toMatchObject({
    code: 'AUDIT_INPUT_MALFORMED',
    message: `There is no folder ${join(seat.dir, 'none')}. Make it first, or name another file for the snapshot.`,
  });
  const path = join(seat.dir, 'snapshot.db');
  await store.snapshot(path);
  await expect(store.snapshot(path)).rejects.toMatchObject({ code: 'AUDIT_INPUT_MALFORMED' });
  await store.close();
});

test('what no log could take is counted, and what the emergency log took instead is not', async () => {
  const seat = await kit();
  const first = await seat.open();
  await first.close();
  const store = await seat.open({ capacityBytes: 4096 });
  const before = store.position().size;
  for (const at of [1, 2]) await expect(store.append(lockEvent(at))).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  await store.appendEmergency(lockEvent(2));
  expect(store.position().size).toBe(before);
  await store.close();
  const told = await countsOf(seat);
  expect(told).toEqual([{ type: 'session.locked', count: 1 }]);
});

/** Bodies of the summaries in a seat's log. */
async function countsOf(seat: StoreKit): Promise<readonly unknown[]> {
  const evidence = openStoreFolder(seat.storeDir, nodeCrypto);
  try {
    const [main] = evidence.sources;
    if (main === undefined) throw new RangeError('there is no log');
    const bodies: unknown[] = [];
    const openSecret: VerifyOptions['openSecret'] = (entry, header) => openEpochSecret(nodeCrypto, entry, header, seat.readerKey);
    const onEvent: VerifyOptions['onEvent'] = (_header, json) => {
      const event: unknown = JSON.parse(json);
      if (typeof event === 'object' && event !== null && 'type' in event && 'body' in event && event.type === 'recording.summarised')
        bodies.push(event.body);
    };
    expect([...verifyLog(nodeCrypto, main, { openSecret, onEvent })]).toEqual([]);
    return bodies;
  } finally {
    evidence.close();
  }
}

test("in a flood the next epoch's key is saved while half of the present one is still to come", async () => {
  const seat = await kit();
  const vault = await openVault({
    dir: join(seat.dir, 'keys'),
    service: 'wardlock-test',
    crypto: nodeCrypto,
    keychain: false,
    credentialsDirectory: undefined,
  });
  const savingAt: number[] = [];
  const watched: KeyVault = {
    ...vault,
    write(name, key) {
      savingAt.push(store?.position().size ?? 0);
      return vault.write(name, key);
    },
  };
  let store: AuditStore | undefined;
  store = await seat.open({ vault: watched });
  savingAt.length = 0;
  const group = Array.from({ length: 128 }, (_, at) => lockEvent(at));
  while (store.position().size < EPOCH_ENTRIES) await Promise.all(group.map((event) => store?.append(event)));
  await store.close();
  expect(savingAt[0]).toBeLessThan(EPOCH_ENTRIES / 2);
  expect(seat.problems).toEqual([]);
});
