/** Rows beside the entries, mutated from a fixed seed: a verifier names or refuses them, and a seat records on, whatever they hold. */
import { chmodSync, copyFileSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isDamage } from '../../agent/store/database.ts';
import { openSnapshot } from '../../agent/store/evidence.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { VerifySummary } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { mutateRow } from '../audit/fuzz-database.ts';
import { generator } from '../audit/generator.ts';
import { lockEvent } from '../audit/store-kit.ts';
import { storeTests } from '../audit/store-tests.ts';

/** Small enough that what is recorded is pruned in part. */
const CAPACITY = 1024 * 1024;
const EPOCHS = 8;
const VERIFIED = 1500;
const STARTED = 120;

const at = storeTests();
let snapshot: string;
/** The incarnation of that store. */
let before: string;

/** A store with every kind of row: pruned in part, with a receipt and an alarm, closed; and a snapshot of it. */
beforeEach(async () => {
  const { seat } = at;
  const store = await seat.open({ capacityBytes: CAPACITY });
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    await Promise.all(Array.from({ length: 150 }, (_, event) => store.append(lockEvent(event))));
    await store.newEpoch('wake');
  }
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  await store.applyReceipt(seat.receipt(store, size, root));
  await store.applyReceipt(seat.receipt(store, size - 1, new Uint8Array(32)));
  expect(store.findings).toHaveLength(1);
  const isPruned = (): boolean => {
    try {
      return store.readFrom(0, { maxBytes: 1, maxEntries: 1 }).entries.length === 0;
    } catch {
      return true;
    }
  };
  await expect.poll(isPruned).toBe(true);
  snapshot = join(seat.dir, 'snapshot');
  before = store.position().incarnation;
  await store.snapshot(snapshot);
  await store.close();
});

type Verdict = { readonly outcome: 'refused' | 'faulted' } | { readonly outcome: 'passed'; readonly summary: VerifySummary };

function verdictOn(path: string): Verdict {
  const { logKey, mirrorKey } = at.seat;
  try {
    const evidence = openSnapshot(path, nodeCrypto);
    try {
      const [source] = evidence.sources;
      if (source === undefined) throw new RangeError('no log');
      const run = verifyLog(nodeCrypto, source, { logKey, receiptKeys: [mirrorKey] });
      let faults = evidence.faults.length;
      let step = run.next();
      for (; step.done !== true; step = run.next()) faults += 1;
      return faults > 0 ? { outcome: 'faulted' } : { outcome: 'passed', summary: step.value };
    } finally {
      evidence.close();
    }
  } catch (error) {
    if (isWardlockError(error) || isDamage(error)) return { outcome: 'refused' };
    throw error;
  }
}

test(`${VERIFIED} snapshots with a row changed: refused with a code, named, or the same log`, () => {
  const honest = verdictOn(snapshot);
  if (honest.outcome !== 'passed') throw new Error('the snapshot is not sound before it is mutated');
  const random = generator(17);
  const counts = { refused: 0, faulted: 0, passed: 0 };
  for (let run = 0; run < VERIFIED; run += 1) {
    const copy = join(at.seat.dir, 'mutated');
    copyFileSync(snapshot, copy);
    const done = mutateRow(copy, random);
    const verdict = verdictOn(copy);
    counts[verdict.outcome] += 1;
    if (verdict.outcome === 'passed') expect(verdict.summary, done).toEqual(honest.summary);
  }
  expect(Math.min(counts.refused, counts.faulted, counts.passed)).toBeGreaterThan(VERIFIED / 30);
});

test(`${STARTED} starts over a row changed: the seat records on, and what it records verifies`, async () => {
  const { seat } = at;
  const golden = join(seat.dir, 'golden');
  const kept = [seat.storeDir, join(seat.dir, 'keys')];
  for (const [index, folder] of kept.entries()) cpSync(folder, `${golden}-${index}`, { recursive: true });
  const random = generator(18);
  let replaced = 0;
  for (let run = 0; run < STARTED; run += 1) {
    for (const [index, folder] of kept.entries()) {
      rmSync(folder, { recursive: true });
      cpSync(`${golden}-${index}`, folder, { recursive: true });
      chmodSync(folder, 0o700);
    }
    const { db } = storePaths(seat.storeDir);
    const done = mutateRow(db, random);
    const was = verdictOn(db);
    const store = await seat.open({ capacityBytes: CAPACITY }).catch((error: unknown) => {
      throw new Error(`The store does not open: ${done}`, { cause: error });
    });
    expect(await store.append(lockEvent(run)), done).toMatchObject({ seq: expect.any(Number) });
    const { incarnation, receiptedSize, size } = store.position();
    expect(receiptedSize, done).toBeLessThanOrEqual(size);
    await store.close();
    // A start reads the tail: what is wrong before it, and was before, stays for a verifier.
    if (incarnation !== before || was.outcome === 'passed') expect(verdictOn(db).outcome, done).toBe('passed');
    if (incarnation !== before) replaced += 1;
  }
  expect(replaced).toBeGreaterThan(STARTED / 10);
  expect(replaced).toBeLessThan(STARTED);
});
