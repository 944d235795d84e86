/** Two threads answer what one answers, for a sound log and for each place at which one may be damaged. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStoreFolder } from '../../agent/store/evidence.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { type StoredSummary, verifyStored } from '../../agent/store/verify-stored.ts';
import { formatCheckpoint, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { cosign } from '../../core/audit/cosignature.ts';
import { formatNote, NOTE_COSIGNATURE, type NoteVerifier, noteVerifier } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { entryOf, nameOf, putEntry, tamper } from '../audit/check.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

const EVENTS = 9000;
const GROUP = 500;
let seat: StoreKit;
/** Where the halves meet: the kept checkpoint nearest the middle. */
let cut = 0;

beforeAll(async () => {
  seat = await storeKit();
  const store = await seat.open();
  for (let at = 0; at < EVENTS; at += GROUP) await Promise.all(Array.from({ length: GROUP }, (_, of) => store.append(lockEvent(at + of))));
  await store.newEpoch('wake');
  await store.append(lockEvent(EVENTS));
  await store.close();
  tamper(seat, (db) => {
    cut = Number(
      db
        .prepare('SELECT size FROM kept ORDER BY abs(size - ?) LIMIT 1')
        .pluck()
        .get(EVENTS / 2),
    );
  });
}, 60_000);

afterAll(() => seat.remove());

const db = (): string => storePaths(seat.storeDir).db;

interface Other {
  readonly receiptKeys?: readonly NoteVerifier[];
  /** Where the second thread looks for the log. */
  readonly file?: string;
}

async function verified(
  threads: 1 | 2,
  { receiptKeys = [], file }: Other = {},
): Promise<{ readonly summary: StoredSummary; readonly faults: readonly string[] }> {
  const evidence = openStoreFolder(seat.storeDir, nodeCrypto);
  try {
    const [source] = evidence.sources;
    if (source === undefined) throw new RangeError('no log');
    const faults: string[] = [];
    const keys = { logKey: seat.logKey, receiptKeys };
    const options = { threads, minEntries: 1000 };
    const summary = await verifyStored(
      nodeCrypto,
      {
        stored: { ...evidence.stored, file: file ?? evidence.stored.file },
        source,
        keys,
        onFault: (fault) => void faults.push(nameOf(fault)),
      },
      options,
    );
    return { summary, faults };
  } finally {
    evidence.close();
  }
}

test('a sound log is verified by two threads, with the summary of one', async () => {
  const one = await verified(1);
  const two = await verified(2);
  expect(two.faults).toEqual([]);
  expect(two.summary.threads).toBe(2);
  expect({ ...two.summary, threads: 1 }).toEqual(one.summary);
});

test.each([
  ['an entry of the lower half', -100],
  ['an entry of the upper half', 100],
  ['the entry that opens the epoch at the cut', -1],
  ['the first entry behind the cut', 0],
])('fault 1: one bit of %s flipped is named by two threads as by one', async (_what, away) => {
  const seq = cut + away;
  let before: Uint8Array = new Uint8Array(0);
  tamper(seat, (db) => {
    before = entryOf(db, seq);
    const changed = Uint8Array.from(before);
    changed[120] = Number(changed[120]) ^ 1;
    putEntry(db, seq, changed);
  });
  try {
    const one = await verified(1);
    const two = await verified(2);
    expect(one.faults).toContain(`ENTRY_ALTERED entry ${seq}`);
    expect(two.faults).toEqual(one.faults);
    expect(two.summary).toEqual(one.summary);
  } finally {
    tamper(seat, (db) => putEntry(db, seq, before));
  }
});

test.each([
  ['the signature of the checkpoint at the cut', "UPDATE kept SET note = replace(note, 'A', 'B') WHERE size = $cut"],
  [
    'the checkpoint at the cut, which is another one',
    'UPDATE kept SET note = (SELECT note FROM kept WHERE size > $cut LIMIT 1) WHERE size = $cut',
  ],
  ['the epoch beside the checkpoint at the cut', 'UPDATE kept SET epoch = epoch + 1 WHERE size = $cut'],
  ['the checkpoint behind the cut, which is gone', 'DELETE FROM kept WHERE size = (SELECT min(size) FROM kept WHERE size > $cut)'],
  ['the checkpoint before the cut, which is gone', 'DELETE FROM kept WHERE size = (SELECT max(size) FROM kept WHERE size < $cut)'],
  ['the entry before the cut, which is gone', 'DELETE FROM entry WHERE seq = $cut - 1'],
  ['the entry at the cut, which is gone', 'DELETE FROM entry WHERE seq = $cut'],
  ['the end, which is gone', 'DELETE FROM entry WHERE seq > $cut + 1000'],
  ['the head, which is gone', 'DELETE FROM head'],
  ['a receipt by another key', 'INSERT INTO receipt VALUES (0, $cut, (SELECT note FROM kept WHERE size = $cut))'],
])('what is wrong with %s is named by two threads as by one', async (_what, sql) => {
  const sound = readFileSync(db());
  tamper(seat, (log) => void log.prepare(sql).run(sql.includes('$cut') ? { cut } : {}));
  try {
    const receiptKeys = [seat.mirrorKey];
    const one = await verified(1, { receiptKeys });
    const two = await verified(2, { receiptKeys });
    if (!sql.includes('epoch + 1')) expect(one.faults).not.toEqual([]);
    expect(two.faults).toEqual(one.faults);
    expect(two.summary).toEqual(one.summary);
  } finally {
    writeFileSync(db(), sound);
  }
});

test('a second thread that dies leaves the first to verify all of it', async () => {
  const one = await verified(1);
  const two = await verified(2, { file: join(seat.dir, 'nothing') });
  expect(two).toEqual(one);
});

test('fault 16: a stored hash that was forged is believed by neither thread', async () => {
  const forge = (flip: boolean): void =>
    tamper(
      seat,
      (db) => void db.prepare('UPDATE node SET hash = ? WHERE level = 5 AND idx = 20').run(flip ? Buffer.alloc(32, 1) : original),
    );
  let original: unknown;
  tamper(seat, (db) => {
    original = db.prepare('SELECT hash FROM node WHERE level = 5 AND idx = 20').pluck().get();
  });
  forge(true);
  try {
    const one = await verified(1);
    const two = await verified(2);
    expect(two.faults).toEqual(one.faults);
    expect({ ...two.summary, threads: 1 }).toEqual(one.summary);
  } finally {
    forge(false);
  }
});

test('what the witness cosigned is held against the half that it ends in, and what it contradicts has the same name in two threads as in one', async () => {
  const witness = { name: 'wardlock/test/witness', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  const receiptKeys = [noteVerifier(nodeCrypto, { name: witness.name, type: NOTE_COSIGNATURE, publicKey: witness.signer.publicKey })];
  const path = storePaths(seat.storeDir).witnessed;
  const keep = (text: string): void => writeFileSync(path, formatNote({ text, signatures: [cosign(nodeCrypto, text, witness, 5)] }));
  const marks: string[] = [];
  tamper(seat, (log) => {
    for (const newest of ['SELECT note FROM kept ORDER BY size DESC LIMIT 1', 'SELECT note FROM head']) {
      marks.push(String(log.prepare(newest).pluck().get()));
    }
    marks.push(String(log.prepare('SELECT note FROM kept WHERE size = ?').pluck().get(cut)));
  });
  try {
    for (const note of marks) {
      const { note: signed, checkpoint } = parseCheckpoint(note);
      keep(signed.text);
      const { summary, faults } = await verified(2, { receiptKeys });
      expect([faults, summary.threads, summary.witnessed]).toEqual([[], 2, checkpoint.size]);
      keep(formatCheckpoint({ ...checkpoint, root: nodeCrypto.random(32) }));
      for (const threads of [1, 2] as const) {
        expect((await verified(threads, { receiptKeys })).faults).toEqual([`RECEIPT_FORKED from 0 to ${checkpoint.size - 1}`]);
      }
    }
  } finally {
    rmSync(path, { force: true });
  }
});
