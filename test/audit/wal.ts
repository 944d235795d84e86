/**
 * A WAL as a killed process leaves it, cut and flipped in many places: what is left must be a committed prefix, and the
 * anchor must name what is gone. Test helper only.
 */
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { hidesCommits } from '../../agent/store/found-wal.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { storeSource } from '../../agent/store/source.ts';
import { storeTables } from '../../agent/store/tables.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { progress } from '../support/progress.ts';
import { startAppender, untilAcknowledged } from './appender-process.ts';
import { check, nameOf } from './check.ts';
import { generator } from './generator.ts';
import { lockEvent, type StoreKit } from './store-kit.ts';

/** A store whose last commits are in its WAL alone, as a kill leaves it. */
export async function killedStore(seat: StoreKit): Promise<void> {
  const appender = startAppender(seat, { birth: 'enrolment', appenders: 4, rotateEach: 15 });
  await untilAcknowledged(appender, 120);
  appender.child.kill('SIGKILL');
  await appender.ended;
  expect(statSync(`${storePaths(seat.storeDir).db}-wal`).size).toBeGreaterThan(100_000);
}

/** Size and faults of a copy of the store's database whose WAL was changed. The anchor is left out unless given. */
function verifyCopy(
  seat: StoreKit,
  wal: Uint8Array,
  anchor?: { readonly incarnation: string; readonly head: string; readonly receipt: null },
) {
  const copy = join(seat.dir, 'copy.db');
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true });
  copyFileSync(storePaths(seat.storeDir).db, copy);
  writeFileSync(`${copy}-wal`, wal);
  const db = new Database(copy);
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    const hasStore = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'head'").pluck().get() === 1;
    if (!hasStore) return { size: 0, faults: [] };
    const run = verifyLog(nodeCrypto, storeSource(storeTables(db), { anchor }), { logKey: seat.logKey });
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

/** Fault 21: the WAL cut at so many places. */
export async function cutWal(seat: StoreKit, cases: number): Promise<void> {
  await killedStore(seat);
  const wal = readFileSync(`${storePaths(seat.storeDir).db}-wal`);
  const whole = verifyCopy(seat, wal);
  expect(whole.faults).toEqual([]);
  const say = progress('cuts verified', cases);
  let last = 0;
  for (let at = 0; at < cases; at += 1) {
    const length = Math.floor((wal.length * at) / cases);
    const { size, faults } = verifyCopy(seat, wal.subarray(0, length));
    expect(faults, `cut at ${length}`).toEqual([]);
    expect(size, `cut at ${length}`).toBeGreaterThanOrEqual(last);
    last = size;
    await say(at + 1);
  }
  expect(last).toBeGreaterThan(0);
  expect(last).toBeLessThanOrEqual(whole.size);
  for (let at = 1; at < STARTS; at += 1) await startsWith(seat, wal.subarray(0, Math.floor((wal.length * at) / STARTS)));
}

/** So many of the cases are started from for real, by the agent's own way in. */
const STARTS = 25;

/** A store with this WAL opens, names what its anchor says is gone, and records on. */
async function startsWith(seat: StoreKit, wal: Uint8Array): Promise<void> {
  const dir = join(seat.dir, 'started');
  rmSync(dir, { recursive: true, force: true });
  cpSync(seat.storeDir, dir, { recursive: true });
  writeFileSync(`${storePaths(dir).db}-wal`, wal);
  const store = await seat.open({ dir, birth: 'existing' });
  const before = store.position().size;
  const found = readdirSync(dir).filter((name) => name.endsWith('-wal.found'));
  // What lies behind a bad bit is kept as it was found, wherever the log does not go on without it.
  const isKept = store.findings.length > 0 && hidesCommits(wal);
  expect(found.map((name) => readFileSync(join(dir, name)))).toEqual(isKept ? [Buffer.from(wal)] : []);
  expect([...new Set(store.findings.map(({ code }) => code))].filter((code) => !LOSSES.has(code))).toEqual([]);
  const { seq } = await store.append(lockEvent(7));
  expect(seq).toBe(before);
  await store.close();
  expect(check(dir, seat).faults).toEqual([]);
}

/** What a start says of a WAL that lost its end, or all of it: where whole epochs are gone, the key of the last one left is too. */
const LOSSES: ReadonlySet<string> = new Set(['ANCHOR_AHEAD', 'KEYS_LOST', 'STORE_MISSING']);

/** Fault 22: one bit of the WAL flipped at so many places. */
export async function flipWal(seat: StoreKit, cases: number): Promise<void> {
  await killedStore(seat);
  const wal = readFileSync(`${storePaths(seat.storeDir).db}-wal`);
  const whole = verifyCopy(seat, wal);
  const anchor = headAsAnchor(seat, wal);
  const next = generator(22);
  const say = progress('flips verified', cases);
  let shorter = 0;
  for (let at = 0; at < cases; at += 1) {
    const flipped = Uint8Array.from(wal);
    const place = next(flipped.length);
    flipped[place] = Number(flipped[place]) ^ (1 << next(8));
    const { size, faults } = verifyCopy(seat, flipped, anchor);
    if (size === whole.size) expect(faults, `flip at ${place}`).toEqual([]);
    else {
      shorter += 1;
      expect(faults, `flip at ${place}`).toEqual([`ANCHOR_AHEAD ${rangeText(size, whole.size - 1)}`]);
    }
    await say(at + 1);
  }
  expect(shorter).toBeGreaterThan(cases / 4);
  for (let at = 0; at < STARTS; at += 1) {
    const flipped = Uint8Array.from(wal);
    const place = next(flipped.length);
    flipped[place] = Number(flipped[place]) ^ (1 << next(8));
    await startsWith(seat, flipped);
  }
}

/** The head of the whole store, as its anchor would name it. */
function headAsAnchor(seat: StoreKit, wal: Uint8Array) {
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
