import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog } from '../../test/audit/memory-log.ts';
import { consistencyProof, parseCheckpoint, toHex, treeHasher } from '../audit/index.ts';
import { type Batch, emptyLog, judgeBatch, type LogState, type Verdict } from './batch.ts';

const ports = { crypto: nodeCrypto, hasher: treeHasher(nodeCrypto) };

/** The batch [start, end) of a memory log, with the checkpoint and proof that a seat sends. */
function batchOf(memory: MemoryLog, start: number, end: number, change: Partial<Batch> = {}): Batch {
  const notes = [...memory.kept.map(({ note }) => note), memory.head];
  const note = notes.find((candidate) => parseCheckpoint(candidate).checkpoint.size >= end) ?? memory.head;
  const { size } = parseCheckpoint(note).checkpoint;
  const leaf = (index: number): Uint8Array => ports.hasher.leaf(memory.entries.get(index) ?? new Uint8Array());
  const node = (level: number, index: number): Uint8Array =>
    level === 0 ? leaf(index) : ports.hasher.node(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
  return {
    log: memory.log,
    entries: Array.from({ length: end - start }, (_, at) => memory.entries.get(start + at) ?? new Uint8Array()),
    note,
    proof: end === size ? [] : consistencyProof(ports.hasher, end, size, node),
    logKey: memory.logKey,
    pinned: { size: 0, root: new Uint8Array(32), note: '' },
    ...change,
  };
}

function accepted(verdict: Verdict): Extract<Verdict, { accepted: true }> {
  if (!verdict.accepted) throw new Error(`${verdict.fault} ${verdict.detail}`);
  return verdict;
}

function stateAt(memory: MemoryLog, size: number): LogState {
  let state = emptyLog;
  const stops = [...new Set([1, ...memory.kept.map((kept) => kept.size), size])].filter((stop) => stop <= size).sort((a, b) => a - b);
  for (const stop of stops) state = accepted(judgeBatch(ports, state, batchOf(memory, state.size, stop))).state;
  return state;
}

describe('a batch is judged', () => {
  const memory = memoryLog({ epochs: [5, 9, 3] });
  const total = memory.entries.size;

  test('a whole log in batches of every size within its epochs is accepted and ends at the signed root', () => {
    const state = stateAt(memory, total);
    expect(state.size).toBe(total);
    const { checkpoint } = parseCheckpoint(memory.head);
    const last = accepted(judgeBatch(ports, stateAt(memory, total - 1), batchOf(memory, total - 1, total)));
    expect(toHex(last.root)).toBe(toHex(checkpoint.root));
    expect(state.epoch?.number).toBe(2);
  });

  test('the birth is told, and the close of an epoch', () => {
    expect(accepted(judgeBatch(ports, emptyLog, batchOf(memory, 0, 1))).birth).toBe('enrolment');
    const close = memory.kept[1]?.size ?? 0;
    expect(accepted(judgeBatch(ports, stateAt(memory, 1), batchOf(memory, 1, close))).closing).toBe(true);
  });

  const state = stateAt(memory, 8);
  const fault = (change: Partial<Batch>, from = state): string => {
    const verdict = judgeBatch(ports, from, { ...batchOf(memory, 8, 12), ...change });
    return verdict.accepted ? 'accepted' : verdict.fault;
  };
  const good = batchOf(memory, 8, 12).entries;
  const [a = new Uint8Array(), b = new Uint8Array(), c = new Uint8Array(), d = new Uint8Array()] = good;
  const foreign = memoryLog({ epochs: [20] });

  test.each([
    ['the batch as it is', {}, 'accepted'],
    ['nothing', { entries: [] }, 'ENTRY_MISSING'],
    ['a gap', { entries: [b, c, d] }, 'ENTRY_REORDERED'],
    ['two swapped', { entries: [a, c, b, d] }, 'ENTRY_REORDERED'],
    ['one twice', { entries: [a, a, b, c] }, 'ENTRY_REORDERED'],
    ['a bit of the last body flipped', { entries: [a, b, c, flipped(d, d.length - 1)] }, 'CHECKPOINT_ROOT'],
    ['a bit of an inner body flipped', { entries: [a, flipped(b, b.length - 1), c, d] }, 'ENTRY_ALTERED'],
    ['an entry of another seat', { entries: [foreign.entries.get(8) ?? a, b] }, 'ENTRY_FOREIGN'],
    ['a short entry', { entries: [a.subarray(0, 50)] }, 'ENTRY_MALFORMED'],
    ['a proof cut short', { proof: batchOf(memory, 8, 12).proof.slice(1) }, 'CHECKPOINT_ROOT'],
    ['a checkpoint of another seat', { note: foreign.head }, 'CHECKPOINT_FOREIGN'],
    ['no checkpoint', { note: 'hello' }, 'CHECKPOINT_MALFORMED'],
    ['an older checkpoint', { note: memory.kept[1]?.note ?? '' }, 'UNSIGNED_TAIL'],
    ['a root that an anchor pinned otherwise', { pinned: { size: 10, root: new Uint8Array(32), note: '' } }, 'RECEIPT_FORKED'],
  ])('%s: %s', (_name, change, expected) => {
    expect(fault(change)).toBe(expected);
  });

  test('a checkpoint by another key, even a later epoch of the same log, is refused', () => {
    const { checkpoint, note } = parseCheckpoint(memory.head);
    expect(checkpoint.size).toBe(total);
    const verdict = judgeBatch(ports, state, { ...batchOf(memory, 8, 12), note: memory.head, proof: proofTo(memory, 12, total) });
    expect(note.signatures.length).toBeGreaterThan(0);
    expect(verdict.accepted ? 'accepted' : verdict.fault).toBe('CHECKPOINT_SIGNATURE');
  });

  test('a birth without the log key of the enrolment is refused', () => {
    const verdict = judgeBatch(ports, emptyLog, { ...batchOf(memory, 0, 1), logKey: foreign.logKey });
    expect(verdict.accepted ? 'accepted' : verdict.fault).toBe('KEY_MISMATCH');
  });

  test('a batch that crosses the close of an epoch is refused', () => {
    const close = memory.kept[1]?.size ?? 0;
    const verdict = judgeBatch(ports, stateAt(memory, 3), batchOf(memory, 3, close + 2));
    expect(verdict.accepted ? 'accepted' : verdict.fault).toBe('EPOCH_ORDER');
  });
});

function proofTo(memory: MemoryLog, from: number, to: number): readonly Uint8Array[] {
  const leaf = (index: number): Uint8Array => ports.hasher.leaf(memory.entries.get(index) ?? new Uint8Array());
  const node = (level: number, index: number): Uint8Array =>
    level === 0 ? leaf(index) : ports.hasher.node(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
  return consistencyProof(ports.hasher, from, to, node);
}
