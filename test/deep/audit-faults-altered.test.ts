/** Faults 1 to 4 and 10 to 17: someone alters a seat's log on its disk. Real store files; each fault is asserted by name. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storePaths } from '../../agent/store/incarnation.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { NOTE_ED25519, noteVerifier } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { check, entryOf, putEntry, tamper } from '../audit/check.ts';
import { resealHistory } from '../audit/reseal.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

/** Three epochs: events 1 to 20, 22 to 61 and 63 to 102; the openers are 0, 21 and 62. */
async function record(target: StoreKit = seat): Promise<void> {
  const store = await target.open();
  for (const count of [20, 40, 40]) {
    await Promise.all(Array.from({ length: count }, (_, at) => store.append(lockEvent(at))));
    if (store.position().size < 100) await store.newEpoch('wake');
  }
  await store.close();
}

test('a log that nobody touched verifies', async () => {
  await record();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
});

describe.each([0, 1, 30, 62, 70, 103])('fault 1: one bit of entry %i', (seq) => {
  test.each(['in what is sealed', 'in its link', 'in its time'])('%s: named by seq, nothing else is called wrong', async (where) => {
    await record();
    tamper(seat, (db) => {
      const bytes = entryOf(db, seq);
      const at = { 'in what is sealed': bytes.length - 1, 'in its link': 66, 'in its time': 27 }[where] ?? 0;
      bytes[at] = Number(bytes[at]) ^ 4;
      putEntry(db, seq, bytes);
    });
    // With the entry that holds the last epoch's key, or in the last block, goes what could be held against a root.
    const rest = seq === 62 || seq === 103 ? ['ENTRIES_UNVERIFIED from 63 to 103'] : [];
    expect(check(seat.storeDir, seat).faults).toEqual([`ENTRY_ALTERED entry ${seq}`, ...rest]);
  });
});

test('fault 1: the rest is still checked behind a flipped bit', async () => {
  await record();
  tamper(seat, (db) => {
    for (const seq of [5, 40, 90]) {
      const bytes = entryOf(db, seq);
      bytes[200] = Number(bytes[200]) ^ 1;
      putEntry(db, seq, bytes);
    }
  });
  expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_ALTERED entry 5', 'ENTRY_ALTERED entry 40', 'ENTRY_ALTERED entry 90']);
});

test('fault 2: middle rows deleted', async () => {
  await record();
  tamper(seat, (db) => db.exec('DELETE FROM entry WHERE seq BETWEEN 30 AND 36 OR seq = 70'));
  expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_MISSING from 30 to 36', 'ENTRY_MISSING entry 70']);
});

test('fault 3: two rows swapped', async () => {
  await record();
  tamper(seat, (db) => {
    const [a, b] = [entryOf(db, 30), entryOf(db, 50)];
    putEntry(db, 30, b);
    putEntry(db, 50, a);
  });
  expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_REORDERED entry 30', 'ENTRY_REORDERED entry 50']);
});

test('fault 4: a row put in twice', async () => {
  await record();
  tamper(seat, (db) => putEntry(db, 50, entryOf(db, 30)));
  expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_DUPLICATE entry 50']);
});

test('fault 4: a copy of a row behind the end', async () => {
  await record();
  tamper(seat, (db) => putEntry(db, 104, entryOf(db, 30)));
  expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_DUPLICATE entry 104', 'UNSIGNED_TAIL entry 104']);
});

test('fault 10: the entry of another seat', async () => {
  const other = await storeKit();
  try {
    await record();
    await record(other);
    tamper(other, (foreign) => tamper(seat, (db) => putEntry(db, 30, entryOf(foreign, 30))));
    expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_FOREIGN entry 30']);
  } finally {
    await other.remove();
  }
});

test('fault 11: old history rewritten whole and sealed again with the present key', async () => {
  await record();
  await resealHistory(seat, 10, 104);
  const { faults } = check(seat.storeDir, seat);
  expect(faults).toContain('CHECKPOINT_RESEALED epoch 0');
  expect(faults).toContain('CHECKPOINT_RESEALED epoch 1');
  expect(faults).toContain('ANCHOR_FORKED from 0 to 103');
});

test('fault 12: an epoch is missing', async () => {
  await record();
  tamper(seat, (db) => db.exec('DELETE FROM entry WHERE seq BETWEEN 21 AND 61; DELETE FROM kept WHERE epoch = 1'));
  const { faults } = check(seat.storeDir, seat);
  expect(faults).toContain('ENTRY_MISSING from 21 to 61');
  expect(faults).toContain('EPOCH_MISSING epoch 1');
});

test('fault 12: an epoch that the one before it did not certify', async () => {
  await record();
  tamper(seat, (db) => db.exec('DELETE FROM kept WHERE epoch = 0 AND size > 1'));
  expect(check(seat.storeDir, seat).faults).toEqual(['EPOCH_UNCERTIFIED epoch 1']);
});

test('fault 13: an unsigned tail', async () => {
  await record();
  tamper(seat, (db) => {
    const forged = entryOf(db, 103);
    forged.writeUInt32BE(104, 20);
    putEntry(db, 104, forged);
  });
  expect(check(seat.storeDir, seat).faults).toEqual(expect.arrayContaining(['UNSIGNED_TAIL entry 104']));
});

test('fault 13: no signed head at all', async () => {
  await record();
  tamper(seat, (db) => db.exec('DELETE FROM head'));
  expect(check(seat.storeDir, seat).faults).toEqual(['HEAD_MISSING']);
});

test('fault 14: a wrong verification key always fails', async () => {
  await record();
  const key = noteVerifier(nodeCrypto, {
    name: seat.logKey.name,
    type: NOTE_ED25519,
    publicKey: nodeCrypto.signer(nodeCrypto.random(32)).publicKey,
  });
  expect(check(seat.storeDir, seat, { key }).faults).toEqual(['KEY_MISMATCH']);
});

test('fault 15: the time in a header is edited', async () => {
  await record();
  tamper(seat, (db) => {
    const bytes = entryOf(db, 40);
    bytes.writeBigUInt64BE(bytes.readBigUInt64BE(24) - 3_600_000_000n, 24);
    putEntry(db, 40, bytes);
  });
  expect(check(seat.storeDir, seat).faults).toEqual(['ENTRY_ALTERED entry 40']);
});

test('fault 16: a forged index changes no verdict, and is computed again from verified entries', async () => {
  await record();
  tamper(seat, (db) => db.prepare('UPDATE node SET hash = ?').run(Buffer.alloc(32, 7)));
  expect(check(seat.storeDir, seat).faults).toEqual([]);
  const store = await seat.open();
  expect(store.findings.map((fault) => fault.code)).toEqual(['INDEX_FORGED']);
  expect(store.position().size).toBe(106);
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
});

test('fault 17: a second process opens the store', async () => {
  const store = await seat.open();
  const program = join(import.meta.dirname, '..', 'audit', 'open-database.ts');
  const other = spawnSync(process.execPath, [program, storePaths(seat.storeDir).db], { encoding: 'utf8' });
  expect(other.stdout.trim()).toBe('AUDIT_STORE_LOCKED');
  expect((await store.append(lockEvent(1))).seq).toBe(1);
  await store.close();
});

describe('evidence', () => {
  test('verifying writes nothing to the folder', async () => {
    await record();
    const before = listing();
    check(seat.storeDir, seat);
    expect(listing()).toEqual(before);
  });

  test('a file that is not ours is refused with a code and left as it was', async () => {
    const path = join(seat.dir, 'other.db');
    copyFileSync(process.execPath, path);
    writeFileSync(path, 'SQLite format 3\u0000 but no more than that');
    const before = readFileSync(path);
    expect(() => check(path, seat)).toThrow(expect.objectContaining({ code: 'AUDIT_STORE_FOREIGN' }));
    expect(readFileSync(path)).toEqual(before);
  });

  function listing(): readonly string[] {
    return readdirSync(seat.storeDir).map((name) => `${name} ${nodeCrypto.sha256(readFileSync(join(seat.storeDir, name))).toString()}`);
  }
});

test('the head note of a store carries its origin', async () => {
  const store = await seat.open();
  expect(parseCheckpoint(store.checkpoint()).checkpoint.origin).toContain(store.position().incarnation);
  await store.close();
});
