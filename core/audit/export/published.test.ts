/** The place of a log in the log of logs: proven under the key of that log alone, and each way of lying about it is named. */
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../../crypto/index.ts';
import { honestExport, nodesOf } from '../../../test/audit/honest-export.ts';
import { memoryLog } from '../../../test/audit/memory-log.ts';
import { toBase64 } from '../bytes.ts';
import { formatCheckpoint, logOrigin, parseCheckpoint } from '../checkpoint.ts';
import { CompactRange } from '../compact.ts';
import { cosign } from '../cosignature.ts';
import { describeFault } from '../faults.ts';
import { treeHasher } from '../hasher.ts';
import { consistencyProof } from '../merkle.ts';
import { formatNote, NOTE_ED25519, type NoteVerifier, noteVerifier, signNote } from '../note.ts';
import { formatTlogProof } from '../proofs.ts';
import { type ExportLineOf, formatLine } from './lines.ts';
import type { Publication } from './published.ts';
import { verifyExport } from './verify-export.ts';

const hasher = treeHasher(nodeCrypto);
const log = memoryLog({ epochs: [10, 20, 5] });
const named = (name: string) => ({ name, signer: nodeCrypto.signer(nodeCrypto.random(32)) });
const mirror = named('wardlock/site/mirror');
const witness = named('wardlock/site/witness');
const publisher = named('wardlock/site/log/0123456789abcdef');
const keyOf = ({ name, signer }: typeof publisher): NoteVerifier =>
  noteVerifier(nodeCrypto, { name, type: NOTE_ED25519, publicKey: signer.publicKey });
const { size: whole } = parseCheckpoint(log.head).checkpoint;

type Place = NonNullable<ExportLineOf<'published'>['place']>;

/** The entry for the first `size` entries: last of three in a log of logs. */
function placeOf(size: number, { origin = logOrigin(log.log), root = rootOf(size), by = publisher } = {}): Place {
  const text = formatCheckpoint({ origin, size, root });
  const entry = Buffer.from(formatNote({ text, signatures: [cosign(nodeCrypto, text, witness, 5)] }));
  const range = CompactRange.empty(hasher);
  const before = [Buffer.from('one'), Buffer.from('two')].map((other) => hasher.leaf(other));
  for (const leaf of [...before, hasher.leaf(entry)]) range.append(leaf);
  const [first, second] = before;
  if (first === undefined || second === undefined) throw new RangeError('two entries');
  const checkpoint = formatNote(signNote(nodeCrypto, formatCheckpoint({ origin: publisher.name, size: 3, root: range.root() }), [by]));
  const consistency = consistencyProof(hasher, size, whole, nodesOf(log)).map(toBase64);
  return { entry: toBase64(entry), proof: formatTlogProof({ index: 2, hashes: [hasher.node(first, second)], checkpoint }), consistency };
}

function rootOf(size: number): Uint8Array {
  const range = CompactRange.empty(hasher);
  for (let seq = 0; seq < size; seq += 1) range.append(hasher.leaf(log.entries.get(seq) ?? new Uint8Array(0)));
  return range.root();
}

function verified(place: Place | null, keys: readonly NoteVerifier[]): { lines: string[]; published: Publication | undefined } {
  const [head, section, ...rest] = honestExport(log, { start: 5, end: 25 }, mirror);
  if (head === undefined || section === undefined) throw new RangeError('an export has a head');
  const run = verifyExport(
    nodeCrypto,
    [head, section, { kind: 'published' as const, place }, ...rest].map((line) => formatLine(line).trimEnd()),
    { keys: [log.logKey, ...keys] },
  );
  const lines: string[] = [];
  let step = run.next();
  for (; step.done !== true; step = run.next()) lines.push(describeFault(step.value).split('.')[0] ?? '');
  return { lines, published: step.value.sections[0]?.published };
}

test.each([1, 11, 25, whole - 1, whole])('a checkpoint over %i entries that is in the log of logs is told', (size) => {
  expect(verified(placeOf(size), [keyOf(publisher)])).toEqual({ lines: [], published: size });
});

test('without the key of the log of logs nothing is said about it; one that has no place yet says so', () => {
  expect(verified(placeOf(11), [])).toEqual({ lines: [], published: 'unchecked' });
  expect(verified(null, [keyOf(publisher)])).toEqual({ lines: [], published: 'waiting' });
});

const fault = 'PROOF_INVALID: A proof does not lead to the signed root';
test.each<[string, Place]>([
  ['signed by another key', placeOf(11, { by: { ...publisher, signer: witness.signer } })],
  ['of another entry', { ...placeOf(11), entry: placeOf(12).entry }],
  ['of another log', placeOf(11, { origin: 'wardlock/seat/other' })],
  ['over other entries', placeOf(11, { root: nodeCrypto.random(32) })],
  ['without the way to the checkpoint', { ...placeOf(11), consistency: [] }],
  ['whose hashes have no canonical reading', { ...placeOf(11), consistency: placeOf(11).consistency.map(() => `${'A'.repeat(42)}B=`) }],
  ['whose entry has no canonical reading', { ...placeOf(11), entry: 'A' }],
  ['that cannot be read', { ...placeOf(11), proof: 'c2sp.org/tlog-proof@v1\nindex 2\n\n' }],
])('a place %s is a fault', (_what, place) => {
  expect(verified(place, [keyOf(publisher)])).toEqual({ lines: [fault], published: 'unchecked' });
});
