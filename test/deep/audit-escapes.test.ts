/**
 * Escapes 49, 54 and 55 as far as the log goes: the power is cut while it is written, its disk gives out, and someone
 * edits it. Real processes, disks and files; the outcome is asserted by name.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { storePaths } from '../../agent/store/incarnation.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { acknowledged, startAppender } from '../audit/appender-process.ts';
import { check, entryOf, putEntry, tamper } from '../audit/check.ts';
import { crashLoop, ROUND_EVENTS, verifyAcknowledged } from '../audit/crash.ts';
import { fullDisk, readOnlyDisk } from '../audit/disk-faults.ts';
import { diskImage } from '../audit/disk-image.ts';
import { resealHistory } from '../audit/reseal.ts';
import { lockEvent } from '../audit/store-kit.ts';
import { storeTests } from '../audit/store-tests.ts';
import { cutWal } from '../audit/wal.ts';
import { rootTest } from '../support/root.ts';

const KILLS = 5;
const CUTS = 200;

const at = storeTests();

/** Three epochs: events 1 to 20, 22 to 61 and 63 to 102; the openers are 0, 21 and 62; 103 says that recording stopped. */
async function record(): Promise<void> {
  const store = await at.seat.open();
  for (const count of [20, 40, 40]) {
    await Promise.all(Array.from({ length: count }, (_, event) => store.append(lockEvent(event))));
    if (store.position().size < 100) await store.newEpoch('wake');
  }
  await store.close();
}

describe('power', () => {
  test('escape 49: killed at random points of a write, the log holds all that it acknowledged', async () => {
    await crashLoop(at.seat, KILLS);
  });

  test('escape 49: power cut at random points of a write, what is on the disk is a whole prefix', async () => {
    await cutWal(at.seat, CUTS);
  });
});

describe('disk', () => {
  rootTest('escape 54: a full disk is refused by name, and recording goes on when there is room', () => fullDisk(at));

  rootTest('escape 54: a disk that turns read-only is refused by name, and nothing acknowledged is lost', () => readOnlyDisk(at));

  rootTest('escape 54: with a quota of 1 MB the store says that it is full, and what it acknowledged verifies', async () => {
    const disk = at.disk('size=1m');
    const appender = startAppender(at.seat, { birth: 'enrolment' });
    expect(await appender.ended).toBe(1);
    expect(appender.output()).toMatch(/failed AUDIT_STORE_FULL/);
    const kept = acknowledged(appender.acks).size;
    disk.remount('size=64m');
    const store = await at.seat.open(kept === 0 ? {} : { birth: 'existing' });
    await store.append(lockEvent(ROUND_EVENTS));
    await store.close();
    verifyAcknowledged(at.seat, 'after a quota');
  });

  rootTest('escape 54: without inodes the store is refused by name, and opens when there are some', async () => {
    const disk = at.disk('size=64m,nr_inodes=4');
    for (const name of [1, 2, 3]) spawnSync('touch', [join(at.seat.storeDir, `filler-${name}`)]);
    await expect(at.seat.open({ birth: 'enrolment' })).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
    for (const name of [1, 2, 3]) rmSync(join(at.seat.storeDir, `filler-${name}`));
    disk.remount('nr_inodes=100');
    const store = await at.seat.open({ birth: 'enrolment' });
    await store.append(lockEvent(1));
    await store.close();
    expect(check(at.seat.storeDir, at.seat).faults).toEqual([]);
  });
});

describe('someone with the disk', () => {
  test.each<[string, () => void | Promise<void>, readonly string[]]>([
    [
      'edited',
      () =>
        tamper(at.seat, (db) => {
          const bytes = entryOf(db, 30);
          bytes[200] = Number(bytes[200]) ^ 1;
          putEntry(db, 30, bytes);
        }),
      ['ENTRY_ALTERED entry 30'],
    ],
    [
      'reordered',
      () =>
        tamper(at.seat, (db) => {
          const [one, other] = [entryOf(db, 30), entryOf(db, 50)];
          putEntry(db, 30, other);
          putEntry(db, 50, one);
        }),
      ['ENTRY_REORDERED entry 30', 'ENTRY_REORDERED entry 50'],
    ],
    ['truncated', () => tamper(at.seat, (db) => db.exec('DELETE FROM entry WHERE seq >= 90')), ['ENTRIES_TRUNCATED from 90 to 103']],
    ['deleted in the middle', () => tamper(at.seat, (db) => db.exec('DELETE FROM entry WHERE seq = 40')), ['ENTRY_MISSING entry 40']],
    [
      'sealed again with the present key',
      () => resealHistory(at.seat, 10, 104),
      ['CHECKPOINT_RESEALED epoch 0', 'CHECKPOINT_RESEALED epoch 1'],
    ],
  ])('escape 55: a log that was %s is named', async (_what, attack, expected) => {
    await record();
    await attack();
    expect(check(at.seat.storeDir, at.seat).faults).toEqual(expect.arrayContaining([...expected]));
  });

  test('escape 55: a log that was deleted is named at the next start', async () => {
    await record();
    for (const suffix of ['', '-wal']) rmSync(`${storePaths(at.seat.storeDir).db}${suffix}`, { force: true });
    const store = await at.seat.open();
    expect(store.findings.map((fault) => fault.code)).toEqual(['STORE_MISSING']);
    await store.close();
  });

  test('escape 55: the database of yesterday put back is named by anchor and receipt', async () => {
    const store = await at.seat.open();
    for (let event = 0; event < 20; event += 1) await store.append(lockEvent(event));
    const yesterday = join(at.seat.dir, 'yesterday.db');
    await store.snapshot(yesterday);
    for (let event = 0; event < 30; event += 1) await store.append(lockEvent(event));
    const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
    await store.applyReceipt(at.seat.receipt(store, size, root));
    await store.close();
    const { db, anchor } = storePaths(at.seat.storeDir);
    rmSync(`${db}-wal`, { force: true });
    copyFileSync(yesterday, db);
    expect(check(at.seat.storeDir, at.seat).faults).toContain(`ANCHOR_AHEAD from 21 to ${size}`);
    const kept = readFileSync(anchor);
    rmSync(anchor);
    expect(check(at.seat.storeDir, at.seat).faults).toContain('ANCHOR_MISSING');
    writeFileSync(anchor, kept);
    const again = await at.seat.open();
    expect(again.findings.map((fault) => fault.code)).toEqual(expect.arrayContaining(['RECEIPT_AHEAD', 'ANCHOR_AHEAD']));
    await again.close();
  });

  test('escape 55: yesterday put back whole, database and anchor and keys: the seat can not know, the receipt of today names it', async () => {
    const store = await at.seat.open();
    for (let event = 0; event < 20; event += 1) await store.append(lockEvent(event));
    await store.close();
    const yesterday = diskImage(at.seat);
    const today = await at.seat.open();
    for (let event = 0; event < 30; event += 1) await today.append(lockEvent(event));
    const { size, root } = parseCheckpoint(today.checkpoint()).checkpoint;
    const receipt = at.seat.receipt(today, size, root);
    expect(await today.applyReceipt(receipt)).toMatchObject({ outcome: 'accepted' });
    await today.close();
    yesterday.restore();
    expect(check(at.seat.storeDir, at.seat).faults).toEqual([]);
    const back = await at.seat.open();
    expect(back.findings).toEqual([]);
    const behind = back.position().size;
    expect(behind).toBeLessThan(size);
    // What the server answers at the next contact.
    expect(await back.applyReceipt(receipt)).toMatchObject({ outcome: 'refused', fault: { code: 'RECEIPT_AHEAD' } });
    expect(back.findings.map((fault) => fault.code)).toEqual(['RECEIPT_AHEAD']);
    await back.close();
    const { events, faults } = check(at.seat.storeDir, at.seat, { privateKey: at.seat.readerKey });
    expect(faults).toEqual([]);
    const named = [...events.values()].find(({ type }) => type === 'tamper.found');
    expect(named?.body).toMatchObject({ fault: 'RECEIPT_AHEAD', detail: expect.stringContaining(`from ${behind} to ${size - 1}`) });
  });

  test('escape 55: an honest reboot and a clock step verify clean', async () => {
    const clock = { wall: 1_760_000_000_000_000, boot: 50_000_000, id: 'boot-1' };
    const port = { wallMicros: () => clock.wall, bootMicros: () => clock.boot, bootId: () => clock.id };
    const store = await at.seat.open({ clock: port });
    await store.append(lockEvent(1));
    clock.wall -= 3 * 86_400_000_000;
    await store.append(lockEvent(2));
    await store.close();
    clock.boot = 3_000_000;
    clock.id = 'boot-2';
    clock.wall += 20 * 365 * 86_400_000_000;
    const again = await at.seat.open({ clock: port });
    await again.append(lockEvent(3));
    await again.close();
    expect(again.findings).toEqual([]);
    expect(check(at.seat.storeDir, at.seat).faults).toEqual([]);
  });
});
