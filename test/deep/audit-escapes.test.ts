/**
 * Escapes 49, 54 and 55 as far as the log goes: the power is cut while it is written, its disk gives out, and someone
 * edits it. Real processes, disks and files; the outcome is asserted by name.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storePaths } from '../../agent/store/incarnation.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { acknowledged, startAppender, untilAcknowledged, untilSaid } from '../audit/appender-process.ts';
import { check, entryOf, putEntry, tamper } from '../audit/check.ts';
import { crashLoop, verifyAcknowledged } from '../audit/crash.ts';
import { resealHistory } from '../audit/reseal.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';
import { cutWal } from '../audit/wal.ts';
import { rootTest } from '../support/root.ts';

const KILLS = 5;
const CUTS = 200;

let seat: StoreKit;
let mounted: string | undefined;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(async () => {
  if (mounted !== undefined) execFileSync('umount', ['-l', mounted]);
  mounted = undefined;
  await seat.remove();
});

/** A small disk of its own for the store's folder. */
function mountStore(options: string): void {
  mkdirSync(seat.storeDir, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${options}`, 'tmpfs', seat.storeDir]);
  mounted = seat.storeDir;
}

/** Three epochs: events 1 to 20, 22 to 61 and 63 to 102; the openers are 0, 21 and 62; 103 says that recording stopped. */
async function record(): Promise<void> {
  const store = await seat.open();
  for (const count of [20, 40, 40]) {
    await Promise.all(Array.from({ length: count }, (_, at) => store.append(lockEvent(at))));
    if (store.position().size < 100) await store.newEpoch('wake');
  }
  await store.close();
}

describe('power', () => {
  test('escape 49: killed at random points of a write, the log holds all that it acknowledged', async () => {
    await crashLoop(seat, KILLS);
  });

  test('escape 49: power cut at random points of a write, what is on the disk is a whole prefix', async () => {
    await cutWal(seat, CUTS);
  });
});

describe('disk', () => {
  rootTest('escape 54: a full disk is refused by name, and recording goes on when there is room', async () => {
    mountStore('size=12m');
    const appender = startAppender(seat, { birth: 'enrolment', goesOn: true });
    await untilAcknowledged(appender, 50);
    const filler = join(seat.storeDir, 'filler');
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
    await untilSaid(appender, 'refused');
    expect(appender.output()).toContain('refused AUDIT_STORE_FULL full');
    const before = acknowledged(appender.acks).size;
    rmSync(filler);
    await untilAcknowledged(appender, before + 50);
    appender.child.kill('SIGKILL');
    await appender.ended;
    verifyAcknowledged(seat, 'after the disk was full');
  });

  rootTest('escape 54: a read-only disk is refused by name, and nothing acknowledged is lost', async () => {
    mountStore('size=64m');
    const appender = startAppender(seat, { birth: 'enrolment' });
    await untilAcknowledged(appender, 50);
    appender.child.kill('SIGKILL');
    await appender.ended;
    execFileSync('mount', ['-o', 'remount,ro', seat.storeDir]);
    await expect(seat.open({ birth: 'existing' })).rejects.toMatchObject({ code: 'AUDIT_STORE_FAILED' });
    execFileSync('mount', ['-o', 'remount,rw', seat.storeDir]);
    verifyAcknowledged(seat, 'after the disk was read-only');
  });

  rootTest('escape 54: with a quota of 1 MB the store says that it is full, and what it acknowledged verifies', async () => {
    mountStore('size=1m');
    const appender = startAppender(seat, { birth: 'enrolment' });
    expect(await appender.ended).toBe(1);
    expect(appender.output()).toMatch(/failed AUDIT_STORE_FULL/);
    const kept = acknowledged(appender.acks).size;
    execFileSync('mount', ['-o', 'remount,size=64m', seat.storeDir]);
    const store = await seat.open(kept === 0 ? {} : { birth: 'existing' });
    await store.append(lockEvent(1));
    await store.close();
    verifyAcknowledged(seat, 'after a quota');
  });

  rootTest('escape 54: without inodes the store is refused by name, and opens when there are some', async () => {
    mountStore('size=64m,nr_inodes=4');
    for (const at of [1, 2, 3]) spawnSync('touch', [join(seat.storeDir, `filler-${at}`)]);
    await expect(seat.open({ birth: 'enrolment' })).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
    for (const at of [1, 2, 3]) rmSync(join(seat.storeDir, `filler-${at}`));
    execFileSync('mount', ['-o', 'remount,nr_inodes=100', seat.storeDir]);
    const store = await seat.open({ birth: 'enrolment' });
    await store.append(lockEvent(1));
    await store.close();
    expect(check(seat.storeDir, seat).faults).toEqual([]);
  });
});

describe('someone with the disk', () => {
  test.each<[string, () => void | Promise<void>, readonly string[]]>([
    [
      'edited',
      () =>
        tamper(seat, (db) => {
          const bytes = entryOf(db, 30);
          bytes[200] = Number(bytes[200]) ^ 1;
          putEntry(db, 30, bytes);
        }),
      ['ENTRY_ALTERED entry 30'],
    ],
    [
      'reordered',
      () =>
        tamper(seat, (db) => {
          const [one, other] = [entryOf(db, 30), entryOf(db, 50)];
          putEntry(db, 30, other);
          putEntry(db, 50, one);
        }),
      ['ENTRY_REORDERED entry 30', 'ENTRY_REORDERED entry 50'],
    ],
    ['truncated', () => tamper(seat, (db) => db.exec('DELETE FROM entry WHERE seq >= 90')), ['ENTRIES_TRUNCATED from 90 to 103']],
    ['deleted in the middle', () => tamper(seat, (db) => db.exec('DELETE FROM entry WHERE seq = 40')), ['ENTRY_MISSING entry 40']],
    [
      'sealed again with the present key',
      () => resealHistory(seat, 10, 104),
      ['CHECKPOINT_RESEALED epoch 0', 'CHECKPOINT_RESEALED epoch 1'],
    ],
  ])('escape 55: a log that was %s is named', async (_what, attack, expected) => {
    await record();
    await attack();
    expect(check(seat.storeDir, seat).faults).toEqual(expect.arrayContaining([...expected]));
  });

  test('escape 55: a log that was deleted is named at the next start', async () => {
    await record();
    for (const suffix of ['', '-wal']) rmSync(`${storePaths(seat.storeDir).db}${suffix}`, { force: true });
    const store = await seat.open();
    expect(store.findings.map((fault) => fault.code)).toEqual(['STORE_MISSING']);
    await store.close();
  });

  test('escape 55: yesterday put back is named by anchor and receipt', async () => {
    const store = await seat.open();
    for (let at = 0; at < 20; at += 1) await store.append(lockEvent(at));
    const yesterday = join(seat.dir, 'yesterday.db');
    await store.snapshot(yesterday);
    for (let at = 0; at < 30; at += 1) await store.append(lockEvent(at));
    const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
    await store.applyReceipt(seat.receipt(store, size, root));
    await store.close();
    const { db, anchor } = storePaths(seat.storeDir);
    rmSync(`${db}-wal`, { force: true });
    copyFileSync(yesterday, db);
    expect(check(seat.storeDir, seat).faults).toContain(`ANCHOR_AHEAD from 21 to ${size}`);
    const kept = readFileSync(anchor);
    rmSync(anchor);
    expect(check(seat.storeDir, seat).faults).toContain('ANCHOR_MISSING');
    writeFileSync(anchor, kept);
    const again = await seat.open();
    expect(again.findings.map((fault) => fault.code)).toEqual(expect.arrayContaining(['RECEIPT_AHEAD', 'ANCHOR_AHEAD']));
    await again.close();
  });

  test('escape 55: an honest reboot and a clock step verify clean', async () => {
    const clock = { wall: 1_760_000_000_000_000, boot: 50_000_000, id: 'boot-1' };
    const port = { wallMicros: () => clock.wall, bootMicros: () => clock.boot, bootId: () => clock.id };
    const store = await seat.open({ clock: port });
    await store.append(lockEvent(1));
    clock.wall -= 3 * 86_400_000_000;
    await store.append(lockEvent(2));
    await store.close();
    clock.boot = 3_000_000;
    clock.id = 'boot-2';
    clock.wall += 20 * 365 * 86_400_000_000;
    const again = await seat.open({ clock: port });
    await again.append(lockEvent(3));
    await again.close();
    expect(again.findings).toEqual([]);
    expect(check(seat.storeDir, seat).faults).toEqual([]);
  });
});
