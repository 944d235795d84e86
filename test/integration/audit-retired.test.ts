/** Logs that were replaced: what of them has no receipt is offered, and their files go only for room and after a receipt. */
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storePaths } from '../../agent/store/incarnation.ts';
import type { AuditStore } from '../../agent/store/index.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { formatNote, parseVerifierKey, signNote, verifyNote } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { check, tamper } from '../audit/check.ts';
import { lockEvent, type StoreKit, storeKit } from '../audit/store-kit.ts';

const LIMITS = { maxBytes: 1_000_000, maxEntries: 1000 };
let seat: StoreKit;
beforeEach(async () => {
  seat = await storeKit();
});
afterEach(() => seat.remove());

const retired = (): readonly string[] => readdirSync(seat.storeDir).filter((name) => /^retired-.*\.db$/.test(name));

async function receiptNow(store: AuditStore): Promise<number> {
  const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
  expect(await store.applyReceipt(seat.receipt(store, size, root))).toMatchObject({ outcome: 'accepted' });
  return size;
}

/** Ten events with a receipt and ten without, then the signing key is lost. Answers the log's name and what was receipted. */
async function loseKeys(): Promise<{ readonly incarnation: string; readonly receipted: number }> {
  const store = await seat.open();
  for (let at = 0; at < 10; at += 1) await store.append(lockEvent(at));
  const receipted = await receiptNow(store);
  for (let at = 10; at < 20; at += 1) await store.append(lockEvent(at));
  const { incarnation } = store.position();
  await store.close();
  dropKeys();
  return { incarnation, receipted };
}

function dropKeys(): void {
  for (const name of readdirSync(join(seat.dir, 'keys'))) if (name.startsWith('epoch-')) rmSync(join(seat.dir, 'keys', name));
}

/** Sends a replaced log whole, batch by batch, as the syncer does, and receipts what a server that believes it would. */
async function sendAll(store: AuditStore, incarnation: string): Promise<number> {
  let sent = 0;
  for (;;) {
    const log = store.logs().find((other) => other.incarnation === incarnation);
    if (log === undefined) return sent;
    const batch = store.readFrom(log.receiptedSize, LIMITS, incarnation);
    expect(batch.entries.length).toBeGreaterThan(0);
    sent += batch.entries.length;
    const { size, root } = parseCheckpoint(batch.checkpoint).checkpoint;
    expect(size).toBe(log.receiptedSize + batch.entries.length);
    expect(await store.applyReceipt(seat.receipt(store, size, root, incarnation))).toMatchObject({ outcome: 'accepted' });
  }
}

test('the tail of a log that was replaced is offered until its receipt, over a restart too', async () => {
  const { incarnation, receipted } = await loseKeys();
  const store = await seat.open();
  expect(store.findings.map(({ code }) => code)).toEqual(['KEYS_LOST']);
  expect(store.logs()).toEqual([store.position(), { incarnation, size: 22, receiptedSize: receipted }]);
  expect(store.status().retiredUnreceipted).toBe(22 - receipted);
  const before = check(join(seat.storeDir, retired()[0] ?? ''), seat, { receiptKeys: [seat.mirrorKey] });
  await store.close();
  const again = await seat.open();
  expect(await sendAll(again, incarnation)).toBe(22 - receipted);
  expect(again.logs()).toEqual([again.position()]);
  expect(again.status().retiredUnreceipted).toBe(0);
  await again.close();
  expect(check(join(seat.storeDir, retired()[0] ?? ''), seat, { receiptKeys: [seat.mirrorKey] })).toEqual(before);
  const last = await seat.open();
  expect(last.logs()).toEqual([last.position()]);
  await last.close();
});

test("its head goes up under the log key, by which a server that lost entries tells it from one that is made up; the file's stays as it was", async () => {
  const { incarnation, receipted } = await loseKeys();
  const store = await seat.open();
  const names = (note: string) => parseCheckpoint(note).note.signatures.map(({ name }) => name);
  const { checkpoint } = store.readFrom(receipted, LIMITS, incarnation);
  expect(parseCheckpoint(checkpoint).checkpoint.size).toBe(22);
  expect(verifyNote(parseCheckpoint(checkpoint).note, parseVerifierKey(nodeCrypto, store.logKey))).toBe(true);
  expect(names(checkpoint)).toHaveLength(2);
  await store.close();
  const db = new Database(join(seat.storeDir, retired()[0] ?? ''), { readonly: true });
  expect(names(String(db.prepare('SELECT note FROM head').pluck().get()))).toEqual(names(checkpoint).slice(1));
  db.close();
});

test('the log key signs no head that the keys of that log do not prove: of a key of its own, or over an entry that was exchanged', async () => {
  for (const spoil of [
    (db: Database.Database) => {
      const head = String(db.prepare('SELECT note FROM head').pluck().get());
      const { text, signatures } = parseCheckpoint(head).note;
      const stranger = { name: signatures[0]?.name ?? '', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
      db.prepare('UPDATE head SET note = ?').run(formatNote(signNote(nodeCrypto, text, [stranger])));
    },
    (db: Database.Database) => {
      const [seq] = db.prepare('SELECT max(size) - 1 FROM kept').pluck().all();
      const other = db.prepare('SELECT bytes FROM entry WHERE seq = 1').pluck().get();
      db.prepare('UPDATE entry SET bytes = ? WHERE seq = ?').run(other, seq);
    },
    (db: Database.Database) => db.exec('DELETE FROM kept'),
  ]) {
    const { incarnation } = await loseKeys();
    tamper(seat, spoil);
    const store = await seat.open();
    const { size = 0 } = store.logs().find((log) => log.incarnation === incarnation) ?? {};
    const { checkpoint } = store.readFrom(size - 1, LIMITS, incarnation);
    expect(parseCheckpoint(checkpoint).checkpoint.size).toBe(size);
    expect(parseCheckpoint(checkpoint).note.signatures).toHaveLength(1);
    await store.close();
    rmSync(seat.storeDir, { recursive: true, force: true });
  }
});

test('its file goes when room is needed, and never before the receipt over its last entry', async () => {
  const { incarnation } = await loseKeys();
  const store = await seat.open({ capacityBytes: 200_000 });
  expect(store.status().recording).toBe('ok');
  await receiptNow(store);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(retired()).toHaveLength(1);
  await sendAll(store, incarnation);
  await store.append(lockEvent(1));
  await receiptNow(store);
  await expect.poll(retired).toEqual([]);
  await store.append(lockEvent(2));
  await store.close();
  expect(check(seat.storeDir, seat).faults).toEqual([]);
});

test('of an older copy the server holds more: that is no new alarm, nothing is sent again, and the file stays', async () => {
  const store = await seat.open();
  for (let at = 0; at < 10; at += 1) await store.append(lockEvent(at));
  const copy = join(seat.dir, 'copy.db');
  await store.snapshot(copy);
  for (let at = 0; at < 10; at += 1) await store.append(lockEvent(at));
  const { incarnation, size } = store.position();
  const { root } = parseCheckpoint(store.checkpoint()).checkpoint;
  await store.close();
  const { db } = storePaths(seat.storeDir);
  rmSync(`${db}-wal`, { force: true });
  copyFileSync(copy, db);
  const again = await seat.open({ capacityBytes: 200_000 });
  expect(again.findings.map(({ code }) => code)).toEqual(['ANCHOR_AHEAD']);
  expect(again.logs().map((log) => log.incarnation)).toEqual([again.position().incarnation, incarnation]);
  expect(await again.applyReceipt(seat.receipt(again, size, root, incarnation))).toMatchObject({ outcome: 'accepted' });
  expect(again.findings.map(({ code }) => code)).toEqual(['ANCHOR_AHEAD']);
  expect(again.logs()).toEqual([again.position()]);
  await receiptNow(again);
  await again.close();
  expect(retired()).toHaveLength(1);
});

test('of a damaged log nothing is handed out that is not there, and what no key fits is refused', async () => {
  const { incarnation } = await loseKeys();
  tamper(seat, (db) => db.exec('DELETE FROM entry WHERE seq = 15'));
  const store = await seat.open();
  const [, log] = store.logs();
  expect(log).toMatchObject({ incarnation, receiptedSize: 11 });
  expect(() => store.readFrom(11, LIMITS, incarnation)).toThrow(expect.objectContaining({ code: 'AUDIT_RANGE_UNAVAILABLE' }));
  const root = new Uint8Array(32);
  expect(await store.applyReceipt(seat.receipt(store, 22, root, incarnation))).toMatchObject({
    outcome: 'refused',
    code: 'AUDIT_RECEIPT_REFUSED',
  });
  await store.close();
});

test('a log that contradicts its own receipt is evidence: no need of room takes its file', async () => {
  const store = await seat.open();
  for (let at = 0; at < 10; at += 1) await store.append(lockEvent(at));
  await store.close();
  tamper(seat, (db) => {
    const size = Number(db.prepare('SELECT max(seq) + 1 FROM entry').pluck().get());
    db.prepare('INSERT INTO receipt VALUES (0, ?, ?)').run(size, seat.receipt(store, size, new Uint8Array(32)));
  });
  const again = await seat.open({ capacityBytes: 200_000 });
  expect(again.findings.map(({ code }) => code)).toEqual(['RECEIPT_FORKED']);
  expect(again.status().retiredUnreceipted).toBeGreaterThan(0);
  await receiptNow(again);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await again.close();
  expect(retired()).toHaveLength(1);
});

test('of many replaced logs eight are offered at a time, and each that has its receipt lets the next one in', async () => {
  const incarnations: string[] = [];
  for (let life = 0; life < 10; life += 1) {
    const store = await seat.open();
    incarnations.push(store.position().incarnation);
    await store.close();
    dropKeys();
  }
  const offered = (store: AuditStore): readonly string[] =>
    store
      .logs()
      .slice(1)
      .map(({ incarnation }) => incarnation);
  const store = await seat.open();
  expect(offered(store)).toEqual(incarnations.slice(0, 8));
  await sendAll(store, incarnations[3] ?? '');
  expect(offered(store)).toEqual(incarnations.slice(0, 9).filter((name) => name !== incarnations[3]));
  await store.close();
  const again = await seat.open();
  expect(offered(again)).toEqual(incarnations.slice(0, 9).filter((name) => name !== incarnations[3]));
  for (const name of incarnations) await sendAll(again, name);
  expect(offered(again)).toEqual([]);
  expect(again.status().retiredUnreceipted).toBe(0);
  await again.close();
});
