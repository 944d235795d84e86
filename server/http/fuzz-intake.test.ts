/**
 * The two routes that logs come in by, against real batches and real signed anchors that were spoilt a little: so that they get
 * past the door and into what judges. Whatever comes, the answer is a status below 500 with a code and no stack, most of it was
 * judged and not just unreadable, and what is stored afterwards is the seat's own. Nonsense from schemas: fuzz.test.ts.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import type { SimRecord } from '../../cli/sim/record.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { formatNote, logKeyName, parseCheckpoint, parseNote, signNote } from '../../core/audit/index.ts';
import { isErrorCode } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { type SiteOfOne, siteOfOne } from '../../test/support/site-of-one.ts';
import type { Site } from '../compose.ts';
import { withoutEnvelopes } from '../services/envelopes.ts';
import { unpackEntries } from '../services/logs.ts';
import type { App } from './app.ts';

const SEED = 20_261_128;
const RUNS = 400;
/** Of all requests, at the least, so many were read and judged. */
const JUDGED_SHARE = 0.4;
/** Entries that the server has before the first spoilt request, in the midst of an epoch. */
const STORED = 30;
const EPOCHS = 4;
const OF_AN_EPOCH = 20;
const FUZZ_MS = 60_000;

let one: SiteOfOne;
let site: Site;
let app: App;
let record: SimRecord;

beforeEach(async () => {
  one = await siteOfOne();
  ({ site, record } = one);
  grow(EPOCHS / 2);
  app = await one.seatsApp();
});
afterEach(async () => {
  await app.close();
  await one.remove();
});

function grow(epochs: number): void {
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    record.newEpoch();
    record.append(OF_AN_EPOCH);
  }
}

interface Upload {
  readonly incarnation: string;
  readonly start: number;
  readonly note: string;
  readonly proof: readonly Uint8Array[];
  readonly entries: readonly Uint8Array[];
}

function honest(start: number, entries: number): Upload {
  return { incarnation: record.incarnation, ...record.log.run(start, { entries, bytes: 1_000_000 }) };
}

async function put({ incarnation, start, ...upload }: Upload, spoil: (body: Buffer) => Buffer = (body) => body) {
  const payload = spoil(encodeEntries(upload));
  const headers = { 'content-type': 'application/octet-stream' };
  return app.inject({ method: 'PUT', url: `${seatPaths.entries}/${incarnation}/${start}`, headers, payload });
}

function expectCalm(answer: Awaited<ReturnType<typeof put>>): void {
  expect(answer.statusCode, answer.body).toBeLessThan(500);
  expect(answer.body).not.toMatch(/\bat .+:\d+:\d+|node_modules|SQLITE|sqlite|TypeError|RangeError/);
}

const place = fc.nat(1_000_000);
const at = <T>(list: readonly T[], index: number): number => (list.length === 0 ? 0 : index % list.length);

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[at([...copy], index)] = (copy[at([...copy], index)] ?? 0) ^ (1 << (index % 8));
  return copy;
}

function charred(text: string, index: number): string {
  const spot = at([...text], index);
  return `${text.slice(0, spot)}${String.fromCharCode(33 + (index % 90))}${text.slice(spot + 1)}`;
}

/** A note of other lines under the seat's own log key: what only the seat itself could send. */
function signedAgain(note: string, change: (lines: string[]) => void): string {
  const lines = parseNote(note).text.split('\n');
  change(lines);
  const signer = { name: logKeyName(record.log.workstation), signer: record.signer };
  return formatNote(signNote(nodeCrypto, lines.join('\n'), [signer]));
}

const size = fc.constantFrom(
  '0',
  '1',
  '29',
  '30',
  '31',
  '84',
  '85',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551615',
  '-1',
  '01',
  'x',
);
const otherSize = size.map((text) => (note: string) => signedAgain(note, (lines) => lines.splice(1, 1, text)));
const otherRoot = place.map(
  (n) => (note: string) =>
    signedAgain(note, (lines) => lines.splice(2, 1, Buffer.from(flipped(Buffer.alloc(32, n), n)).toString('base64'))),
);
const moreLines = fc.string().map((line) => (note: string) => signedAgain(note, (lines) => lines.splice(-1, 0, line.replaceAll('\n', ''))));
/** A note with one thing about it that is not as the seat wrote it. */
const spoiltNote: fc.Arbitrary<(note: string) => string> = fc.oneof(
  place.map((n) => (note: string) => charred(note, n)),
  place.map((n) => (note: string) => note.slice(0, at([...note], n))),
  fc.constantFrom(
    (note: string) => note.replaceAll('\n', '\r\n'),
    (note: string) => `${note}${note}`,
    () => '',
  ),
  // Without one of its signatures, or with one of them twice.
  fc.boolean().map((twice) => (note: string) => {
    const lines = note.split('\n');
    const last = lines.at(-2) ?? '';
    return [...lines.slice(0, -2), ...(twice ? [last, last] : []), ''].join('\n');
  }),
  otherSize,
  otherRoot,
);

/** Spoilt in its parts: each still has the form of an upload. */
const spoiltUpload: fc.Arbitrary<(upload: Upload) => Upload> = fc.oneof(
  fc.tuple(place, place).map(([n, bit]) => (upload: Upload) => {
    const entries = upload.entries.map((entry, index) => (index === at(upload.entries, n) ? flipped(entry, bit) : entry));
    return { ...upload, entries };
  }),
  place.map((n) => (upload: Upload) => ({ ...upload, entries: upload.entries.toSpliced(at(upload.entries, n), 1) })),
  place.map((n) => (upload: Upload) => {
    const entry = upload.entries[at(upload.entries, n)] ?? new Uint8Array();
    return { ...upload, entries: upload.entries.toSpliced(at(upload.entries, n), 0, entry) };
  }),
  place.map((n) => (upload: Upload) => {
    const { entries } = upload;
    const [first, second] = [at(entries, n), at(entries, n + 1)];
    return {
      ...upload,
      entries: entries.with(first, entries[second] ?? new Uint8Array()).with(second, entries[first] ?? new Uint8Array()),
    };
  }),
  fc.tuple(place, place).map(([n, length]) => (upload: Upload) => {
    const cut = (entry: Uint8Array): Uint8Array => entry.subarray(0, at([...entry], length));
    return { ...upload, entries: upload.entries.map((entry, index) => (index === at(upload.entries, n) ? cut(entry) : entry)) };
  }),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => (upload: Upload) => ({ ...upload, entries: [...upload.entries, bytes] })),
  place.map((n) => (upload: Upload) => ({ ...upload, proof: upload.proof.map((hash) => flipped(hash, n)) })),
  fc.constantFrom(
    (upload: Upload) => ({ ...upload, proof: [] }),
    (upload: Upload) => ({ ...upload, proof: [...upload.proof, Buffer.alloc(32)] }),
    (upload: Upload) => ({ ...upload, proof: upload.proof.toReversed() }),
    (upload: Upload) => ({ ...upload, incarnation: '0'.repeat(16) }),
  ),
  fc.integer({ min: -40, max: 40 }).map((by) => (upload: Upload) => ({ ...upload, start: Math.max(0, upload.start + by) })),
  spoiltNote.map((spoil) => (upload: Upload) => ({ ...upload, note: spoil(upload.note) })),
);

/** Spoilt on the wire: lengths, order and ends of the framing itself. */
const spoiltBytes: fc.Arbitrary<(body: Buffer) => Buffer> = fc.oneof(
  { weight: 8, arbitrary: fc.constant((body: Buffer) => body) },
  place.map((n) => (body: Buffer) => Buffer.from(flipped(body, n))),
  place.map((n) => (body: Buffer) => body.subarray(0, at([...body], n))),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map((more) => (body: Buffer) => Buffer.concat([body, more])),
);

test('uploads of real entries that were spoilt: 4xx with a code, most of them judged, and only the seat’s own bytes are stored', {
  timeout: FUZZ_MS,
}, async () => {
  grow(EPOCHS / 2);
  for (let start = 0; start < STORED; ) {
    const batch = honest(start, STORED - start);
    expect((await put(batch)).statusCode).toBe(200);
    start += batch.entries.length;
  }
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(
    fc.integer({ min: 0, max: record.size - 1 }),
    fc.integer({ min: 1, max: OF_AN_EPOCH }),
    fc.array(spoiltUpload, { minLength: 1, maxLength: 2 }),
    spoiltBytes,
    async (start, count, spoils, spoilBytes) => {
      const upload = spoils.reduce((made, spoil) => spoil(made), honest(start, count));
      const answer = await put(upload, spoilBytes);
      expectCalm(answer);
      const code = answer.statusCode === 200 ? 'taken' : answer.json<{ code: string }>().code;
      if (code !== 'taken') expect(isErrorCode(code), answer.body).toBe(true);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  const judged = [...seen].reduce((sum, [code, count]) => sum + (/^(INTAKE_|taken)/.test(code) ? count : 0), 0);
  expect(judged / RUNS, JSON.stringify([...seen])).toBeGreaterThan(JUDGED_SHARE);
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['INTAKE_UNVERIFIED', 'INTAKE_DIFFERENT_BYTES', 'INTAKE_SIZE_CONFLICT']));
  await expectOnlyItsOwn();
});

/** The log can still go on to its end, and is byte for byte what the seat wrote. */
async function expectOnlyItsOwn(): Promise<void> {
  const { db } = site.store;
  const log = await db.selectFrom('logs').select('size').where('incarnation', '=', record.incarnation).executeTakeFirstOrThrow();
  for (let start = Number(log.size); start < record.size; ) {
    const batch = honest(start, record.size);
    const answer = await put(batch);
    expect(answer.statusCode, answer.body).toBe(200);
    start += batch.entries.length;
  }
  const segments = await db.selectFrom('segments').selectAll().orderBy('incarnation').orderBy('start').execute();
  expect(new Set(segments.map(({ incarnation }) => incarnation))).toEqual(new Set([record.incarnation]));
  const stored = segments.flatMap(({ entries }) => unpackEntries(entries));
  expect(stored.length).toBe(record.size);
  for (const [index, entry] of stored.entries())
    expect(Buffer.from(withoutEnvelopes(record.log.entries[index] ?? new Uint8Array())).equals(entry), `entry ${index}`).toBe(true);
}

const count = fc.constantFrom('0', '1', '41', '42', '43', '84', '85', '-1', '01', '9007199254740993', 'x', '');
/** An anchor's request with one thing about it that is not as the seat wrote it; `old`, proof and note each on their own. */
const spoiltAnchor: fc.Arbitrary<(body: string) => string> = fc.oneof(
  count.map((old) => (body: string) => body.replace(/^old \d+/, `old ${old}`)),
  place.map((n) => (body: string) => charred(body, n)),
  place.map(
    (n) => (body: string) =>
      withProof(body, (lines) => lines.map((line) => Buffer.from(flipped(Buffer.from(line, 'base64'), n)).toString('base64'))),
  ),
  fc.constantFrom(
    (body: string) => withProof(body, () => []),
    (body: string) => withProof(body, (lines) => lines.toReversed()),
    (body: string) => withProof(body, (lines) => [...lines, ...lines]),
    (body: string) => withProof(body, (lines) => Array.from({ length: 64 }, () => lines[0] ?? 'A'.repeat(44))),
  ),
  fc.oneof(spoiltNote, moreLines).map((spoil) => (body: string) => withNote(body, spoil)),
  { weight: 2, arbitrary: fc.oneof(otherSize, otherRoot, moreLines).map((spoil) => (body: string) => withNote(body, spoil)) },
);

function withProof(body: string, change: (lines: string[]) => string[]): string {
  const end = body.indexOf('\n\n');
  const [old = '', ...proof] = body.slice(0, end).split('\n');
  return `${[old, ...change(proof)].join('\n')}${body.slice(end)}`;
}

function withNote(body: string, change: (note: string) => string): string {
  const start = body.indexOf('\n\n') + 2;
  const note = body.slice(start);
  try {
    return `${body.slice(0, start)}${change(note)}`;
  } catch {
    // Spoilt before so that nobody can sign it again.
    return body;
  }
}

test('anchors that were spoilt: the statuses of tlog-witness and no other, most of them judged, and no other history is pinned', {
  timeout: FUZZ_MS,
}, async () => {
  const headers = { 'content-type': 'text/plain' };
  const anchor = (payload: string) => app.inject({ method: 'POST', url: seatPaths.addCheckpoint, headers, payload });
  const rootNow = (): string => Buffer.from(parseCheckpoint(record.anchorNote()).checkpoint.root).toString('hex');
  const pinnedSize = record.size;
  const roots = new Map([[pinnedSize, rootNow()]]);
  expect((await anchor(record.anchorBody(0))).statusCode).toBe(200);
  grow(EPOCHS / 2);
  roots.set(record.size, rootNow());
  const { db } = site.store;
  const pinned = () => db.selectFrom('logs').select(['pinned_size', 'pinned_root', 'pinned_note', 'pinned_at']).executeTakeFirstOrThrow();
  const before = await pinned();
  const seen = new Map<number, number>();
  const property = fc.asyncProperty(
    fc.constantFrom(pinnedSize, pinnedSize, pinnedSize, record.size, 0),
    fc.array(spoiltAnchor, { minLength: 1, maxLength: 2 }),
    async (oldSize, spoils) => {
      const answer = await anchor(spoils.reduce((made, spoil) => spoil(made), record.anchorBody(oldSize)));
      expectCalm(answer);
      expect([200, 400, 403, 404, 409, 422]).toContain(answer.statusCode);
      seen.set(answer.statusCode, (seen.get(answer.statusCode) ?? 0) + 1);
      if (answer.statusCode !== 200) return;
      const now = await pinned();
      const root = Buffer.from(now.pinned_root).toString('hex');
      const known = roots.get(Number(now.pinned_size));
      // RFC 6962's proof from 42 to 84 leads to 85 as well: a seat that signs the wrong size for a root of its own is found out by its entries.
      expect(known === undefined ? [...roots.values()] : [known]).toContain(root);
      // As it was, so that the next one is judged against an anchor that it extends.
      await db.updateTable('logs').set(before).execute();
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  const judged = RUNS - (seen.get(400) ?? 0);
  expect(judged / RUNS, JSON.stringify([...seen])).toBeGreaterThan(JUDGED_SHARE);
  expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 403, 404, 409, 422]));
  expect(await pinned()).toEqual(before);
});
