/** The streaming verifier on logs in memory: each way of damaging one has its name. test/integration does it to real files. */
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { flipped, type MemoryLog, memoryLog, sourceOf } from '../../../test/audit/memory-log.ts';
import { epochKeyName, formatCheckpoint, logOrigin, parseCheckpoint } from '../checkpoint.ts';
import { CompactRange } from '../compact.ts';
import { cosign } from '../cosignature.ts';
import { describeFault, type Fault } from '../faults.ts';
import { treeHasher } from '../hasher.ts';
import { formatNote, NOTE_COSIGNATURE, NOTE_ED25519, noteVerifier, signNote } from '../note.ts';
import type { LogSource, ReadSummary, VerifyOptions } from './source.ts';
import { verifyLog } from './verify-log.ts';

const hasher = treeHasher(nodeCrypto);
const mirror = { name: 'mirror', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const mirrorKey = noteVerifier(nodeCrypto, { name: 'mirror', type: NOTE_COSIGNATURE, publicKey: mirror.signer.publicKey });

function run(log: MemoryLog, change: Partial<LogSource> = {}, options: VerifyOptions = { logKey: log.logKey }) {
  const iterator = verifyLog(nodeCrypto, sourceOf(log, change), options);
  const faults: Fault[] = [];
  let step = iterator.next();
  while (step.done !== true) {
    faults.push(step.value);
    step = iterator.next();
  }
  const summary: ReadSummary = step.value;
  return { faults, summary, lines: faults.map((fault) => describeFault(fault).split(':')[0]) };
}

/** Openers at 0, 11, 52 and 56; 157 entries. */
const good = () => memoryLog({ epochs: [10, 40, 3, 100] });

function entry(log: MemoryLog, seq: number): Uint8Array {
  const bytes = log.entries.get(seq);
  if (bytes === undefined) throw new RangeError(`no entry ${seq}`);
  return bytes;
}

function rootOf(log: MemoryLog, size: number): Uint8Array {
  const range = CompactRange.empty(hasher);
  for (let seq = 0; seq < size; seq += 1) range.append(hasher.leaf(entry(log, seq)));
  return range.root();
}

function receipt(log: MemoryLog, size: number, root = rootOf(log, size)): string {
  const text = formatCheckpoint({ origin: logOrigin(log.log), size, root });
  return formatNote({ text, signatures: [cosign(nodeCrypto, text, mirror, 5)] });
}

test('a log that nobody touched verifies to its end', () => {
  const log = good();
  const { lines, summary } = run(
    log,
    { anchor: log.head, receipts: [receipt(log, 100)] },
    { logKey: log.logKey, receiptKeys: [mirrorKey] },
  );
  expect(lines).toEqual([]);
  expect(summary).toMatchObject({ entries: 157, size: 157, epochs: 4, verified: 157, receipted: 100, faults: 0 });
});

test.each([0, 1, 5, 11, 12, 13, 31, 32, 50, 51, 54, 100, 120])('one bit in the body of entry %i names it and nothing else', (seq) => {
  const log = good();
  const bytes = entry(log, seq);
  log.entries.set(seq, flipped(bytes, bytes.length - 1));
  expect(run(log).lines).toEqual([`ENTRY_ALTERED entry ${seq}`]);
});

test.each([130, 154, 155, 156])(
  'one bit of entry %i, in the last block, which no stored hash can replace yet: what no root covers is named too',
  (seq) => {
    const log = good();
    log.entries.set(seq, flipped(entry(log, seq), 300));
    expect(run(log).lines).toEqual([`ENTRY_ALTERED entry ${seq}`, 'ENTRIES_UNVERIFIED from 57 to 156']);
  },
);

test('the last entry is named only as far as it can be when the writer left no note of it', () => {
  const log = good();
  log.entries.set(156, flipped(entry(log, 156), 200));
  expect(run(log, { lastLink: undefined }).lines).toEqual(['CHECKPOINT_ROOT from 57 to 156']);
});

test.each<[string, (log: MemoryLog) => Partial<LogSource> | undefined, readonly string[]]>([
  ['a gap', (log) => void log.entries.delete(20), ['ENTRY_MISSING entry 20']],
  [
    'a gap that nothing stored can bridge',
    (log) => {
      log.entries.delete(20);
      return { node: () => undefined };
    },
    ['ENTRY_MISSING entry 20', 'ENTRIES_UNVERIFIED from 12 to 156'],
  ],
  [
    'a gap over whole blocks',
    (log) => void Array.from({ length: 60 }, (_, at) => log.entries.delete(60 + at)),
    ['ENTRY_MISSING from 60 to 119'],
  ],
  [
    'a gap and a changed entry behind it',
    (log) => {
      log.entries.delete(60);
      log.entries.set(130, flipped(entry(log, 130), 300));
      return undefined;
    },
    ['ENTRY_MISSING entry 60', 'ENTRY_ALTERED entry 130', 'ENTRIES_UNVERIFIED from 57 to 156'],
  ],
  ['an entry that cannot be read', (log) => void log.entries.set(20, new Uint8Array(5)), ['ENTRY_MALFORMED entry 20']],
  ['an entry of another log', (log) => void log.entries.set(20, flipped(entry(log, 20), 41)), ['ENTRY_FOREIGN entry 20']],
  [
    'two bad links in a row',
    (log) => {
      log.entries.set(20, flipped(entry(log, 20), 66));
      log.entries.set(21, flipped(entry(log, 21), 66));
      return undefined;
    },
    ['ENTRY_ALTERED from 20 to 21'],
  ],
  [
    'a stored copy in the same place',
    (log) => {
      return { entries: () => [...sourceOf(log).entries()].flatMap((item) => (item.seq === 5 ? [item, item] : [item])) };
    },
    ['ENTRY_DUPLICATE entry 5'],
  ],
  [
    'a place that no log reaches',
    (log) => void log.entries.set(2 ** 40, entry(log, 5)),
    expect.arrayContaining([`ENTRY_MISSING from 157 to ${2 ** 40 - 1}`]),
  ],
  ['no head', () => ({ head: undefined }), ['HEAD_MISSING']],
  ['a head that cannot be read', () => ({ head: 'x' }), ['CHECKPOINT_MALFORMED', 'ENTRIES_UNVERIFIED from 57 to 156']],
  ['a head of another log', () => ({ head: good().head }), ['CHECKPOINT_FOREIGN', 'ENTRIES_UNVERIFIED from 57 to 156']],
  [
    'a cut end',
    (log) => {
      log.entries.delete(156);
      return { lastLink: undefined };
    },
    ['ENTRIES_TRUNCATED entry 156', 'ENTRIES_UNVERIFIED from 57 to 155'],
  ],
  [
    'a head that is behind',
    (log) => {
      return { head: log.kept.at(-1)?.note };
    },
    ['UNSIGNED_TAIL from 57 to 156'],
  ],
  ['a missing closing checkpoint', (log) => void log.kept.splice(1, 1), ['EPOCH_UNCERTIFIED epoch 1']],
  [
    'a missing last closing checkpoint',
    (log) => void log.kept.splice(3, 1),
    ['EPOCH_UNCERTIFIED epoch 3', 'ENTRIES_UNVERIFIED from 53 to 156'],
  ],
  [
    'a kept checkpoint that cannot be read',
    (log) => {
      return { checkpoints: () => ['x', ...log.kept.map((kept) => kept.note)] };
    },
    ['CHECKPOINT_MALFORMED'],
  ],
  [
    'an anchor ahead',
    (log) => {
      Array.from({ length: 57 }, (_, at) => log.entries.delete(100 + at));
      return { anchor: log.head, head: log.kept.at(-1)?.note, lastLink: undefined };
    },
    ['ANCHOR_AHEAD from 100 to 156', 'UNSIGNED_TAIL from 57 to 99'],
  ],
  [
    'a receipt for other entries',
    (log) => {
      return { receipts: [receipt(log, 100, nodeCrypto.random(32))] };
    },
    ['RECEIPT_FORKED from 0 to 99'],
  ],
  [
    'a receipt ahead',
    (log) => {
      log.entries.delete(156);
      return { receipts: [receipt(good(), 157)], head: undefined, lastLink: undefined };
    },
    ['CHECKPOINT_FOREIGN', 'HEAD_MISSING'],
  ],
])('%s is named', (_what, damage, expected) => {
  const log = good();
  const change = damage(log);
  expect(run(log, change ?? {}).lines).toEqual(expected);
});

test('a receipt beyond the end, and one that the key given did not sign', () => {
  const log = good();
  const note = receipt(log, 157);
  log.entries.delete(156);
  const short = { receipts: [note], head: log.kept.at(-1)?.note, lastLink: undefined };
  expect(run(log, short, { receiptKeys: [mirrorKey] }).lines).toEqual(['RECEIPT_AHEAD entry 156', 'UNSIGNED_TAIL from 57 to 155']);
  const other = noteVerifier(nodeCrypto, { name: 'mirror', type: NOTE_COSIGNATURE, publicKey: log.logSigner.publicKey });
  expect(run(good(), {}, { receiptKeys: [other] }).lines).toEqual(['RECEIPT_MISSING']);
  const fresh = good();
  expect(run(fresh, { receipts: [receipt(fresh, 100)] }, { receiptKeys: [other] }).lines).toEqual(['RECEIPT_SIGNATURE']);
});

describe('what the witness cosigned', () => {
  const witness = { name: 'witness', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  const witnessKey = noteVerifier(nodeCrypto, { name: 'witness', type: NOTE_COSIGNATURE, publicKey: witness.signer.publicKey });
  const cosigned = (log: MemoryLog, size: number, { origin = logOrigin(log.log), root = rootOf(log, size) } = {}): string => {
    const text = formatCheckpoint({ origin, size, root });
    return formatNote({ text, signatures: [cosign(nodeCrypto, text, witness, 5)] });
  };

  test('counts under its key alone, beside a mirror or instead of one', () => {
    const log = good();
    const source = { receipts: [receipt(log, 100)], witnessed: cosigned(log, 120) };
    for (const receiptKeys of [[mirrorKey, witnessKey], [witnessKey]]) {
      const { lines, summary } = run(log, source, { logKey: log.logKey, receiptKeys });
      expect(lines).toEqual([]);
      expect(summary).toMatchObject({ witnessed: 120, receipted: receiptKeys.length === 2 ? 100 : 0 });
    }
    expect(run(log, { witnessed: cosigned(log, 120) }, { receiptKeys: [witnessKey] }).lines).toEqual([]);
  });

  test('names a log that is shorter and one that is another', () => {
    const longer = good();
    const ahead = cosigned(longer, 157);
    longer.entries.delete(156);
    const short = { witnessed: ahead, head: longer.kept.at(-1)?.note, lastLink: undefined };
    expect(run(longer, short, { receiptKeys: [witnessKey] }).lines).toEqual(['RECEIPT_AHEAD entry 156', 'UNSIGNED_TAIL from 57 to 155']);
    const log = good();
    const other = { witnessed: cosigned(log, 100, { root: nodeCrypto.random(32) }) };
    expect(run(log, other, { logKey: log.logKey, receiptKeys: [witnessKey] }).lines).toEqual(['RECEIPT_FORKED from 0 to 99']);
  });

  test('says nothing without its key, of another log, or when it cannot be read', () => {
    const log = good();
    const wrong = cosigned(log, 200, { root: nodeCrypto.random(32) });
    expect(run(log, { witnessed: wrong }, { logKey: log.logKey }).lines).toEqual([]);
    expect(run(log, { witnessed: wrong, receipts: [receipt(log, 100)] }, { receiptKeys: [mirrorKey] }).lines).toEqual([]);
    for (const witnessed of [cosigned(log, 200, { origin: 'wardlock/other', root: nodeCrypto.random(32) }), 'no note']) {
      const { lines, summary } = run(log, { witnessed }, { logKey: log.logKey, receiptKeys: [witnessKey] });
      expect(lines).toEqual([]);
      expect(summary.witnessed).toBe(0);
    }
  });
});

test('a block whose links were mended is still found by its stored hash, as far as that goes', () => {
  const log = good();
  // Entries 70 to the end get new links, so that no link is wrong; only roots and stored hashes tell.
  let link = entry(log, 70).slice(64, 72);
  for (let seq = 70; seq < 157; seq += 1) {
    const bytes = seq === 70 ? flipped(entry(log, seq), 200) : Uint8Array.from(entry(log, seq));
    bytes.set(link, 64);
    log.entries.set(seq, bytes);
    link = hasher.leaf(bytes).slice(0, 8);
  }
  expect(run(log, { lastLink: link }).lines).toEqual(['CHECKPOINT_ROOT from 57 to 156']);
});

test('a block that was rewritten whole, with the links around it left fitting, is named by its range', () => {
  const log = memoryLog({ epochs: [200, 5] });
  const changed = flipped(entry(log, 40), 200);
  log.entries.set(40, changed);
  // The next entry's link is made to fit, and its own successor's too: the forger stops at the end of the block.
  for (let seq = 41; seq < 64; seq += 1) {
    const bytes = Uint8Array.from(entry(log, seq));
    bytes.set(hasher.leaf(entry(log, seq - 1)).slice(0, 8), 64);
    log.entries.set(seq, bytes);
  }
  const { lines } = run(log);
  expect(lines).toEqual(['ENTRY_ALTERED entry 63']);
});

test('a forged stored hash changes nothing', () => {
  const log = good();
  log.nodes.set('5/1', nodeCrypto.random(32));
  expect(run(log).lines).toEqual([]);
});

test('keys: none signs, one signs only a part', () => {
  const log = good();
  const other = noteVerifier(nodeCrypto, { name: log.logKey.name, type: NOTE_ED25519, publicKey: mirror.signer.publicKey });
  expect(run(log, {}, { logKey: other }).lines).toEqual(['KEY_MISMATCH']);
  const closing = log.kept[1];
  if (closing === undefined) throw new RangeError('no closing checkpoint');
  const { note } = parseCheckpoint(closing.note);
  log.kept[1] = { ...closing, note: formatNote({ text: note.text, signatures: note.signatures.slice(1) }) };
  expect(run(log).lines).toEqual(['CHECKPOINT_SIGNATURE']);
});

test('closing checkpoints that another key signed: the newest key is told from any other', () => {
  const log = good();
  const resign = (at: number, signer: typeof mirror.signer): void => {
    const closing = log.kept[at];
    if (closing === undefined) throw new RangeError('no closing checkpoint');
    const names = [
      { name: log.logKey.name, signer: log.logSigner },
      { name: epochKeyName(log.log, closing.epoch), signer },
    ];
    log.kept[at] = { ...closing, note: formatNote(signNote(nodeCrypto, parseCheckpoint(closing.note).note.text, names)) };
  };
  resign(1, log.signers[3] ?? mirror.signer);
  resign(2, mirror.signer);
  expect(run(log).lines).toEqual(['CHECKPOINT_RESEALED epoch 0', 'CHECKPOINT_SIGNATURE epoch 1']);
});

test('a thousand badly signed checkpoints are each told', () => {
  const log = memoryLog({ epochs: Array.from({ length: 80 }, () => 1) });
  log.kept.forEach((kept, at) => {
    const text = parseCheckpoint(kept.note).note.text;
    if (at > 0)
      log.kept[at] = { ...kept, note: formatNote(signNote(nodeCrypto, text, [{ name: log.logKey.name, signer: log.logSigner }, mirror])) };
  });
  expect(run(log).faults.filter((fault) => fault.code === 'CHECKPOINT_SIGNATURE')).toHaveLength(79);
});

test('epochs: missing, out of order, unreadable, and with an unsuitable key', () => {
  const missing = good();
  for (let seq = 11; seq < 52; seq += 1) missing.entries.delete(seq);
  missing.kept.splice(1, 1);
  expect(run(missing).lines).toContain('EPOCH_MISSING epoch 1');
  const claimed = good();
  claimed.entries.set(60, flipped(entry(claimed, 60), 15));
  expect(run(claimed).lines).toEqual(expect.arrayContaining(['EPOCH_ORDER entry 60']));
  const later = good();
  later.entries.set(60, flipped(entry(later, 60), 15, 3));
  expect(run(later).lines.some((line) => line?.startsWith('EPOCH_MISSING'))).toBe(true);
  const again = good();
  again.entries.set(52, flipped(entry(again, 52), 15, 1));
  expect(run(again).lines).toEqual(expect.arrayContaining(['EPOCH_ORDER entry 52']));
  const unreadable = good();
  unreadable.entries.set(11, flipped(entry(unreadable, 11), 85, 6));
  expect(run(unreadable).lines).toEqual(expect.arrayContaining(['EPOCH_MALFORMED entry 11, epoch 1']));
  const lowOrder = good();
  lowOrder.entries.set(
    11,
    Uint8Array.from(entry(lowOrder, 11), (byte, at) => (at >= 86 && at < 118 ? 0 : byte)),
  );
  expect(run(lowOrder).lines).toEqual(expect.arrayContaining(['EPOCH_MALFORMED entry 11, epoch 1']));
  const first = good();
  first.entries.set(0, flipped(entry(first, 0), 84));
  expect(run(first).lines).toEqual(expect.arrayContaining(['EPOCH_MALFORMED entry 0, epoch 0']));
  const skipped = good();
  skipped.entries.set(11, flipped(entry(skipped, 11), 15, 1));
  expect(run(skipped).lines).toEqual(expect.arrayContaining(['EPOCH_MISSING epoch 1']));
});

test('verification goes on from a signed size, and after pruned history', () => {
  const log = good();
  const hashesAt = (size: number): readonly Uint8Array[] => {
    const range = CompactRange.empty(hasher);
    for (let seq = 0; seq < size; seq += 1) range.append(hasher.leaf(entry(log, seq)));
    return range.nodes.map((node) => node.hash);
  };
  const from = (size: number) => ({
    entries: () => [...sourceOf(log).entries()].filter(({ seq }) => seq >= size),
    checkpoints: () => log.kept.filter((kept) => kept.size > size).map((kept) => kept.note),
  });
  const publicKey = log.signers[1]?.publicKey ?? new Uint8Array(0);
  expect(run(log, { ...from(12), start: { size: 12, hashes: hashesAt(12), epoch: { number: 1, publicKey } } }).lines).toEqual([]);
  expect(run(log, { ...from(52), start: { size: 52, hashes: hashesAt(52) } }).lines).toEqual([]);
  const wrong = hashesAt(52).map(() => nodeCrypto.random(32));
  expect(run(log, { ...from(52), start: { size: 52, hashes: wrong } }).lines).toContain('CHECKPOINT_ROOT from 52 to 156');
  const unsuitable = { size: 12, hashes: hashesAt(12), epoch: { number: 1, publicKey: new Uint8Array(32) } };
  expect(run(log, { ...from(12), start: unsuitable }).lines).toContain('EPOCH_MALFORMED entry 12, epoch 1');
});

test('faults in a row are one line, others stay apart', () => {
  const log = good();
  for (const seq of [30, 31, 32]) log.entries.set(seq, new Uint8Array(3));
  log.entries.set(40, new Uint8Array(3));
  expect(run(log).lines).toEqual(['ENTRY_MALFORMED from 30 to 32', 'ENTRY_MALFORMED entry 40']);
});
