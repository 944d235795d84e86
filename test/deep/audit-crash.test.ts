/** Faults 20 to 25: the recording process is killed, and the WAL is cut and flipped, on real files. */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { epochKeyFile } from '../../agent/keys/epoch-key-file.ts';
import { openVault } from '../../agent/keys/index.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { storeSource } from '../../agent/store/source.ts';
import { storeTables } from '../../agent/store/tables.ts';
import { describeFault } from '../../core/audit/faults.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { acknowledged, startAppender, untilAcknowledged } from '../audit/appender-process.ts';
import { nameOf } from '../audit/check.ts';
import { crashLoop, verifyAcknowledged } from '../audit/crash.ts';
import { generator } from '../audit/generator.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

const ROUNDS = 20;
const CASES = 2000;

test('fault 20: kill -9 in a loop with eight appenders: every acknowledged event is there, the rest is a prefix', async () => {
  await crashLoop(seat, ROUNDS);
});

/** A store whose last commits are in its WAL alone, as a kill leaves it. */
async function killedStore(): Promise<void> {
  const appender = startAppender(seat, { birth: 'enrolment', appenders: 4, rotateEach: 15 });
  await untilAcknowledged(appender, 120);
  appender.child.kill('SIGKILL');
  await appender.ended;
  expect(statSync(`${storePaths(seat.storeDir).db}-wal`).size).toBeGreaterThan(100_000);
}

/** Size and faults of a copy of the store's database whose WAL was changed. The anchor is left out unless given. */
function verifyCopy(
  folder: string,
  wal: Uint8Array,
  anchor?: { readonly incarnation: string; readonly head: string; readonly receipt: null },
) {
  const copy = join(folder, 'copy.db');
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true });
  copyFileSync(storePaths(seat.storeDir).db, copy);
  writeFileSync(`${copy}-wal`, wal);
  const db = new Database(copy);
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    const hasStore = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'head'").pluck().get() === 1;
    if (!hasStore) return { size: 0, faults: [] };
    const run = verifyLog(nodeCrypto, storeSource(storeTables(db), anchor), { logKey: seat.logKey });
    const faults: string[] = [];
    let step = run.next();
    while (step.done !== true) {
      faults.push(nameOf(step.value));
      step = run.next();
    }
    return { size: step.value.size, faults };
  } finally {
    db.close();
  }
}

test(`fault 21: the WAL cut at ${CASES} places: what is left is a committed prefix that verifies`, async () => {
  await killedStore();
  const wal = readFileSync(`${storePaths(seat.storeDir).db}-wal`);
  const whole = verifyCopy(seat.dir, wal);
  expect(whole.faults).toEqual([]);
  let last = 0;
  for (let at = 0; at < CASES; at += 1) {
    const length = Math.floor((wal.length * at) / CASES);
    const { size, faults } = verifyCopy(seat.dir, wal.subarray(0, length));
    expect(faults, `cut at ${length}`).toEqual([]);
    expect(size, `cut at ${length}`).toBeGreaterThanOrEqual(last);
    last = size;
  }
  expect(last).toBeLessThanOrEqual(whole.size);
});

test(`fault 22: one bit of the WAL flipped at ${CASES} places: a prefix, and the anchor names what is gone`, async () => {
  await killedStore();
  const wal = readFileSync(`${storePaths(seat.storeDir).db}-wal`);
  const whole = verifyCopy(seat.dir, wal);
  const db = new Database(':memory:');
  db.close();
  const anchor = headAsAnchor(wal);
  const next = generator(22);
  let shorter = 0;
  for (let at = 0; at < CASES; at += 1) {
    const flipped = Uint8Array.from(wal);
    const place = next(flipped.length);
    flipped[place] = Number(flipped[place]) ^ (1 << next(8));
    const { size, faults } = verifyCopy(seat.dir, flipped, anchor);
    if (size === whole.size) expect(faults, `flip at ${place}`).toEqual([]);
    else {
      shorter += 1;
      expect(faults, `flip at ${place}`).toEqual([`ANCHOR_AHEAD ${rangeText(size, whole.size - 1)}`]);
    }
  }
  expect(shorter).toBeGreaterThan(CASES / 4);
});

/** The head of the whole store, as its anchor would name it. */
function headAsAnchor(wal: Uint8Array) {
  const copy = join(seat.dir, 'anchor-copy.db');
  copyFileSync(storePaths(seat.storeDir).db, copy);
  writeFileSync(`${copy}-wal`, wal);
  const db = new Database(copy);
  const head = storeTables(db).head()?.note ?? '';
  db.close();
  return { incarnation: '0000000000000000', head, receipt: null };
}

function rangeText(from: number, to: number): string {
  return from === to ? `entry ${from}` : `from ${from} to ${to}`;
}

test('fault 23: a page torn while the WAL was folded back: the WAL mends it', async () => {
  await killedStore();
  const { db } = storePaths(seat.storeDir);
  const bytes = readFileSync(db);
  for (const page of [1, 2, 3]) {
    if (bytes.length < (page + 1) * 8192) continue;
    bytes.fill(0xee, page * 8192 + 4096, (page + 1) * 8192);
  }
  writeFileSync(db, bytes);
  const store = await seat.open({ birth: 'existing' });
  const torn = store.findings.map((fault) => fault.code);
  await store.close();
  if (torn.length === 0) verifyAcknowledged(seat, 'mended');
  else
    expect(
      torn.every((code) =>
        ['STORE_DAMAGED', 'ENTRY_MISSING', 'ENTRY_ALTERED', 'CHECKPOINT_ROOT', 'ANCHOR_AHEAD', 'HEAD_MISSING'].includes(code),
      ),
    ).toBe(true);
});

test('fault 24: a crash between commit and anchor: an anchor that is behind is no alarm', async () => {
  const store = await seat.open();
  for (let at = 0; at < 20; at += 1) await store.append(lockEvent(at));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { anchor } = storePaths(seat.storeDir);
  const behind = readFileSync(anchor);
  for (let at = 20; at < 40; at += 1) await store.append(lockEvent(at));
  await store.close();
  writeFileSync(anchor, behind);
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  await again.close();
});

test('fault 25: a crash between the new key and the end of the old one: either key goes on', async () => {
  const vaultOptions = {
    dir: join(seat.dir, 'keys'),
    service: 'wardlock-test',
    crypto: nodeCrypto,
    keychain: false,
    credentialsDirectory: undefined,
  };
  const store = await seat.open();
  await store.append(lockEvent(1));
  await store.close();
  const keep = join(seat.dir, 'keep');
  mkdirSync(keep);
  for (const part of ['audit', 'keys']) cpSync(join(seat.dir, part), join(keep, part), { recursive: true });
  const vault = await openVault(vaultOptions);
  const keys = epochKeyFile(storePaths(seat.storeDir).keys, vault, nodeCrypto);
  const incarnation = Buffer.from(store.position().incarnation, 'hex');
  const [present] = await keys.load(incarnation);
  if (present === undefined) throw new RangeError('no key');
  // The next key is saved, the certification never happened.
  await keys.saveNext(incarnation, present, { epoch: present.epoch + 1, seed: nodeCrypto.random(32) });
  const uncertified = await seat.open();
  expect(uncertified.findings).toEqual([]);
  // The certification happened, the old key was never destroyed.
  await uncertified.append(lockEvent(2));
  await uncertified.close();
  const [now] = await keys.load(incarnation);
  if (now === undefined) throw new RangeError('no key');
  await keys.saveNext(incarnation, { epoch: now.epoch - 1, seed: nodeCrypto.random(32) }, now);
  const undestroyed = await seat.open();
  expect(undestroyed.findings.map(describeFault)).toEqual([]);
  await undestroyed.close();
  expect(existsSync(keep)).toBe(true);
  expect(acknowledged(join(seat.dir, 'acks')).size).toBe(0);
});
