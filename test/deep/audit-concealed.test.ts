/**
 * Faults 1, 2, 5, 11 and 13 where whoever has the disk hides one thing behind another: a loss behind pruning, a rewritten history
 * behind one flipped bit, an epoch of their own behind its missing certification. Real stores, by one thread and by two.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStoreFolder } from '../../agent/store/evidence.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { verifyStored } from '../../agent/store/verify-stored.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { cosign } from '../../core/audit/cosignature.ts';
import { openEpochSecret } from '../../core/audit/epoch.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { formatNote, NOTE_COSIGNATURE, type NoteVerifier, noteVerifier } from '../../core/audit/note.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { nameOf, tamper } from '../audit/check.ts';
import { appendEpoch, entriesOf, flip, index, openings, pretendPruned, rewrite } from '../audit/disk-owner.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

let seat: StoreKit;
/** Where epochs begin. */
let begins: readonly number[] = [];
let size = 0;

beforeEach(async () => {
  seat = await storeKit();
  const store = await seat.open();
  for (const count of [20, 200, 300, 300, 100]) {
    await Promise.all(Array.from({ length: count }, (_, at) => store.append(lockEvent(at))));
    await store.newEpoch('wake');
  }
  await Promise.all(Array.from({ length: 50 }, (_, at) => store.append(lockEvent(at))));
  await store.close();
  begins = openings(seat);
  size = entriesOf(seat);
});
afterEach(() => seat.remove());

interface Given {
  /** The log key is given too, as most verifiers will have it. */
  readonly withLogKey?: boolean;
}

/** What one thread finds, which must be what two find. */
async function verified(receiptKeys: readonly NoteVerifier[] = [], { withLogKey = true }: Given = {}): Promise<readonly string[]> {
  const keys = { logKey: withLogKey ? seat.logKey : undefined, receiptKeys };
  const answers: (readonly string[])[] = [];
  for (const threads of [1, 2]) {
    const evidence = openStoreFolder(seat.storeDir, nodeCrypto);
    try {
      const [source] = evidence.sources;
      if (source === undefined) throw new RangeError('no log');
      const faults: string[] = [];
      const onFault = (fault: Fault): void => void faults.push(nameOf(fault));
      await verifyStored(nodeCrypto, { stored: evidence.stored, source, keys, onFault }, { threads, minEntries: 100 });
      answers.push(faults);
    } finally {
      evidence.close();
    }
  }
  const [one = [], two = []] = answers;
  expect(two).toEqual(one);
  return one;
}

/** The places of the events that a reader would be shown. */
function shown(): readonly number[] {
  const evidence = openStoreFolder(seat.storeDir, nodeCrypto);
  const waiting: number[] = [];
  const places: number[] = [];
  try {
    const [source] = evidence.sources;
    if (source === undefined) throw new RangeError('no log');
    const run = verifyLog(nodeCrypto, source, {
      logKey: seat.logKey,
      openSecret: (entry, header) => openEpochSecret(nodeCrypto, entry, header, seat.readerKey),
      onEvent: ({ seq }) => void waiting.push(seq),
      onVerified: (upTo) => {
        while (Number(waiting[0]) < upTo) places.push(Number(waiting.shift()));
      },
    });
    while (run.next().done !== true);
    return places;
  } finally {
    evidence.close();
  }
}

function receiptOver(stated: number, by = seat.mirror): void {
  tamper(seat, (db) => {
    const note = String(db.prepare('SELECT note FROM kept WHERE size = ?').pluck().get(stated));
    const { text } = parseCheckpoint(note).note;
    const receipt = formatNote({ text, signatures: [cosign(nodeCrypto, text, by, 5)] });
    db.prepare('INSERT OR REPLACE INTO receipt VALUES (0, ?, ?)').run(stated, receipt);
  });
}

const opening = (at: number): number => begins[at] ?? Number.NaN;

test('a store that nobody touched has no fault', async () => {
  expect(await verified()).toEqual([]);
  receiptOver(opening(3) + 1);
  expect(await verified([seat.mirrorKey])).toEqual([]);
  expect(shown()).toHaveLength(971);
});

describe('fault 5: history that is taken away and called pruned', () => {
  test.each([0, 1, 4])('is not proven where no receipt covers it (up to the opening of epoch %i)', async (at) => {
    pretendPruned(seat, opening(at));
    const unproven = `PRUNED_UNPROVEN from 0 to ${opening(at) - 1}`;
    expect(await verified()).toEqual([unproven]);
    expect(await verified([seat.mirrorKey])).toEqual([unproven]);
    expect(await verified([seat.mirrorKey], { withLogKey: false })).toEqual(['RECEIPT_MISSING', unproven]);
  });

  test('is not proven by a receipt that ends below it, nor by one of another key, nor by the word of the witness', async () => {
    const witness = { name: 'wardlock/test/witness', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
    const witnessKey = noteVerifier(nodeCrypto, { name: witness.name, type: NOTE_COSIGNATURE, publicKey: witness.signer.publicKey });
    receiptOver(opening(0) + 1);
    const early = readFileSync(storePaths(seat.storeDir).db);
    const unproven = `PRUNED_UNPROVEN from 0 to ${opening(2) - 1}`;
    pretendPruned(seat, opening(2));
    expect(await verified([seat.mirrorKey])).toEqual([unproven]);
    writeFileSync(storePaths(seat.storeDir).db, early);
    receiptOver(opening(3) + 1, witness);
    pretendPruned(seat, opening(2));
    expect(await verified([witnessKey])).toEqual([unproven]);
    expect(await verified([witnessKey, seat.mirrorKey])).toEqual([`RECEIPT_SIGNATURE`, unproven]);
  });

  test('is proven by a receipt over it, in whichever half that lies; a log key alone says that it takes the mirror', async () => {
    for (const at of [3, 4]) receiptOver(opening(at) + 1);
    pretendPruned(seat, opening(1));
    expect(await verified([seat.mirrorKey])).toEqual([]);
    expect(await verified()).toEqual([`PRUNED_UNPROVEN from 0 to ${opening(1) - 1}`]);
    receiptOver(opening(2) + 1);
    expect(await verified([seat.mirrorKey])).toEqual([]);
    const store = await seat.open();
    expect(store.findings).toEqual([]);
    await store.close();
  });

  test.each([0, 4])('is an alarm at the next start, and a new log (up to the opening of epoch %i)', async (at) => {
    pretendPruned(seat, opening(at));
    const store = await seat.open();
    expect(store.findings.map(nameOf)).toEqual([`PRUNED_UNPROVEN from 0 to ${opening(at) - 1}`]);
    expect(store.position().size).toBeLessThan(10);
    await store.close();
  });

  test('an anchor that is older than what was pruned is said to say nothing', async () => {
    const anchor = readFileSync(storePaths(seat.storeDir).anchor);
    const store = await seat.open();
    await store.newEpoch('wake');
    await store.append(lockEvent(1));
    await store.close();
    begins = openings(seat);
    const last = Number(begins.at(-1));
    receiptOver(last + 1);
    pretendPruned(seat, last);
    writeFileSync(storePaths(seat.storeDir).anchor, anchor);
    expect(await verified([seat.mirrorKey])).toEqual(['ANCHOR_MISSING']);
    const again = await seat.open();
    expect(again.findings.map(nameOf)).toEqual(['ANCHOR_MISSING']);
    expect(again.position().size).toBeGreaterThan(last);
    await again.close();
  });
});

describe.each(['gone', 'forged'] as const)('one named fault speaks for no other, with the stored hashes %s', (how) => {
  test('fault 1: behind one flipped bit everything from entry 150 on is another', async () => {
    flip(seat, 5);
    rewrite(seat, 150);
    index(seat, how);
    expect(await verified()).toEqual(['ENTRY_ALTERED entry 5', `ENTRIES_UNVERIFIED from 1 to ${size - 1}`]);
    expect(shown()).toEqual([]);
  });

  test('fault 2: the same behind a missing entry', async () => {
    rewrite(seat, 150);
    index(seat, how);
    tamper(seat, (db) => db.exec('DELETE FROM entry WHERE seq = 5'));
    const { length } = (await verified()).filter((line) => /^ENTRY_MISSING entry 5$|^ENTRIES_UNVERIFIED from 1 to /.test(line));
    expect(length).toBe(2);
  });

  test('fault 1: a receipt that can no longer be held against the entries is said to be that', async () => {
    receiptOver(opening(2) + 1);
    flip(seat, 5);
    rewrite(seat, 150);
    index(seat, how);
    expect(await verified([seat.mirrorKey])).toEqual(['ENTRY_ALTERED entry 5', `ENTRIES_UNVERIFIED from 1 to ${size - 1}`]);
    receiptOver(opening(2) + 1);
    tamper(seat, (db) => {
      const text = parseCheckpoint(String(db.prepare('SELECT note FROM receipt').pluck().get())).note.text.replace(/^(\d+)$/m, '400');
      const note = formatNote({ text, signatures: [cosign(nodeCrypto, text, seat.mirror, 5)] });
      db.prepare('UPDATE receipt SET size = 400, note = ?').run(note);
    });
    expect(await verified([seat.mirrorKey])).toContain('ENTRIES_UNVERIFIED from 0 to 399');
  });
});

test('fault 1: a bit that is flipped just before a closing checkpoint is named alone: the hashes stored for that lead around it', async () => {
  for (const seq of [5, opening(0) - 2, opening(1) - 3]) flip(seat, seq);
  expect(await verified()).toEqual([5, opening(0) - 2, opening(1) - 3].map((seq) => `ENTRY_ALTERED entry ${seq}`));
  expect(shown().at(-1)).toBe(size - 1);
});

describe.each(['left out', 'forged'] as const)(
  'fault 13: an epoch of somebody with the disk and the public keys, its certificate %s',
  (closing) => {
    test('is named, is under no root that counts, and none of it is shown', async () => {
      const before = shown();
      const first = appendEpoch(seat, ['{"type":"session.locked","body":{}}', '{"type":"forged","body":{}}'], closing);
      const named = await verified();
      expect(named).toEqual(expect.arrayContaining([expect.stringMatching(/^EPOCH_UNCERTIFIED|^CHECKPOINT_SIGNATURE/)]));
      expect(named).toEqual(expect.arrayContaining([expect.stringMatching(new RegExp(`^ENTRIES_UNVERIFIED from \\d+ to ${first + 2}$`))]));
      expect(shown().every((seq) => seq < first)).toBe(true);
      expect(shown().length).toBeLessThanOrEqual(before.length);
    });
  },
);
