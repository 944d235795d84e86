/** An auditor's export: what the server writes verifies offline, and each way of touching it is named. */
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { honestExport } from '../../../test/audit/honest-export.ts';
import { flipped, type MemoryLog, memoryLog } from '../../../test/audit/memory-log.ts';
import { toBase64, toHex } from '../bytes.ts';
import { logOrigin, parseCheckpoint } from '../checkpoint.ts';
import { parseHeader } from '../entry.ts';
import { describeFault } from '../faults.ts';
import { NOTE_COSIGNATURE, NOTE_ED25519, type NoteVerifier, noteVerifier } from '../note.ts';
import { type PruneStatement, signPruneStatement } from '../prune.ts';
import { type ExportLine, formatLine, MAX_LINE, parseLine } from './lines.ts';
import { type ExportSummary, verifyExport } from './verify-export.ts';

const log = memoryLog({ epochs: [10, 20, 5] });
const mirror = { name: 'wardlock/server/m', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const mirrorKey = noteVerifier(nodeCrypto, { name: mirror.name, type: NOTE_COSIGNATURE, publicKey: mirror.signer.publicKey });
const otherKey = noteVerifier(nodeCrypto, {
  name: 'other',
  type: NOTE_ED25519,
  publicKey: nodeCrypto.signer(nodeCrypto.random(32)).publicKey,
});

/** 43 digits and a sign, as a hash has them, whose last bits say nothing. */
const NOT_CANONICAL = `${'A'.repeat(42)}B=`;
const entry = (seq: number): Uint8Array => log.entries.get(seq) ?? new Uint8Array(0);
const honest = (source: MemoryLog, start: number, end: number): ExportLine[] => honestExport(source, { start, end }, mirror);

function names(lines: readonly (ExportLine | string)[], keys: readonly NoteVerifier[] = [log.logKey, mirrorKey]): readonly string[] {
  const texts = lines.map((line) => (typeof line === 'string' ? line : formatLine(line).trimEnd()));
  return [...verifyExport(nodeCrypto, texts, { keys })].map((fault) => describeFault(fault).split(':')[0] ?? '');
}

function summaryOf(lines: readonly ExportLine[], onEvent?: (seq: number) => void): ExportSummary {
  const options = { keys: [mirrorKey], ...(onEvent === undefined ? {} : { onEvent }) };
  const run = verifyExport(
    nodeCrypto,
    lines.map((line) => formatLine(line)),
    options,
  );
  let step = run.next();
  while (step.done !== true) step = run.next();
  return step.value;
}

/** What an exporter without the reader's key writes: entries with their proofs, no secret, no event. */
function sealed(lines: readonly ExportLine[]): ExportLine[] {
  return lines.map((line) => (line.kind === 'epoch' ? { ...line, secret: null } : line.kind === 'entry' ? { ...line, event: null } : line));
}

/** The lines with the first of a kind (or the one at `seq`) changed. */
function changed<K extends ExportLine['kind']>(
  lines: readonly ExportLine[],
  kind: K,
  change: (line: Extract<ExportLine, { kind: K }>) => ExportLine,
  seq?: number,
): ExportLine[] {
  let done = false;
  return lines.map((line) => {
    if (done || !isKind(line, kind) || (seq !== undefined && (!('seq' in line) || line.seq !== seq))) return line;
    done = true;
    return change(line);
  });
}

function isKind<K extends ExportLine['kind']>(line: ExportLine, kind: K): line is Extract<ExportLine, { kind: K }> {
  return line.kind === kind;
}

test.each([
  [0, 38],
  [5, 6],
  [5, 25],
  [12, 13],
  [31, 38],
  [0, 1],
  [37, 38],
])('an honest export of [%i, %i) verifies under log key or mirror key', (start, end) => {
  const lines = honest(log, start, end);
  expect(names(lines, [log.logKey])).toEqual([]);
  expect(names(lines, [mirrorKey])).toEqual([]);
  expect(names(lines, [otherKey])).toEqual(['KEY_MISMATCH']);
  expect(names(lines, [])).toEqual([]);
});

test('events are handed on, and their number is told', () => {
  const seen: number[] = [];
  expect(summaryOf(honest(log, 5, 9), (seq) => void seen.push(seq))).toMatchObject({ entries: 4, decrypted: 4, undecrypted: 0, faults: 0 });
  expect(seen).toEqual([5, 6, 7, 8]);
});

const lines = honest(log, 5, 25);
const end = (entries: number): ExportLine => ({ kind: 'end', entries });
const altered = (seq: number) =>
  changed(lines, 'entry', (line) => ({ ...line, entry: toBase64(flipped(entry(seq), 200)), event: null }), seq);

test.each<[string, readonly (ExportLine | string)[], readonly string[]]>([
  ['an altered entry', altered(10), ['ENTRY_ALTERED entry 10']],
  ['an altered last entry', altered(24), ['PROOF_INVALID from 5 to 24']],
  [
    'a missing entry',
    lines.filter((line) => line.kind !== 'entry' || line.seq !== 10),
    ['ENTRY_MISSING entry 10', 'EXPORT_MALFORMED', 'EXPORT_TRUNCATED'],
  ],
  [
    'a repeated entry',
    lines.flatMap((line) => (line.kind === 'entry' && line.seq === 10 ? [line, line] : [line])),
    ['ENTRY_DUPLICATE entry 10', 'EXPORT_MALFORMED', 'EXPORT_TRUNCATED'],
  ],
  [
    'an entry beyond its run',
    changed(lines, 'entry', (line) => ({ ...line, seq: 99 }), 24),
    ['ENTRY_REORDERED entry 99', 'ENTRY_MISSING entry 24'],
  ],
  [
    'an entry in another place',
    changed(lines, 'entry', (line) => ({ ...line, entry: toBase64(entry(11)), event: null }), 10),
    ['ENTRY_REORDERED entry 10'],
  ],
  ['an event that is not what was sealed', changed(lines, 'entry', (line) => ({ ...line, event: '{}' }), 10), ['EVENT_MISMATCH entry 10']],
  [
    'an event for an epoch entry',
    changed(honest(log, 5, 25), 'entry', (line) => ({ ...line, event: '{}' }), 11),
    ['EVENT_MISMATCH entry 11'],
  ],
  [
    'another secret',
    changed(lines, 'epoch', (line) => ({ ...line, secret: toBase64(nodeCrypto.random(32)) })),
    ['EPOCH_SECRET_MISMATCH epoch 0', 'ENTRY_UNDECRYPTABLE from 5 to 10'],
  ],
  ['an event without its secret', changed(lines, 'epoch', (line) => ({ ...line, secret: null })), ['ENTRY_UNDECRYPTABLE from 5 to 10']],
  [
    'an altered epoch entry',
    changed(lines, 'epoch', (line) => ({ ...line, entry: toBase64(flipped(entry(0), 90)), secret: null, certificate: null })),
    ['PROOF_INVALID entry 0', 'ENTRY_UNDECRYPTABLE from 5 to 10'],
  ],
  [
    'an epoch entry whose body can’t be read, with its secret',
    changed(lines, 'epoch', (line) => ({ ...line, entry: toBase64(flipped(entry(0), 85, 6)), certificate: null })),
    ['PROOF_INVALID entry 0', 'EPOCH_MALFORMED entry 0', 'ENTRY_UNDECRYPTABLE from 5 to 10'],
  ],
  [
    'no epoch entry',
    changed(lines, 'epoch', (line) => ({ ...line, entry: 'AAAA' })),
    ['ENTRY_MALFORMED entry 0', 'EPOCH_MISSING from 5 to 10, epoch 0'],
  ],
  [
    'an event where the epoch should open',
    changed(lines, 'epoch', (line) => ({ ...line, seq: 6, entry: toBase64(entry(6)) })),
    ['EPOCH_MALFORMED entry 6', 'EPOCH_MISSING from 5 to 10, epoch 0'],
  ],
  ['no line for an epoch of it', lines.filter((line) => line.kind !== 'epoch' || line.seq !== 0), ['EPOCH_MISSING from 5 to 10, epoch 0']],
  [
    'no line for an epoch of it, sealed',
    sealed(lines).filter((line) => line.kind !== 'epoch' || line.seq !== 0),
    ['EPOCH_MISSING from 5 to 10, epoch 0'],
  ],
  [
    'an event left out that its secret opens',
    changed(lines, 'entry', (line) => ({ ...line, event: null }), 10),
    ['EVENT_MISMATCH entry 10'],
  ],
  ['nothing between first and last line', [...lines.slice(0, 1), end(0)], ['EXPORT_EMPTY']],
  ['no run', [...lines.filter(({ kind }) => kind !== 'run' && kind !== 'entry' && kind !== 'end'), end(0)], ['EXPORT_EMPTY']],
  ['a run without entries', [...lines.filter(({ kind }) => kind !== 'entry' && kind !== 'end'), end(0)], ['ENTRY_MISSING from 5 to 24']],
  ['a second log of which nothing is shown', [...lines.slice(0, -1), ...lines.slice(1, 2), end(20)], ['EXPORT_EMPTY']],
  ['nothing at all', [], ['EXPORT_EMPTY', 'EXPORT_TRUNCATED']],
  ['a certificate of nothing', changed(lines, 'epoch', (line) => ({ ...line, certificate: 'x' })), ['EPOCH_MALFORMED entry 0']],
  [
    'the certificate of another entry',
    changed(lines, 'epoch', (line) => ({ ...line, certificate: (line.certificate ?? '').replace('index 0', 'index 1') })),
    ['PROOF_INVALID entry 0'],
  ],
  [
    'a run with the proof of another entry',
    changed(lines, 'run', (line) => ({ ...line, first: line.last })),
    ['PROOF_INVALID from 5 to 24'],
  ],
  ['a run that is empty', changed(lines, 'run', (line) => ({ ...line, end: 5 })), expect.arrayContaining(['PROOF_INVALID entry 5'])],
  ['no last line', lines.slice(0, -1), ['EXPORT_TRUNCATED']],
  ['half of itself', lines.slice(0, 16), ['ENTRY_MISSING from 15 to 24', 'EXPORT_TRUNCATED']],
  ['a line that is no JSON', [...lines.slice(0, -1), '{', ...lines.slice(-1)], ['EXPORT_MALFORMED']],
  ['lines after its end', [...lines, ...lines.slice(-1)], ['EXPORT_MALFORMED']],
  ['no first line', lines.slice(1), expect.arrayContaining(['EXPORT_MALFORMED', 'EXPORT_TRUNCATED'])],
  [
    'the checkpoint of another log',
    changed(lines, 'log', (line) => ({ ...line, incarnation: '0000000000000000' })),
    expect.arrayContaining(['CHECKPOINT_FOREIGN']),
  ],
  [
    'a checkpoint that cannot be read',
    changed(lines, 'log', (line) => ({ ...line, checkpoint: 'x' })),
    expect.arrayContaining(['CHECKPOINT_MALFORMED']),
  ],
])('an export with %s is named', (_what, touched, expected) => {
  expect(names(touched)).toEqual(expected);
});

test('an export says which part of each log it covers, so that one cut short shows', () => {
  const { size } = parseCheckpoint(log.head).checkpoint;
  const whole = summaryOf(lines).sections[0];
  expect(whole).toEqual({
    incarnation: toHex(log.log.incarnation),
    size,
    pruned: [],
    ranges: [{ from: 5, to: 24 }],
    runs: 1,
    entries: 20,
    decrypted: 19,
    undecrypted: 0,
    firstWallMicros: parseHeader(entry(5)).wallMicros,
    lastWallMicros: parseHeader(entry(24)).wallMicros,
    published: 'unchecked',
  });
  const cut = summaryOf(honest(log, 5, 15));
  expect(cut).toMatchObject({ faults: 0, sections: [{ size, ranges: [{ from: 5, to: 14 }], entries: 10 }] });
});

test('runs that follow each other are one range', () => {
  const runsOf = (...ranges: readonly (readonly [number, number])[]): ExportLine[] => {
    const parts = ranges.map(([start, end]) => honest(log, start, end));
    const head = honest(log, 5, 25).filter(({ kind }) => kind === 'export' || kind === 'log' || kind === 'epoch');
    const runs = parts.flatMap((part) => part.filter(({ kind }) => kind === 'run' || kind === 'entry'));
    return [...head, ...runs, { kind: 'end', entries: runs.filter(({ kind }) => kind === 'entry').length }];
  };
  expect(summaryOf(runsOf([5, 10], [10, 20]))).toMatchObject({ faults: 0, sections: [{ runs: 2, ranges: [{ from: 5, to: 19 }] }] });
});

test.each([
  ['entry', changed(lines, 'entry', (line) => ({ ...line, entry: 'A' }), 10), 'ENTRY_MALFORMED entry 10'],
  ['epoch', changed(lines, 'epoch', (line) => ({ ...line, entry: 'A' })), 'ENTRY_MALFORMED entry 0'],
  ['secret', changed(lines, 'epoch', (line) => ({ ...line, secret: NOT_CANONICAL })), 'EPOCH_SECRET_MISMATCH'],
  ['hash', changed(lines, 'run', (line) => ({ ...line, first: line.first.map(() => NOT_CANONICAL) })), 'PROOF_INVALID from 5 to 24'],
])('base64 that has no canonical reading is no %s', (_what, touched, fault) => {
  expect(names(touched).join(' ')).toContain(fault);
});

test('a sealed export verifies, and each of its events counts as not opened', () => {
  expect(names(sealed(lines))).toEqual([]);
  expect(summaryOf(sealed(lines))).toMatchObject({ entries: 20, decrypted: 0, undecrypted: 19, faults: 0 });
});

test('an export that shows nothing is named without a key too, and says nothing about keys then', () => {
  expect(names([...lines.slice(0, 1), end(0)], [])).toEqual(['EXPORT_EMPTY']);
  expect(names([...lines.slice(0, 2), end(0)], [otherKey])).toEqual(['KEY_MISMATCH', 'EXPORT_EMPTY']);
});

test('a line that is too long or not of the format is no line', () => {
  expect([parseLine('x'.repeat(MAX_LINE + 1)), parseLine('{"kind":"other"}'), parseLine('[]'), parseLine('')]).toEqual(
    Array(4).fill(undefined),
  );
});

describe('a pruned range', () => {
  const origin = logOrigin(log.log);
  const statement = (change: Partial<PruneStatement> = {}, signer = mirror): string =>
    signPruneStatement(
      nodeCrypto,
      { origin, start: 0, end: 11, retentionDays: 2192, policyVersion: 7, ...change },
      { mirror: signer, timeSeconds: 1_700_000_000 },
    );
  /** What the server writes when epoch 0 is pruned: nothing of its entries, and the statement in their place. */
  const lines = (note: string): ExportLine[] => {
    const [head, section, ...rest] = honest(log, 11, 25);
    if (head === undefined || section === undefined) throw new RangeError('no export');
    return [head, section, { kind: 'pruned', start: 0, end: 11, statement: note }, ...rest];
  };

  test('is named beside what is left, and is no gap, when the server key given signed it', () => {
    expect(names(lines(statement()))).toEqual([]);
    const { sections } = summaryOf(lines(statement()));
    expect(sections[0]).toMatchObject({ pruned: [{ from: 0, to: 10 }], ranges: [{ from: 11, to: 24 }] });
  });

  test('is the whole answer where all was pruned', () => {
    const all = lines(statement()).filter(({ kind }) => kind === 'export' || kind === 'log' || kind === 'pruned');
    expect(names([...all, { kind: 'end', entries: 0 }])).toEqual([]);
  });

  test('is not believed from another signer, about another log or another range, or beyond the checkpoint', () => {
    const stranger = { name: mirror.name, signer: nodeCrypto.signer(nodeCrypto.random(32)) };
    expect(names(lines(statement({}, stranger)))).toEqual(['PRUNED_UNPROVEN from 0 to 10']);
    expect(names(lines(statement()), [log.logKey])).toEqual(['PRUNED_UNPROVEN from 0 to 10']);
    expect(names(lines(statement({ origin: `${origin}0` })))).toEqual(['PRUNED_UNPROVEN from 0 to 10']);
    expect(names(lines(statement({ end: 12 })))).toEqual(['PRUNED_UNPROVEN from 0 to 10']);
    expect(names(lines(log.head))).toEqual(['PRUNED_UNPROVEN from 0 to 10']);
    const beyond = honest(log, 11, 25);
    beyond.splice(2, 0, { kind: 'pruned', start: 0, end: 9999, statement: statement({ end: 9999 }) });
    expect(names(beyond)).toEqual(['PRUNED_UNPROVEN from 0 to 9998']);
  });

  test('a statement excuses no entry outside of it', () => {
    const cut = lines(statement()).filter((line) => line.kind !== 'entry' || line.seq !== 15);
    expect(names(cut)).toContain('ENTRY_MISSING entry 15');
  });
});
