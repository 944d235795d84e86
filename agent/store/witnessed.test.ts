import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { cosign, withSignature } from '../../core/audit/cosignature.ts';
import { describeFault } from '../../core/audit/faults.ts';
import { NOTE_COSIGNATURE, type NoteVerifier, noteVerifier } from '../../core/audit/note.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { type Evidence, openSnapshot, openStoreFolder } from './evidence.ts';
import type { AuditStore } from './index.ts';
import { SNAPSHOT_WITNESSED } from './snapshot.ts';

const WITNESSED_AT = 1_790_000_000;
const witness = { name: 'wardlock/test/witness', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const witnessKey: NoteVerifier = noteVerifier(nodeCrypto, {
  name: witness.name,
  type: NOTE_COSIGNATURE,
  publicKey: witness.signer.publicKey,
});
let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

/** The store's present checkpoint as the server's witness gives it back. */
function cosigned(store: AuditStore, by = witness): string {
  const { note } = parseCheckpoint(store.checkpoint());
  return withSignature(note, cosign(nodeCrypto, note.text, by, WITNESSED_AT));
}

async function record(store: AuditStore, events: number): Promise<void> {
  for (let at = 0; at < events; at += 1) await store.append(lockEvent(at));
}

test('a cosignature of the witness is kept across restarts, with its time; one by another key is not', async () => {
  const store = await seat.open({ witnessKey });
  await record(store, 5);
  expect(store.status().witnessed).toBeNull();
  expect(await store.applyCosignature(cosigned(store, seat.mirror))).toBe(false);
  expect(await store.applyCosignature(store.checkpoint())).toBe(false);
  expect(store.status().witnessed).toBeNull();
  const { size } = store.position();
  expect(await store.applyCosignature(cosigned(store))).toBe(true);
  await record(store, 3);
  await store.close();
  const again = await seat.open({ witnessKey });
  expect(again.findings).toEqual([]);
  expect(again.status().witnessed).toMatchObject({ size, at: WITNESSED_AT * 1000 });
  await again.close();
});

test('fault 8: older database and older anchor: what the witness cosigned names the loss at the start, without a server', async () => {
  const store = await seat.open({ witnessKey });
  await record(store, 5);
  await store.close();
  const old = join(seat.dir, 'old');
  await cp(seat.storeDir, old, { recursive: true });
  const later = await seat.open({ witnessKey });
  await record(later, 10);
  const { size } = later.position();
  expect(await later.applyCosignature(cosigned(later))).toBe(true);
  await later.close();
  const kept = await readFile(join(seat.storeDir, 'witnessed'));
  await rm(seat.storeDir, { recursive: true });
  await cp(old, seat.storeDir, { recursive: true });
  await writeFile(join(seat.storeDir, 'witnessed'), kept);
  const again = await seat.open({ witnessKey });
  expect(again.findings).toContainEqual(
    expect.objectContaining({ code: 'RECEIPT_AHEAD', range: expect.objectContaining({ to: size - 1 }) }),
  );
  await again.close();
});

test('a file that is damaged says nothing and stops nothing', async () => {
  const store = await seat.open({ witnessKey });
  await record(store, 2);
  await store.applyCosignature(cosigned(store));
  await store.close();
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(20_000, 1)]) {
    await writeFile(join(seat.storeDir, 'witnessed'), bytes);
    const again = await seat.open({ witnessKey });
    expect([again.findings, again.status().witnessed]).toEqual([[], null]);
    await again.close();
  }
});

test('what the witness said of entries that were pruned since can be held against nothing, and stops no start', async () => {
  const store = await seat.open({ witnessKey, capacityBytes: 100_000 });
  await record(store, 2);
  await store.applyCosignature(cosigned(store));
  for (let epoch = 0; epoch < 6; epoch += 1) {
    await record(store, 40);
    await store.newEpoch('wake');
  }
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  await store.applyReceipt(seat.receipt(store, size, root));
  await vi.waitFor(() => expect(() => store.readFrom(2, { maxBytes: 1000, maxEntries: 1 })).toThrow('pruned'));
  await store.close();
  const again = await seat.open({ witnessKey });
  expect(again.findings).toEqual([]);
  expect(again.position().size).toBeGreaterThan(size);
  await again.close();
});

test('a snapshot and a stopped store carry what the witness cosigned, and a verifier with its key holds the log against it', async () => {
  const store = await seat.open({ witnessKey });
  await record(store, 5);
  const [bare, early, late] = ['bare.db', 'early.db', 'late.db'].map((name) => join(seat.dir, name));
  if (bare === undefined || early === undefined || late === undefined) throw new Error('three names');
  await store.snapshot(bare);
  expect(verified(openSnapshot(bare, nodeCrypto))).toEqual({ faults: [], witnessed: 0 });
  await store.snapshot(early);
  const first = store.position().size;
  await record(store, 10);
  const newer = cosigned(store);
  const { size } = store.position();
  expect(await store.applyCosignature(newer)).toBe(true);
  await record(store, 2);
  await store.snapshot(late);
  await store.close();
  expect(verified(openSnapshot(late, nodeCrypto))).toEqual({ faults: [], witnessed: size });
  expect(verified(openStoreFolder(seat.storeDir, nodeCrypto))).toEqual({ faults: [], witnessed: size });
  const database = new Database(early);
  database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(SNAPSHOT_WITNESSED, Buffer.from(newer));
  database.close();
  expect(verified(openSnapshot(early, nodeCrypto))).toEqual({
    faults: [expect.stringMatching(`^RECEIPT_AHEAD from ${first} to ${size - 1}: .*witness`)],
    witnessed: size,
  });
  expect(verified(openSnapshot(early, nodeCrypto), [])).toEqual({ faults: [], witnessed: 0 });
});

function verified(evidence: Evidence, receiptKeys: readonly NoteVerifier[] = [witnessKey]): { faults: string[]; witnessed: number } {
  try {
    const [source] = evidence.sources;
    if (source === undefined) throw new Error('no log');
    const run = verifyLog(nodeCrypto, source, { logKey: seat.logKey, receiptKeys });
    const faults: string[] = [];
    let step = run.next();
    for (; step.done !== true; step = run.next()) faults.push(describeFault(step.value));
    return { faults, witnessed: step.value.witnessed };
  } finally {
    evidence.close();
  }
}
