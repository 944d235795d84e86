/** The verifier where damage meets a signed size, a missing beginning or a stored hash: nothing of it is silent. */
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog, sourceOf } from '../../../test/audit/memory-log.ts';
import { epochKeyName, formatCheckpoint, logOrigin } from '../checkpoint.ts';
import { CompactRange } from '../compact.ts';
import { cosign } from '../cosignature.ts';
import { describeFault, type Fault } from '../faults.ts';
import { treeHasher } from '../hasher.ts';
import { formatNote, NOTE_COSIGNATURE, noteVerifier, signNote } from '../note.ts';
import { BLOCK_LEAVES, RecoveringTree } from './recovering-tree.ts';
import type { LogSource } from './source.ts';
import { verifyLog } from './verify-log.ts';

const hasher = treeHasher(nodeCrypto);
const mirror = { name: 'mirror', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const mirrorKey = noteVerifier(nodeCrypto, { name: 'mirror', type: NOTE_COSIGNATURE, publicKey: mirror.signer.publicKey });

/** Openers at 0, 11, 52 and 56; 157 entries. */
const good = () => memoryLog({ epochs: [10, 40, 3, 100] });

function run(log: MemoryLog, change: Partial<LogSource> = {}) {
  const iterator = verifyLog(nodeCrypto, sourceOf(log, change), { logKey: log.logKey, receiptKeys: [] });
  const faults: Fault[] = [];
  let step = iterator.next();
  while (step.done !== true) {
    faults.push(step.value);
    step = iterator.next();
  }
  return { lines: faults.map((fault) => describeFault(fault).split(':')[0] ?? ''), summary: step.value };
}

function entry(log: MemoryLog, seq: number): Uint8Array {
  return log.entries.get(seq) ?? new Uint8Array(0);
}

function rangeOf(log: MemoryLog, size: number): CompactRange {
  const range = CompactRange.empty(hasher);
  for (let seq = 0; seq < size; seq += 1) range.append(hasher.leaf(entry(log, seq)));
  return range;
}

/** Changes an entry and mends every link after it up to and with the one at `last`. */
function mend(log: MemoryLog, altered: number, last: number): void {
  log.entries.set(altered, flipped(entry(log, altered), 200));
  for (let seq = altered + 1; seq <= last; seq += 1) {
    const bytes = Uint8Array.from(entry(log, seq));
    bytes.set(hasher.leaf(entry(log, seq - 1)).slice(0, 8), 64);
    log.entries.set(seq, bytes);
  }
}

test('a log without entries has no times, and everything that was signed is missing', () => {
  const { lines, summary } = run(good(), { entries: () => [], lastLink: undefined });
  expect(summary).toMatchObject({ entries: 0, size: 0, firstWallMicros: undefined, lastWallMicros: undefined });
  expect(lines).toContain('ENTRIES_TRUNCATED from 0 to 156');
});

test('two entries that were swapped are named in their places', () => {
  const log = good();
  const [one, other] = [entry(log, 30), entry(log, 40)];
  log.entries.set(30, other);
  log.entries.set(40, one);
  expect(run(log).lines).toEqual(['ENTRY_REORDERED entry 30', 'ENTRY_REORDERED entry 40']);
});

test('a gap over a signed size: the checkpoint inside it proves nothing, the next one all', () => {
  const log = good();
  for (let seq = 50; seq <= 60; seq += 1) log.entries.delete(seq);
  const { lines } = run(log);
  expect(lines).toContain('ENTRY_MISSING from 50 to 60');
  expect(lines.filter((line) => line.startsWith('ENTRY_ALTERED') || line.startsWith('CHECKPOINT_ROOT'))).toEqual([]);
});

test('a log whose first entry is gone lacks its first epoch', () => {
  const log = good();
  log.entries.delete(0);
  expect(run(log).lines).toEqual(expect.arrayContaining(['ENTRY_MISSING entry 0', 'EPOCH_MISSING epoch 0']));
});

test('one that goes on from pruned history in the middle of an epoch, without its key, owes nothing that is pruned', () => {
  const log = good();
  const start = { size: 14, hashes: rangeOf(log, 14).nodes.map(({ hash }) => hash) };
  const rest = {
    start,
    entries: () => [...sourceOf(log).entries()].filter(({ seq }) => seq >= 14),
    checkpoints: () => log.kept.filter((kept) => kept.size > 14).map((kept) => kept.note),
  };
  expect(run(log, rest).lines).toEqual([]);
});

test('an anchor over other entries is a fork', () => {
  const log = good();
  const text = formatCheckpoint({ origin: logOrigin(log.log), size: 100, root: nodeCrypto.random(32) });
  const signer = log.signers[3] ?? mirror.signer;
  const anchor = formatNote(signNote(nodeCrypto, text, [{ name: epochKeyName(log.log, 3), signer }]));
  expect(run(log, { anchor }).lines).toEqual(['ANCHOR_FORKED from 0 to 99']);
  // Damage elsewhere does not explain it.
  log.entries.set(5, flipped(entry(log, 5), 300));
  expect(run(log, { anchor }).lines).toEqual(['ENTRY_ALTERED entry 5', 'ANCHOR_FORKED from 0 to 99']);
});

test('a receipt whose end lies behind damage in its block is not called a fork, and said not to be compared', () => {
  const log = good();
  const text = formatCheckpoint({ origin: logOrigin(log.log), size: 100, root: rangeOf(log, 100).root() });
  const receipt = formatNote({ text, signatures: [cosign(nodeCrypto, text, mirror, 5)] });
  expect(mirrorKey.name).toBe('mirror');
  log.entries.set(98, flipped(entry(log, 98), 300));
  expect(run(log, { receipts: [receipt] }).lines).toEqual(['ENTRY_ALTERED entry 98', 'ENTRIES_UNVERIFIED from 0 to 99']);
});

test('a block whose links were mended to its end and beyond is named by its range, the entry behind it by itself', () => {
  const log = memoryLog({ epochs: [200, 5] });
  mend(log, 40, 2 * BLOCK_LEAVES);
  expect(run(log).lines).toEqual(['ENTRY_ALTERED entry 64', 'ENTRY_ALTERED from 32 to 63']);
});

test('blocks that stored hashes stand for are remembered one by one up to a bound, and together beyond it', () => {
  const tree = new RecoveringTree(hasher, CompactRange.empty(hasher), () => hasher.emptyRoot);
  tree.hole(BLOCK_LEAVES * 65_540);
  const stretches = tree.takeStretches();
  expect(stretches).toHaveLength(65_536);
  expect(stretches.at(-1)).toEqual({ from: BLOCK_LEAVES * 65_535, to: BLOCK_LEAVES * 65_540 - 1 });
  expect(tree.takeStretches()).toEqual([]);
});

test('a log that has opened an epoch and no more is signed by its closing checkpoint', () => {
  const log = memoryLog({ epochs: [3, 0] });
  expect(log.head).toBe(log.kept.at(-1)?.note);
  expect(run(log).lines).toEqual([]);
});
