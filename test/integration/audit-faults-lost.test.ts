/** Faults 5 to 9, 18, 29 to 31 and 33 to 37: history is lost, rolled back or copied, clocks and keys go wrong. Real files; faults by name. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storePaths } from '../../agent/store/incarnation.ts';
import type { AuditStore } from '../../agent/store/index.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { entryBody } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { startAppender, untilAcknowledged } from '../audit/appender-process.ts';
import { check, entryOf, tamper } from '../audit/check.ts';
import { diskImage } from '../audit/disk-image.ts';
import { launchEvent, lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

const codes = (store: AuditStore): readonly string[] => store.findings.map((fault) => fault.code);

async function lock(store: AuditStore, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, at) => store.append(lockEvent(at))));
}

/** Records 20 events, keeps a copy of the database alone, and records 30 more with a receipt over all of them if asked. */
async function recordWithOldCopy(receipted: boolean): Promise<{ readonly oldDatabase: string; readonly receiptSize: number }> {
  const store = await seat.open();
  await lock(store, 20);
  const oldDatabase = join(seat.dir, 'old.db');
  await store.snapshot(oldDatabase);
  await lock(store, 30);
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  if (receipted) await store.applyReceipt(seat.receipt(store, size, root));
  await store.close();
  return { oldDatabase, receiptSize: size };
}

function putBack(oldDatabase: string): void {
  const { db } = storePaths(seat.storeDir);
  rmSync(`${db}-wal`, { force: true });
  copyFileSync(oldDatabase, db);
}

/** What the first entry of the present incarnation says it replaces. */
function replaced() {
  let origin: ReturnType<typeof parseEpochBody>['origin'] = { kind: 'later' };
  tamper(seat, (db) => {
    origin = parseEpochBody(entryBody(entryOf(db, 0))).origin;
  });
  return origin;
}

test('fault 5: the tail is cut after a receipt: alarm, and a new incarnation that cites the receipt', async () => {
  const { oldDatabase, receiptSize } = await recordWithOldCopy(true);
  putBack(oldDatabase);
  expect(check(seat.storeDir, seat, { receiptKeys: [seat.mirrorKey] }).faults).toContain(`RECEIPT_AHEAD from 21 to ${receiptSize - 1}`);
  const store = await seat.open();
  expect(codes(store)).toEqual(expect.arrayContaining(['RECEIPT_AHEAD', 'ANCHOR_AHEAD']));
  await store.close();
  expect(replaced()).toMatchObject({ kind: 'replacement', replaces: { size: receiptSize } });
  expect(readdirSync(seat.storeDir).filter((name) => name.startsWith('retired-') && name.endsWith('.db'))).toHaveLength(1);
  const { events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect([...events.values()].map(({ type }) => type)).toContain('tamper.found');
});

test('fault 6: an unreceipted tail is cut: the anchor is ahead and names it', async () => {
  const { oldDatabase } = await recordWithOldCopy(false);
  putBack(oldDatabase);
  expect(check(seat.storeDir, seat).faults).toEqual(['ANCHOR_AHEAD from 21 to 51']);
  const store = await seat.open();
  expect(codes(store)).toEqual(['ANCHOR_AHEAD']);
  await store.close();
});

test('fault 6: the anchor is altered too: the window since the last receipt is named', async () => {
  const store = await seat.open();
  await lock(store, 20);
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  await store.applyReceipt(seat.receipt(store, size, root));
  await lock(store, 10);
  const oldDatabase = join(seat.dir, 'old.db');
  await store.snapshot(oldDatabase);
  await lock(store, 30);
  await store.close();
  putBack(oldDatabase);
  const anchor = readFileSync(storePaths(seat.storeDir).anchor);
  writeFileSync(storePaths(seat.storeDir).anchor, anchor.fill(0x41, 40, 60).fill(0x41, 20_520, 20_540));
  expect(check(seat.storeDir, seat, { receiptKeys: [seat.mirrorKey] }).faults).toEqual(['ANCHOR_MISSING']);
  const again = await seat.open();
  expect(again.findings[0]).toMatchObject({ code: 'ANCHOR_MISSING' });
  expect(again.findings[0]?.detail).toContain(`since the last receipt, over ${size} entries`);
  await again.close();
});

test('fault 7: an older copy of the database is put in', async () => {
  const { oldDatabase } = await recordWithOldCopy(false);
  putBack(oldDatabase);
  const store = await seat.open();
  expect(codes(store)).toEqual(['ANCHOR_AHEAD']);
  expect(store.status().alarms).toHaveLength(1);
  await store.acknowledge('it-admin');
  expect(store.findings).toEqual([]);
  await store.close();
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  await again.close();
});

test("fault 8: older database and older anchor: the server's receipt is ahead, which is an alarm", async () => {
  const store = await seat.open();
  await lock(store, 20);
  await store.close();
  const old = diskImage(seat);
  const later = await seat.open();
  await lock(later, 30);
  const { size, root } = parseCheckpoint(later.checkpoint()).checkpoint;
  const receipt = seat.receipt(later, size, root);
  await later.close();
  old.restore();
  const back = await seat.open();
  expect(codes(back)).toEqual([]);
  expect(await back.applyReceipt(receipt)).toMatchObject({ outcome: 'refused', fault: { code: 'RECEIPT_AHEAD' } });
  expect(codes(back)).toEqual(['RECEIPT_AHEAD']);
  await back.close();
});

test('fault 9: the database is deleted', async () => {
  const store = await seat.open();
  await lock(store, 20);
  await store.close();
  for (const suffix of ['', '-wal']) rmSync(`${storePaths(seat.storeDir).db}${suffix}`, { force: true });
  const again = await seat.open();
  expect(codes(again)).toEqual(['STORE_MISSING']);
  await again.close();
  expect(replaced()).toMatchObject({ kind: 'replacement', replaces: { size: 22 } });
});

test('fault 18: with every file of a stolen disk no event opens', async () => {
  const store = await seat.open();
  const marks = Array.from({ length: 30 }, (_, at) => lockEvent(at));
  for (const event of marks) await store.append(event);
  await store.newEpoch('wake');
  await store.close();
  const files = allFiles(seat.dir).map((path) => readFileSync(path));
  for (const bytes of files) expect(bytes.includes('session.locked')).toBe(false);
  const { size } = check(seat.storeDir, seat);
  const windows = keyWindows(files);
  expect(windows.length).toBeGreaterThan(1000);
  let opened = 0;
  tamper(seat, (db) => {
    for (let seq = 1; seq < size; seq += 11) opened += countOpening(entryOf(db, seq), windows);
  });
  expect(opened).toBe(0);
});

describe('clocks', () => {
  function steppedClock() {
    const clock = { wall: 1_760_000_000_000_000, boot: 50_000_000, id: 'boot-1' };
    return {
      clock,
      port: { wallMicros: () => clock.wall, bootMicros: () => clock.boot, bootId: () => clock.id },
    };
  }

  test('fault 29: the clock goes back: recording goes on and the log verifies', async () => {
    const { clock, port } = steppedClock();
    const store = await seat.open({ clock: port });
    await lock(store, 5);
    clock.wall -= 3 * 86_400_000_000;
    await lock(store, 5);
    await store.close();
    expect(check(seat.storeDir, seat).faults).toEqual([]);
  });

  test('fault 30: the clock is years ahead: nothing expires', async () => {
    const { clock, port } = steppedClock();
    // More than half full, where pruning begins once there is a receipt: room is a reason, time is none.
    const store = await seat.open({ clock: port, capacityBytes: 1024 * 1024 });
    for (let epoch = 0; epoch < 12; epoch += 1) {
      await lock(store, 150);
      await store.newEpoch('wake');
    }
    clock.wall += 20 * 365 * 86_400_000_000;
    await lock(store, 5);
    const snapshot = join(seat.dir, 'ahead.db');
    await store.snapshot(snapshot);
    const before = check(snapshot, seat, { privateKey: seat.readerKey });
    expect(before.faults).toEqual([]);
    expect(before.events.size).toBeGreaterThan(12 * 150);
    const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
    await store.applyReceipt(seat.receipt(store, size, root));
    await store.close();
    const after = check(seat.storeDir, seat, { privateKey: seat.readerKey, receiptKeys: [seat.mirrorKey] });
    expect(after.faults).toEqual([]);
    // Whole epochs went until there was room, no further.
    expect(after.events.size).toBeLessThan(before.events.size);
    expect(after.events.size).toBeGreaterThan(before.events.size / 4);
  });

  test('an honest reboot does not fail: boot time starts again under a new counter', async () => {
    const { clock, port } = steppedClock();
    const store = await seat.open({ clock: port });
    await lock(store, 5);
    await store.close();
    clock.boot = 3_000_000;
    clock.id = 'boot-2';
    const again = await seat.open({ clock: port });
    await lock(again, 5);
    await again.close();
    expect(again.findings).toEqual([]);
    expect(check(seat.storeDir, seat).faults).toEqual([]);
  });
});

test('fault 31: a snapshot of the disk is restored: its log goes on, and a receipt of the other future is refused by name', async () => {
  const store = await seat.open();
  await lock(store, 10);
  await store.close();
  const copy = diskImage(seat);
  const first = await seat.open();
  await lock(first, 10);
  const { size, root } = parseCheckpoint(first.checkpoint()).checkpoint;
  const receipt = seat.receipt(first, size, root);
  await first.close();
  copy.restore();
  const restored = await seat.open();
  await lock(restored, 20);
  expect(await restored.applyReceipt(receipt)).toMatchObject({ outcome: 'refused', fault: { code: 'RECEIPT_FORKED' } });
  await restored.close();
});

test('fault 33: a cloned image: each of the two logs refuses the receipt of the other', async () => {
  const store = await seat.open();
  await lock(store, 10);
  await store.close();
  const { dir: clone } = diskImage(seat);
  const { openVault } = await import('../../agent/keys/index.ts');
  const vault = await openVault({
    dir: join(clone, 'keys'),
    service: 'wardlock-test',
    crypto: nodeCrypto,
    keychain: false,
    credentialsDirectory: undefined,
  });
  const one = await seat.open();
  const two = await seat.open({ dir: join(clone, 'audit'), vault });
  await lock(one, 10);
  await lock(two, 10);
  const receiptOf = (from: AuditStore) => {
    const { size, root } = parseCheckpoint(from.checkpoint()).checkpoint;
    return seat.receipt(from, size, root);
  };
  const [forOne, forTwo] = [receiptOf(one), receiptOf(two)];
  expect(await one.applyReceipt(forTwo)).toMatchObject({ outcome: 'refused', fault: { code: 'RECEIPT_FORKED' } });
  expect(await two.applyReceipt(forOne)).toMatchObject({ outcome: 'refused', fault: { code: 'RECEIPT_FORKED' } });
  await one.close();
  await two.close();
});

test('fault 34: the wrapping key is lost: a new incarnation begins, and the old log still verifies', async () => {
  const store = await seat.open();
  await lock(store, 20);
  await store.close();
  for (const name of readdirSync(join(seat.dir, 'keys'))) if (name.startsWith('epoch-')) rmSync(join(seat.dir, 'keys', name));
  const again = await seat.open();
  expect(codes(again)).toEqual(['KEYS_LOST']);
  await again.close();
  const retired = readdirSync(seat.storeDir).find((name) => name.startsWith('retired-') && name.endsWith('.db')) ?? '';
  expect(check(join(seat.storeDir, retired), seat).faults.filter((fault) => !fault.startsWith('ANCHOR'))).toEqual([]);
});

test('fault 35: the reader key is lost: the escrow key opens every event', async () => {
  const store = await seat.open();
  await lock(store, 20);
  await store.close();
  const { events, faults } = check(seat.storeDir, seat, { privateKey: seat.escrowKey });
  expect(faults).toEqual([]);
  expect([...events.values()].filter(({ type }) => type === 'session.locked')).toHaveLength(20);
});

test('a key that is no recipient opens nothing, and that is counted: no fault of the log', async () => {
  const store = await seat.open();
  await lock(store, 2);
  await store.close();
  const { faults, events, opened } = check(seat.storeDir, seat, { privateKey: nodeCrypto.random(32) });
  expect(faults).toEqual([]);
  expect([events.size, opened.epochs, opened.foreignEntries > 2]).toEqual([0, 0, true]);
});

test('fault 36: the agent is killed: that recording stopped is inferred at the next start', async () => {
  const appender = startAppender(seat, { birth: 'enrolment' });
  await untilAcknowledged(appender, 20);
  appender.child.kill('SIGKILL');
  expect(await appender.ended).toBe('SIGKILL');
  const store = await seat.open({ birth: 'existing' });
  await store.close();
  const { events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  const stops = [...events.values()].filter(({ type }) => type === 'recording.stopped').map(({ body }) => body['reason']);
  expect(stops).toEqual(['inferred', 'shutdown']);
});

test('fault 37: a flood is summarised with its count, and class 1 goes on', async () => {
  const store = await seat.open();
  const results = await Promise.all(Array.from({ length: 2000 }, (_, at) => store.append(launchEvent(at))));
  const held = results.filter(({ seq }) => seq === null).length;
  expect(held).toBeGreaterThan(1500);
  expect((await store.append(lockEvent(1))).seq).not.toBeNull();
  await store.close();
  const { events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  const summed = [...events.values()].filter(({ type }) => type === 'recording.summarised');
  expect(summed.map(({ body }) => body)).toEqual([{ type: 'app.exited', count: held }]);
});

function allFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? allFiles(path) : [path];
  });
}

/** Every distinct 32-byte window of the files that are not mostly zeros. */
function keyWindows(files: readonly Buffer[]): readonly Buffer[] {
  const windows = new Map<string, Buffer>();
  for (const bytes of files) {
    for (let at = 0; at + 32 <= bytes.length; at += 1) {
      if (bytes.readUInt32LE(at) === 0) continue;
      const window = bytes.subarray(at, at + 32);
      windows.set(window.toString('latin1'), window);
    }
  }
  return [...windows.values()];
}

/** How many of the windows, taken as the entry's AES key, open it. The deep suite also tries them as E and as HPKE keys. */
function countOpening(entry: Buffer, windows: readonly Buffer[]): number {
  const nonce = entry.subarray(72, 84);
  let opened = 0;
  for (let at = 0; at < windows.length; at += 97) {
    const key = nodeCrypto.aeadKey(windows[at] ?? Buffer.alloc(32));
    if (key.open(nonce, entry.subarray(84), entry.subarray(0, 84)) !== undefined) opened += 1;
  }
  return opened;
}

test('the kit leaves nothing behind', async () => {
  const other = await storeKit();
  await other.remove();
  expect(existsSync(other.dir)).toBe(false);
});
