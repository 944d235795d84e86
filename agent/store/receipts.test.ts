/** What lies in the store as its receipt is judged at each start: whoever has the disk can write it. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatCheckpoint, logOrigin, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { cosign } from '../../core/audit/cosignature.ts';
import { formatNote } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { tamper } from '../../test/audit/check.ts';
import { fillEpochs, lockEvent, type StoreKit, storeKit } from '../../test/audit/store-kit.ts';
import { storePaths } from './incarnation.ts';
import type { AuditStore } from './index.ts';

/** Small enough that a thousand events fill it by half. */
const CAPACITY = 1024 * 1024;

let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

/** A closed store of which so many entries are receipted, and more are not. */
async function closedStore(epochs = 1): Promise<number> {
  const store = await seat.open();
  await fillEpochs(store, epochs);
  const size = await seat.receipted(store);
  await fillEpochs(store, 1);
  await store.close();
  return size;
}

function isThere(store: AuditStore, seq: number): boolean {
  try {
    return store.readFrom(seq, { maxBytes: 1, maxEntries: 1 }).entries.length === 1;
  } catch (error) {
    expect(error).toMatchObject({ code: 'AUDIT_RANGE_UNAVAILABLE' });
    return false;
  }
}

const codes = (store: AuditStore): readonly string[] => store.findings.map(({ code }) => code);
const setSize = (size: number): void => tamper(seat, (db) => void db.prepare('UPDATE receipt SET size = ?').run(size));
const setNote = (note: string): void => tamper(seat, (db) => void db.prepare('UPDATE receipt SET note = ?').run(note));

/** The mirror's own words about this log, over as many entries as asked. */
function byMirror(store: AuditStore, size: number): string {
  const incarnation = new Uint8Array(Buffer.from(store.position().incarnation, 'hex'));
  const text = formatCheckpoint({ origin: logOrigin({ workstation: seat.workstation, incarnation }), size, root: new Uint8Array(32) });
  return formatNote({ text, signatures: [cosign(nodeCrypto, text, seat.mirror, 5)] });
}

test.each([999_999, 0, 1])('a size of %i beside a valid receipt counts for nothing and is named', async (size) => {
  const receiptedSize = await closedStore();
  setSize(size);
  const again = await seat.open();
  expect(again.position()).toMatchObject({ receiptedSize });
  expect(codes(again)).toEqual(['RECEIPT_SIGNATURE']);
  expect(again.findings[0]?.detail).toBe(`The store says that ${size} entries are receipted; what is signed covers ${receiptedSize}.`);
  // The next receipt is taken, and the one after finds nothing wrong.
  const next = await seat.receipted(again);
  await again.acknowledge(null);
  await again.close();
  const last = await seat.open();
  expect(last.findings).toEqual([]);
  expect(last.position().receiptedSize).toBe(next);
  await last.close();
});

test('nothing without a receipt is pruned, whatever size stands beside the last one', async () => {
  const receiptedSize = await closedStore(5);
  setSize(999_999);
  const again = await seat.open({ capacityBytes: CAPACITY });
  await fillEpochs(again, 6);
  // What has a receipt makes room, and nothing after it.
  await expect.poll(() => isThere(again, 0)).toBe(false);
  expect(isThere(again, receiptedSize)).toBe(true);
  expect(again.status().unreceipted).toBe(again.position().size - receiptedSize);
  await again.close();
});

test('the receipt in the anchor counts where the row does not, and the row is named', async () => {
  const receiptedSize = await closedStore();
  const stranger = { name: seat.mirror.name, signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  tamper(seat, (db) => {
    const { text } = parseCheckpoint(String(db.prepare('SELECT note FROM receipt').pluck().get())).note;
    db.prepare('UPDATE receipt SET note = ?').run(formatNote({ text, signatures: [cosign(nodeCrypto, text, stranger, 5)] }));
  });
  const again = await seat.open();
  expect(codes(again)).toEqual(['RECEIPT_SIGNATURE']);
  expect(again.position()).toMatchObject({ receiptedSize });
  await again.close();
  rmSync(storePaths(seat.storeDir).anchor);
  const alone = await seat.open();
  expect(new Set(codes(alone))).toEqual(new Set(['RECEIPT_SIGNATURE', 'ANCHOR_MISSING']));
  expect(alone.position()).toMatchObject({ receiptedSize: 0 });
  await alone.close();
});

test.each([
  ['no text at all', () => ''],
  ['no note', () => 'a receipt'],
  ['a receipt over other entries', (store: AuditStore) => byMirror(store, 20)],
  ['a receipt over more than is there', (store: AuditStore) => byMirror(store, 999_999)],
])('with %s in its place the store opens again, and records', async (_, noteOf) => {
  await closedStore();
  const probe = await seat.open();
  const note = noteOf(probe);
  await probe.close();
  setNote(note);
  const again = await seat.open();
  expect(again.findings.length).toBeGreaterThan(0);
  expect(await again.append(lockEvent(1))).toMatchObject({ seq: expect.any(Number) });
  expect(again.status().unreceipted).toBeLessThanOrEqual(again.position().size);
  await again.close();
});
