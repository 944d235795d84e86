/** Faults 20 to 25: the recording process is killed, and the WAL is cut and flipped, on real files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { epochKeyFile } from '../../agent/keys/epoch-key-file.ts';
import { openVault } from '../../agent/keys/index.ts';
import { readAnchor } from '../../agent/store/anchor.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { describeFault } from '../../core/audit/faults.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { acknowledged, endAppenders, startAppender, untilAcknowledged } from '../audit/appender-process.ts';
import { check } from '../audit/check.ts';
import { crashLoop, verifyAcknowledged } from '../audit/crash.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';
import { cutWal, flipWal, killedStore } from '../audit/wal.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(async () => {
  await endAppenders();
  await seat.remove();
});

const ROUNDS = 20;
const CASES = 2000;

test('fault 20: kill -9 in a loop with eight appenders: every acknowledged event is there, the rest is a prefix', async () => {
  await crashLoop(seat, ROUNDS);
});

test(`fault 21: the WAL cut at ${CASES} places: what is left is a committed prefix that verifies`, async () => {
  await cutWal(seat, CASES);
});

test(`fault 22: one bit of the WAL flipped at ${CASES} places: a prefix, and the anchor names what is gone`, async () => {
  await flipWal(seat, CASES);
});

test('fault 23: a page torn while the WAL was folded back: the WAL mends it', async () => {
  await killedStore(seat);
  const { db } = storePaths(seat.storeDir);
  const bytes = readFileSync(db);
  const pages = [...pagesInWal(readFileSync(`${db}-wal`))].filter((page) => page * PAGE_BYTES <= bytes.length);
  expect(pages.length).toBeGreaterThan(1);
  for (const page of pages) bytes.fill(0xee, page * PAGE_BYTES - PAGE_BYTES / 2, page * PAGE_BYTES);
  writeFileSync(db, bytes);
  const store = await seat.open({ birth: 'existing' });
  expect(store.findings).toEqual([]);
  await store.close();
  verifyAcknowledged(seat, 'mended');
});

const PAGE_BYTES = 8192;

/** Page numbers of the frames of a WAL (SQLite file format, section 4.1): the pages that a checkpoint may be writing. */
function pagesInWal(wal: Buffer): ReadonlySet<number> {
  const pages = new Set<number>();
  for (let at = 32; at + 24 + PAGE_BYTES <= wal.length; at += 24 + PAGE_BYTES) pages.add(wal.readUInt32BE(at));
  return pages;
}

test('fault 24: a crash between commit and anchor: an anchor that is behind is no alarm', async () => {
  for (let life = 0; ; life += 1) {
    if (life === TRIES) throw new Error('No kill fell between a commit and its anchor.');
    const before = acknowledged(join(seat.dir, 'acks')).size;
    const appender = startAppender(seat, { birth: life === 0 ? 'enrolment' : 'existing', first: life * 1_000_000, appenders: 1 });
    await untilAcknowledged(appender, before + 30);
    appender.child.kill('SIGKILL');
    await appender.ended;
    const { anchor } = storePaths(seat.storeDir);
    const read = await readAnchor(anchor, nodeCrypto);
    const { size, faults } = check(seat.storeDir, seat);
    expect(faults).toEqual([]);
    const anchored = read.state === 'present' ? parseCheckpoint(read.record.head).checkpoint.size : 0;
    expect(anchored).toBeLessThanOrEqual(size);
    if (anchored < size) break;
  }
  const again = await seat.open({ birth: 'existing' });
  expect(again.findings).toEqual([]);
  await again.close();
  verifyAcknowledged(seat, 'after the crash');
});

/** Kills until one falls where it is wanted. */
const TRIES = 50;

test('fault 25: kill -9 while every event changes the keys: either key goes on', async () => {
  await crashLoop(seat, 10, 1);
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
  const vault = await openVault(vaultOptions);
  const keys = epochKeyFile(storePaths(seat.storeDir).keys, vault, nodeCrypto);
  const incarnation = Buffer.from(store.position().incarnation, 'hex');
  const [present] = await keys.load(incarnation);
  if (present === undefined) throw new RangeError('no key');
  // The next key is saved, the certification never happened.
  await keys.saveNext(incarnation, present.epoch, { epoch: present.epoch + 1, seed: nodeCrypto.random(32) });
  const uncertified = await seat.open();
  expect(uncertified.findings).toEqual([]);
  // The certification happened, the old key was never destroyed.
  await uncertified.append(lockEvent(2));
  await uncertified.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
  const [now] = await keys.load(incarnation);
  if (now === undefined) throw new RangeError('no key');
  await keys.saveNext(incarnation, now.epoch, { epoch: now.epoch - 1, seed: nodeCrypto.random(32) });
  const undestroyed = await seat.open();
  expect(undestroyed.findings.map(describeFault)).toEqual([]);
  await undestroyed.append(lockEvent(3));
  await undestroyed.close();
  const { faults, events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect(faults).toEqual([]);
  expect([...events.values()].filter(({ type }) => type === 'session.locked')).toHaveLength(3);
  expect(await keys.load(incarnation)).toHaveLength(1);
});
