/** The emergency log after its file was damaged: what is lost has a name, what is left is read, and nothing is written over. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { nameOf } from '../../test/audit/check.ts';
import { lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { EMERGENCY_BYTES } from './emergency.ts';
import { placeFor, readEmergency } from './emergency-file.ts';
import { emergencyRoot } from './emergency-read.ts';
import { openSnapshot, openStoreFolder } from './evidence.ts';
import { storePaths } from './incarnation.ts';
import type { AuditStore } from './index.ts';

let seat: StoreKit;
let file: string;
/** Where each record begins. */
let records: readonly number[];

beforeEach(async () => {
  seat = await storeKit();
  file = storePaths(seat.storeDir).emergency;
  const store = await seat.open();
  for (let at = 0; at < 3; at += 1) await store.appendEmergency(lockEvent(at));
  await store.append(lockEvent(9));
  await store.close();
  const bytes = readFileSync(file);
  records = [...bytes.keys()].filter((at) => bytes.toString('latin1', at, at + 4) === 'WLE1');
  expect(records).toHaveLength(3);
});
afterEach(() => seat.remove());

const content = () => readEmergency(readFileSync(file), nodeCrypto);
const named = (faults: readonly Fault[]): readonly string[] => faults.map(({ code }) => code);

/** Turns one bit of a record, and answers where. */
function flip(record: number): number {
  const at = (records[record] ?? 0) + 200;
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  return at;
}

/** What `audit verify` says of a folder or a snapshot. */
function verified(path: string): readonly string[] {
  const evidence = path.endsWith('.db') ? openSnapshot(path, nodeCrypto) : openStoreFolder(path, nodeCrypto);
  try {
    const faults = evidence.sources.flatMap((source) => [...verifyLog(nodeCrypto, source, { logKey: seat.logKey })].map(nameOf));
    return [...faults, ...named(evidence.faults)];
  } finally {
    evidence.close();
  }
}

/** The mirror's receipt over all that is offered of the emergency log. */
async function receipted(store: AuditStore): Promise<void> {
  const hasher = treeHasher(nodeCrypto);
  for (const run of content().runs.filter(({ entries }) => entries.length > 0)) {
    const { length } = run.entries;
    const note = seat.receipt(store, length, emergencyRoot(run, hasher, length), run.incarnation);
    expect(await store.applyReceipt(note)).toMatchObject({ outcome: 'accepted' });
  }
}

test.each([
  [0, 4, 0],
  [1, 4, 2],
  [2, 4, 4],
])('one bit in record %i: a verifier and the next start name it, and the other records are read', async (record, left, offered) => {
  flip(record);
  const said = verified(seat.storeDir);
  expect(said).toEqual(expect.arrayContaining(['EMERGENCY_DAMAGED', 'EMERGENCY_MISSING']));
  // What follows the gap is looked at, and says that something is missing before it.
  if (record < 2) expect(said).toEqual(expect.arrayContaining([expect.stringMatching(/^ENTRY_MISSING/)]));
  const store = await seat.open();
  expect(named(store.findings)).toEqual(expect.arrayContaining(['EMERGENCY_DAMAGED', 'EMERGENCY_MISSING']));
  expect(store.status().emergencyEntries).toBe(left);
  expect(
    store
      .logs()
      .slice(1)
      .map(({ size }) => size),
  ).toEqual(offered === 0 ? [] : [offered]);
  const snapshot = join(seat.dir, 'snapshot.db');
  await store.snapshot(snapshot);
  await store.close();
  expect(verified(snapshot)).toContain('EMERGENCY_DAMAGED');
});

test('the next emergency is written behind all of it, in a run of its own, and goes up', async () => {
  const at = flip(0);
  const before = readFileSync(file);
  const store = await seat.open();
  expect(await store.appendEmergency(lockEvent(4))).toEqual({ seq: 1 });
  const after = readFileSync(file);
  const { end } = readEmergency(before, nodeCrypto);
  expect(after.subarray(0, end).equals(before.subarray(0, end))).toBe(true);
  expect(after[at]).toBe(before[at]);
  expect(
    store
      .logs()
      .slice(1)
      .map(({ size }) => size),
  ).toEqual([2]);
  await store.close();
});

test('a damaged file stays until somebody has seen it, and then lies beside an empty one', async () => {
  flip(2);
  const bytes = readFileSync(file);
  const store = await seat.open();
  await receipted(store);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  await store.acknowledge('n.ada');
  expect(store.status().emergencyEntries).toBe(0);
  const [aside = ''] = readdirSync(seat.storeDir).filter((name) => /^emergency-damaged-\d+\.log$/.test(name));
  expect(readFileSync(join(seat.storeDir, aside)).equals(bytes)).toBe(true);
  expect(readFileSync(file).equals(Buffer.alloc(EMERGENCY_BYTES))).toBe(true);
  expect(await store.appendEmergency(lockEvent(5))).toEqual({ seq: 1 });
  await store.close();
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  expect(again.status().emergencyEntries).toBe(2);
  await again.close();
  expect(verified(seat.storeDir)).toEqual([]);
});

test.each([
  ['zeroed', () => writeFileSync(file, Buffer.alloc(EMERGENCY_BYTES))],
  ['taken away', () => rmSync(file)],
  ['an older copy', () => writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, records[2])]))],
])('a file that is %s is named once, by a verifier and by the next start', async (_, change) => {
  change();
  expect(verified(seat.storeDir)).toEqual(['EMERGENCY_MISSING']);
  const store = await seat.open();
  expect(named(store.findings)).toEqual(['EMERGENCY_MISSING']);
  await store.acknowledge('n.ada');
  await store.close();
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  await again.close();
  expect(verified(seat.storeDir)).toEqual([]);
});

test('what was told cannot be read: that is named, and told again', async () => {
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(storePaths(seat.storeDir).db);
  db.prepare("UPDATE meta SET value = ? WHERE key = 'emergency_told'").run(Buffer.from('{'));
  db.close();
  expect(verified(seat.storeDir)).toEqual(['EMERGENCY_MISSING']);
  const store = await seat.open();
  expect(named(store.findings)).toEqual(['EMERGENCY_MISSING']);
  await store.close();
  expect(verified(seat.storeDir)).toEqual([]);
});

test('a receipt over all of a sound file empties it, and nothing is missed then', async () => {
  const store = await seat.open();
  await receipted(store);
  expect(store.status().emergencyEntries).toBe(0);
  await store.close();
  expect(existsSync(file)).toBe(true);
  expect(verified(seat.storeDir)).toEqual([]);
  const again = await seat.open();
  expect(again.findings).toEqual([]);
  await again.close();
});

test('a bit in the free part takes no room but its own', async () => {
  const bytes = readFileSync(file);
  bytes[EMERGENCY_BYTES - 10] = 1;
  writeFileSync(file, bytes);
  const store = await seat.open();
  expect(named(store.findings)).toEqual(['EMERGENCY_DAMAGED']);
  expect(await store.appendEmergency(lockEvent(6))).toEqual({ seq: 1 });
  expect(content().runs.map(({ entries }) => entries.length)).toEqual([6, 2]);
  expect(readFileSync(file)[EMERGENCY_BYTES - 10]).toBe(1);
  await store.close();
});

test('refused sign-ins fill half of it at most, and an emergency still has its room', async () => {
  const store = await seat.open();
  const refused = { type: 'auth.refused', body: { person: 'ada', reason: 'pin.wrong', triesLeft: 0, badge: null } } as const;
  const until = async (event: AuditEvent): Promise<void> => {
    for (let at = 0; at < 1000; at += 1) await store.appendEmergency(event);
  };
  await expect(until(refused)).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  const guessed = store.status().emergencyEntries;
  expect(content().end).toBeLessThanOrEqual(EMERGENCY_BYTES / 2);
  await expect(until(lockEvent(1))).rejects.toMatchObject({ code: 'AUDIT_STORE_FULL' });
  expect(store.status().emergencyEntries).toBeGreaterThan(guessed + 100);
  await store.close();
});

test('a record goes on zeros alone', () => {
  const bytes = Uint8Array.of(7, 7, 0, 0, 1, 0, 0, 0, 1, 0);
  expect([1, 2, 3, 4].map((length) => placeFor(bytes, 2, length))).toEqual([2, 2, 5, undefined]);
});
