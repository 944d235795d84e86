/** Faults 21 and 22 at the start of a seat: what a write-ahead log holds behind a bad bit is there for whoever mends it, and never folded away. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storePaths } from '../../agent/store/incarnation.ts';
import type { AuditStore } from '../../agent/store/index.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { check } from '../audit/check.ts';
import { lockEvent } from '../audit/store-kit.ts';
import { storeTests } from '../audit/store-tests.ts';
import { killedStore } from '../audit/wal.ts';
import { rootTest } from '../support/root.ts';

const FOUND = '-wal.found';
const LIMITS = { maxBytes: 1_000_000, maxEntries: 1000 };

const at = storeTests();

const files = (end: string): readonly string[] => readdirSync(at.seat.storeDir).filter((name) => name.endsWith(end));
const codes = (store: AuditStore): readonly string[] => [...new Set(store.findings.map(({ code }) => code))];

/** Flips one bit at a third of the WAL; answers what was there and what is there now. */
function flipWalBit() {
  const path = `${storePaths(at.seat.storeDir).db}-wal`;
  const whole = readFileSync(path);
  const place = Math.floor(whole.length / 3);
  const flipped = Buffer.from(whole);
  flipped[place] = Number(flipped[place]) ^ 4;
  writeFileSync(path, flipped);
  return { path, whole, flipped };
}

/** Sends a replaced log whole, as the syncer does, and receipts it. */
async function sendAll(store: AuditStore): Promise<void> {
  for (let log = store.logs()[1]; log !== undefined; log = store.logs()[1]) {
    const { checkpoint } = store.readFrom(log.receiptedSize, LIMITS, log.incarnation);
    const { size, root } = parseCheckpoint(checkpoint).checkpoint;
    expect(await store.applyReceipt(at.seat.receipt(store, size, root, log.incarnation))).toMatchObject({ outcome: 'accepted' });
  }
}

test('a bit flips in the WAL: whoever mends it has every entry again, whatever the seat did since', async () => {
  await killedStore(at.seat);
  const { size } = check(at.seat.storeDir, at.seat);
  const { whole, flipped } = flipWalBit();
  const store = await at.seat.open({ birth: 'existing' });
  expect(codes(store)).toContain('ANCHOR_AHEAD');
  await store.append(lockEvent(1));
  await sendAll(store);
  await store.close();
  const again = await at.seat.open({ birth: 'existing' });
  expect(again.findings).toEqual(store.findings);
  await again.close();
  const [retired = ''] = files('.db').filter((name) => name.startsWith('retired-'));
  expect(files(FOUND)).toEqual([`${retired}${FOUND}`]);
  expect(readFileSync(join(at.seat.storeDir, `${retired}${FOUND}`)).equals(flipped)).toBe(true);
  expect(check(join(at.seat.storeDir, retired), at.seat).size).toBeLessThan(size);
  const mended = join(at.seat.dir, 'mended');
  mkdirSync(mended);
  copyFileSync(join(at.seat.storeDir, retired), join(mended, 'log.db'));
  writeFileSync(join(mended, 'log.db-wal'), whole);
  const { faults, size: mendedSize } = check(join(mended, 'log.db'), at.seat);
  expect([faults, mendedSize]).toEqual([[], size]);
});

test('no need of room takes a replaced log whose WAL holds more than was receipted', async () => {
  await killedStore(at.seat);
  flipWalBit();
  const store = await at.seat.open({ birth: 'existing', capacityBytes: 200_000 });
  await sendAll(store);
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  await store.applyReceipt(at.seat.receipt(store, size, root));
  await store.append(lockEvent(1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await store.close();
  expect(files(FOUND)).toHaveLength(1);
  expect(files('.db')).toHaveLength(2);
});

test('the anchor is gone as well: the log goes on, and what its WAL hides is set aside', async () => {
  await killedStore(at.seat);
  const { flipped } = flipWalBit();
  rmSync(storePaths(at.seat.storeDir).anchor);
  const store = await at.seat.open({ birth: 'existing' });
  expect(codes(store)).toContain('ANCHOR_MISSING');
  await store.close();
  const [found = ''] = files(FOUND);
  expect(found).toMatch(/^retired-/);
  expect(readFileSync(join(at.seat.storeDir, found)).equals(flipped)).toBe(true);
});

test('the database alone is gone: its WAL is set aside, not folded into the log that comes next', async () => {
  await killedStore(at.seat);
  const { db } = storePaths(at.seat.storeDir);
  const wal = readFileSync(`${db}-wal`);
  rmSync(db);
  const store = await at.seat.open({ birth: 'existing' });
  expect(codes(store)).toEqual(['STORE_MISSING']);
  await store.append(lockEvent(1));
  await store.close();
  expect(check(at.seat.storeDir, at.seat).faults).toEqual([]);
  const [found = ''] = files(FOUND);
  expect(found).toMatch(/^retired-/);
  expect(readFileSync(join(at.seat.storeDir, found)).equals(wal)).toBe(true);
});

rootTest('without room for the copy nothing is folded: events are refused by name until there is some', async () => {
  at.disk('size=12m');
  await killedStore(at.seat);
  const { path, flipped } = flipWalBit();
  const filler = join(at.seat.storeDir, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']);
  const store = await at.seat.open({ birth: 'existing' });
  await expect(store.append(lockEvent(1))).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  expect(readFileSync(path).equals(flipped)).toBe(true);
  rmSync(filler);
  const recorded = { seq: expect.any(Number) };
  await expect.poll(() => store.append(lockEvent(2)).catch(() => undefined), { timeout: 20_000 }).toMatchObject(recorded);
  expect(codes(store)).toContain('ANCHOR_AHEAD');
  await store.close();
  expect(files(FOUND)).toHaveLength(1);
});
