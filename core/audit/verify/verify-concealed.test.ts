/** One fault hides no other: what no proven root covers is said to be that, and what was pruned needs its receipt. */
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog, sourceOf } from '../../../test/audit/memory-log.ts';
import { epochKeyName, formatCheckpoint, logOrigin, parseCheckpoint } from '../checkpoint.ts';
import { CompactRange } from '../compact.ts';
import { cosign } from '../cosignature.ts';
import type { Signer } from '../crypto.ts';
import { describeFault } from '../faults.ts';
import { treeHasher } from '../hasher.ts';
import { formatNote, NOTE_COSIGNATURE, noteVerifier, signNote } from '../note.ts';
import { NamedEntries } from './named-entries.ts';
import { BLOCK_LEAVES } from './recovering-tree.ts';
import type { LogSource, VerifyOptions } from './source.ts';
import { verifyLog } from './verify-log.ts';

const hasher = treeHasher(nodeCrypto);
const mirror = { name: 'mirror', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const mirrorKey = noteVerifier(nodeCrypto, { name: 'mirror', type: NOTE_COSIGNATURE, publicKey: mirror.signer.publicKey });

/** Openers at 0, 11, 52 and 56; 157 entries. */
const good = () => memoryLog({ epochs: [10, 40, 3, 100] });

function run(log: MemoryLog, change: Partial<LogSource> = {}, options: VerifyOptions = { logKey: log.logKey }) {
  const verified: number[] = [];
  const faults = [...verifyLog(nodeCrypto, sourceOf(log, change), { ...options, onVerified: (size) => void verified.push(size) })];
  return { lines: faults.map((fault) => describeFault(fault).split(':')[0] ?? ''), faults, verified: Math.max(0, ...verified) };
}

function entry(log: MemoryLog, seq: number): Uint8Array {
  return log.entries.get(seq) ?? new Uint8Array(0);
}

function flip(log: MemoryLog, ...places: readonly number[]): void {
  for (const seq of places) log.entries.set(seq, flipped(entry(log, seq), 200));
}

function rangeOf(log: MemoryLog, size: number): CompactRange {
  const range = CompactRange.empty(hasher);
  for (let seq = 0; seq < size; seq += 1) range.append(hasher.leaf(entry(log, seq)));
  return range;
}

function textAt(log: MemoryLog, size: number, root = rangeOf(log, size).root()): string {
  return formatCheckpoint({ origin: logOrigin(log.log), size, root });
}

function receipt(log: MemoryLog, size: number, root?: Uint8Array): string {
  const text = textAt(log, size, root);
  return formatNote({ text, signatures: [cosign(nodeCrypto, text, mirror, 5)] });
}

/** Signs a text as the checkpoint of an epoch, with the log key where that is wanted. */
function signed(
  log: MemoryLog,
  text: string,
  epoch: number,
  { signer = log.signers[epoch] ?? mirror.signer, withLogKey = true } = {},
): string {
  const own: { name: string; signer: Signer } = { name: epochKeyName(log.log, epoch), signer };
  return formatNote(signNote(nodeCrypto, text, withLogKey ? [{ name: log.logKey.name, signer: log.logSigner }, own] : [own]));
}

/** Changes an entry and mends every link after it. */
function rewrite(log: MemoryLog, from: number): Uint8Array {
  flip(log, from);
  for (let seq = from + 1; seq < 157; seq += 1) {
    const bytes = Uint8Array.from(entry(log, seq));
    bytes.set(hasher.leaf(entry(log, seq - 1)).slice(0, 8), 64);
    log.entries.set(seq, bytes);
  }
  return hasher.leaf(entry(log, 156)).slice(0, 8);
}

/** Stored hashes as they would be of the entries as they are now. */
function forgeIndex(log: MemoryLog): void {
  log.nodes.clear();
  const range = CompactRange.empty(hasher);
  for (let seq = 0; seq < 157; seq += 1)
    range.append(hasher.leaf(entry(log, seq)), ({ level, index, hash }) => void log.nodes.set(`${level}/${index}`, hash), 5);
}

describe('one named fault', () => {
  test('speaks for nothing that was rewritten behind it, whatever the index says', () => {
    for (const forged of [true, false]) {
      const log = good();
      flip(log, 5);
      const lastLink = rewrite(log, 70);
      if (forged) forgeIndex(log);
      const { lines, verified } = run(log, { lastLink, ...(forged ? {} : { node: () => undefined }) });
      expect(lines).toEqual(['ENTRY_ALTERED entry 5', 'ENTRIES_UNVERIFIED from 1 to 156']);
      expect(verified).toBe(1);
    }
  });

  test('just before each closing checkpoint does not hide that the present key signed another history', () => {
    const log = good();
    flip(log, 20);
    const lastLink = rewrite(log, 21);
    flip(log, 10, 51, 55);
    forgeIndex(log);
    const head = signed(log, textAt(log, 157), 3, { withLogKey: false });
    const { lines, verified } = run(log, { lastLink, head });
    expect(lines.at(-1)).toBe('ENTRIES_UNVERIFIED from 1 to 156');
    expect(verified).toBe(1);
  });

  test('of the entry that holds an epoch key leaves nothing that this key signed, until a key from outside signs again', () => {
    const last = good();
    flip(last, 56);
    expect(run(last)).toMatchObject({ lines: ['ENTRY_ALTERED entry 56', 'ENTRIES_UNVERIFIED from 57 to 156'], verified: 57 });
    const middle = good();
    flip(middle, 11);
    expect(run(middle)).toMatchObject({ lines: ['ENTRY_ALTERED entry 11'], verified: 157 });
    expect(run(middle, {}, {})).toMatchObject({ lines: ['ENTRY_ALTERED entry 11', 'ENTRIES_UNVERIFIED from 12 to 156'], verified: 12 });
    const head = good();
    const over = receipt(head, 100);
    flip(head, 56);
    const under = run(head, { receipts: [over] }, { receiptKeys: [mirrorKey] });
    expect(under).toMatchObject({ lines: ['ENTRY_ALTERED entry 56', 'ENTRIES_UNVERIFIED from 100 to 156'], verified: 100 });
  });

  test('next to a gap explains the checkpoints in it, which a later one makes up for', () => {
    const log = good();
    for (let seq = 50; seq <= 60; seq += 1) log.entries.delete(seq);
    const { lines, faults } = run(log, {}, { logKey: log.logKey });
    expect(lines).toEqual(expect.arrayContaining(['ENTRY_MISSING from 50 to 60', 'ENTRIES_UNVERIFIED from 12 to 156']));
    expect(faults.every(({ code }) => code !== 'CHECKPOINT_ROOT')).toBe(true);
    const before = good();
    flip(before, 5);
    before.nodes.delete('0/11');
    before.nodes.delete('1/4');
    expect(run(before).lines).toEqual(['ENTRY_ALTERED entry 5', 'ENTRIES_UNVERIFIED from 1 to 11']);
    expect(run(before).faults[1]?.detail).toMatch(/a later one fits/);
  });

  test('missing just before a closing checkpoint leaves that checkpoint to be compared', () => {
    const log = good();
    log.entries.delete(50);
    expect(run(log)).toMatchObject({ lines: ['ENTRY_MISSING entry 50'], verified: 157 });
  });
});

describe('what cannot be compared', () => {
  test('is said of a receipt, the witness and the anchor too, unless the log states the same there', () => {
    const log = good();
    const receipts = [receipt(log, 100), receipt(log, 157)];
    const witnessed = receipt(log, 120);
    const anchor = signed(log, textAt(log, 110), 3);
    flip(log, 60);
    const other = { node: () => undefined, receipts, witnessed, anchor };
    const { lines, faults } = run(log, other, { logKey: log.logKey, receiptKeys: [mirrorKey] });
    expect(lines).toEqual([
      'ENTRY_ALTERED entry 60',
      'ENTRIES_UNVERIFIED from 0 to 99',
      'ENTRIES_UNVERIFIED from 0 to 109',
      'ENTRIES_UNVERIFIED from 0 to 119',
      'ENTRIES_UNVERIFIED from 57 to 156',
    ]);
    expect(new Set(faults.map(({ detail }) => detail)).size).toBe(4);
  });

  test('is not what contradicts: a checkpoint over other entries is named beside damage elsewhere', () => {
    const log = good();
    const closing = log.kept[1];
    if (closing === undefined) throw new RangeError('no closing checkpoint');
    log.kept[1] = { ...closing, note: signed(log, textAt(log, 12, nodeCrypto.random(32)), 0) };
    flip(log, 70);
    expect(run(log).lines).toEqual(['CHECKPOINT_ROOT from 1 to 11', 'ENTRY_ALTERED entry 70']);
    const both = good();
    both.kept[1] = { ...closing, note: signed(both, textAt(both, 12, nodeCrypto.random(32)), 0) };
    flip(both, 20);
    expect(run(both, { node: () => undefined }).lines).toEqual([
      'ENTRY_ALTERED entry 20',
      'CHECKPOINT_ROOT from 1 to 11',
      'ENTRIES_UNVERIFIED from 1 to 156',
    ]);
  });

  test('is told of thousands of checkpoints in one line', () => {
    const log = memoryLog({ epochs: Array.from({ length: 1100 }, () => 0) });
    flip(log, 3);
    const { lines } = run(log, { node: () => undefined });
    expect(lines).toEqual(['ENTRY_ALTERED entry 3', 'ENTRIES_UNVERIFIED from 3 to 1099']);
  });
});

describe('a root settles nothing unless it is proven', () => {
  test('a closing checkpoint without the log key fits by stored hashes, and the next one decides', () => {
    const log = good();
    const closing = log.kept[1];
    if (closing === undefined) throw new RangeError('no closing checkpoint');
    log.kept[1] = { ...closing, note: signed(log, parseCheckpoint(closing.note).note.text, 0, { withLogKey: false }) };
    flip(log, 5);
    const { lines, verified } = run(log);
    expect(lines).toEqual(['ENTRY_ALTERED entry 5', 'CHECKPOINT_SIGNATURE']);
    expect(verified).toBe(157);
  });

  test('a receipt that nobody signed leads into no forged lane', () => {
    const log = good();
    log.nodes.set('5/2', nodeCrypto.random(32));
    const range = rangeOf(log, 64);
    range.push({ level: 5, index: 2, hash: log.nodes.get('5/2') ?? hasher.emptyRoot });
    const forged = receipt(log, 96, range.root());
    expect(run(log, { receipts: [forged] })).toMatchObject({ lines: [], verified: 157 });
  });

  test('an epoch whose certificate is missing is under no root that counts, and nothing of it is handed on', () => {
    const log = good();
    log.kept.splice(3, 1);
    expect(run(log)).toMatchObject({ lines: ['EPOCH_UNCERTIFIED epoch 3', 'ENTRIES_UNVERIFIED from 53 to 156'], verified: 53 });
    const headless = run(log, { head: undefined, anchor: log.head });
    expect(headless).toMatchObject({
      lines: ['EPOCH_UNCERTIFIED epoch 3', 'ENTRIES_UNVERIFIED from 53 to 156', 'HEAD_MISSING'],
      verified: 53,
    });
    const receipts = [receipt(log, 100)];
    const healed = run(log, { receipts }, { logKey: log.logKey, receiptKeys: [mirrorKey] });
    expect(healed).toMatchObject({ lines: ['EPOCH_UNCERTIFIED epoch 3'], verified: 157 });
  });
});

describe('pruned history', () => {
  const pruned = (log: MemoryLog, change: Partial<LogSource> = {}): Partial<LogSource> => ({
    start: { size: 52, hashes: rangeOf(log, 52).nodes.map(({ hash }) => hash) },
    pruned: 52,
    entries: () => [...sourceOf(log).entries()].filter(({ seq }) => seq >= 52),
    checkpoints: () => log.kept.filter(({ size }) => size > 52).map(({ note }) => note),
    ...change,
  });
  const unproven = 'PRUNED_UNPROVEN from 0 to 51';

  test('is proven by a receipt of the mirror over it that fits, and by nothing else', () => {
    const log = good();
    const options: VerifyOptions = { logKey: log.logKey, receiptKeys: [mirrorKey] };
    for (const size of [52, 53, 100, 157]) expect(run(log, pruned(log, { receipts: [receipt(log, size)] }), options).lines).toEqual([]);
    expect(run(log, pruned(log), options).lines).toEqual([unproven]);
    expect(run(log, pruned(log, { receipts: [receipt(log, 51)] }), options).lines).toEqual([unproven]);
    expect(run(log, pruned(log, { receipts: [receipt(log, 100)] })).lines).toEqual([unproven]);
    const forked = run(log, pruned(log, { receipts: [receipt(log, 100, nodeCrypto.random(32))] }), options);
    expect(forked.lines).toEqual(['RECEIPT_FORKED from 0 to 99', unproven]);
  });

  test('a part that begins in the middle of an epoch nobody names the key of is proven up to the next key from outside', () => {
    const log = good();
    const rest = {
      start: { size: 14, hashes: rangeOf(log, 14).nodes.map(({ hash }) => hash) },
      entries: () => [...sourceOf(log).entries()].filter(({ seq }) => seq >= 14),
      checkpoints: () => log.kept.filter(({ size }) => size > 14).map(({ note }) => note),
      receipts: [receipt(log, 14)],
    };
    const options: VerifyOptions = { logKey: log.logKey, receiptKeys: [mirrorKey] };
    expect(run(log, rest, options)).toMatchObject({ lines: [], verified: 157 });
    expect(run(log, rest, { receiptKeys: [mirrorKey] }).lines).toEqual(['ENTRIES_UNVERIFIED from 14 to 156']);
  });

  test('an anchor that names nothing but pruned entries is as good as none', () => {
    const log = good();
    const options: VerifyOptions = { logKey: log.logKey, receiptKeys: [mirrorKey] };
    const anchor = log.kept[1]?.note;
    expect(run(log, pruned(log, { receipts: [receipt(log, 100)], anchor }), options).lines).toEqual(['ANCHOR_MISSING']);
    // Where verification only begins in the middle, the caller holds what is behind against the stored tree.
    expect(run(log, pruned(log, { anchor, pruned: undefined }), options).lines).toEqual([]);
  });

  test("a witness's cosignature in the place of a receipt proves nothing, nor that a receipt is missing", () => {
    const log = good();
    const witness = { name: 'wardlock/test/witness', signer: mirror.signer };
    const publicKey = witness.signer.publicKey;
    const witnessKey = noteVerifier(nodeCrypto, { name: witness.name, type: NOTE_COSIGNATURE, publicKey });
    const text = textAt(log, 100);
    const receipts = [formatNote({ text, signatures: [cosign(nodeCrypto, text, witness, 5)] })];
    expect(run(log, pruned(log, { receipts }), { receiptKeys: [witnessKey] }).lines).toEqual([unproven]);
  });

  test('a log whose receipts are kept elsewhere lacks none', () => {
    expect(run(good(), { unreceipted: true }, { receiptKeys: [mirrorKey] }).lines).toEqual([]);
    expect(run(good(), {}, { receiptKeys: [mirrorKey] }).lines).toEqual(['RECEIPT_MISSING']);
  });
});

test('named entries are asked one by one, over short ranges and long ones', () => {
  const named = new NamedEntries();
  expect(named.any(0, 10 * BLOCK_LEAVES)).toBe(false);
  named.add(5);
  named.addRange(40, 100);
  for (const [from, to, is] of [
    [0, 4, false],
    [5, 5, true],
    [6, 39, false],
    [40, 40, true],
    [64, 64, true],
    [100, 100, true],
    [101, 127, false],
    [101, 100_000, false],
    [90, 100_000, true],
    [31, 32, false],
  ] as const)
    expect(named.any(from, to), `${from} to ${to}`).toBe(is);
});
