/**
 * An auditor's export: what one seat recorded in a span of time, with everything that lets a stranger verify it offline. It
 * streams line by line in the format of core/audit/export and never leaves out its last line.
 */
import type { Kysely } from 'kysely';
import { type ExportLine, type ExportLineOf, formatLine } from '../../core/audit/export/lines.ts';
import {
  type AuditCrypto,
  deriveEpochKeys,
  type EpochKeys,
  formatNote,
  formatTlogProof,
  KIND_EPOCH,
  openEntry,
  parseCheckpoint,
  parseHeader,
  type TreeHasher,
} from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import type { Envelopes } from './envelopes.ts';
import type { Intake } from './intake.ts';
import { findPublished } from './log-of-logs/published.ts';
import { type LogName, readLog } from './logs.ts';
import type { Reader } from './reader.ts';
import { type NamedSeat, seatsCalled } from './seat-names.ts';
import { type LogSpan, type Span, spansOf } from './spans.ts';
import { readTree, type StoredTree } from './tree.ts';

export interface ExportWanted {
  /** A workstation id, or a name: an export is of one machine, so only one of that name may have recorded something in that time. */
  readonly seat: string;
  readonly from: string;
  readonly to: string;
}

export interface Exports {
  /** Resolves once it is known that there is something to export. @throws WardlockError SERVER_NOT_FOUND, SERVER_SEAT_AMBIGUOUS */
  open(wanted: ExportWanted): Promise<{ readonly workstationId: string; readonly lines: AsyncIterable<string> }>;
}

interface ExportParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  readonly hasher: TreeHasher;
  readonly intake: Intake;
  readonly envelopes: Envelopes;
  /** Without it entries are exported sealed, with their proofs. */
  readonly reader: Reader | null;
  readonly now: () => number;
}

const CHUNK = 512;
/** Machines of one name that a refusal lists: it is a sentence of bounded length. */
const MOST_NAMED = 4;
/** Epochs looked up at once. */
const EPOCHS = 64;

export function openExports(parts: ExportParts): Exports {
  return {
    open: async ({ seat, from, to }) => {
      const seats = await seatsCalled(parts.db, seat);
      if (seats.length === 0) throw new WardlockError('SERVER_NOT_FOUND', `No seat is called ${seat}.`);
      const [found, ...others] = await recordedBy(parts.db, seats, { from: Date.parse(from), to: Date.parse(to) });
      if (found === undefined) throw new WardlockError('SERVER_NOT_FOUND', `Nothing is stored of ${seat} between ${from} and ${to}.`);
      if (others.length > 0) throw ambiguous(seat, [found, ...others]);
      const { workstationId, spans } = found;
      const question = `What did ${seat} record from ${from} to ${to}?`.slice(0, 400);
      return { workstationId, lines: lines(parts, { workstationId, question, spans }) };
    },
  };
}

interface Recorded extends NamedSeat {
  readonly spans: readonly LogSpan[];
}

/** Those of the machines of which anything is stored from that time. */
async function recordedBy(db: Kysely<Tables>, seats: readonly NamedSeat[], time: { readonly from: number; readonly to: number }) {
  const recorded: Recorded[] = [];
  for (const seat of seats) {
    const spans = await spansOf(db, seat.workstationId, time);
    if (spans.length > 0) recorded.push({ ...seat, spans });
  }
  return recorded;
}

/** Half an answer would look like all of it. */
function ambiguous(seat: string, machines: readonly NamedSeat[]): WardlockError {
  const named = machines
    .slice(0, MOST_NAMED)
    .map(({ workstationId, enrolledAt }) => `${workstationId} (enrolled ${new Date(enrolledAt).toISOString().slice(0, 10)})`);
  const more = machines.length > MOST_NAMED ? ' and others, see: seat list' : '';
  return new WardlockError(
    'SERVER_SEAT_AMBIGUOUS',
    `${machines.length} machines called ${seat} recorded something in that time: ${named.join(', ')}${more}. Export each by its id.`,
  );
}

interface Question {
  readonly workstationId: string;
  readonly question: string;
  readonly spans: readonly LogSpan[];
}

async function* lines(parts: ExportParts, { workstationId, question, spans }: Question): AsyncGenerator<string> {
  const created = new Date(parts.now()).toISOString();
  yield formatLine({ kind: 'export', format: 'wardlock-audit-export/1', workstation: workstationId, created, question });
  let entries = 0;
  for (const span of spans) {
    for await (const line of section(parts, span)) {
      if (line.kind === 'entry') entries += 1;
      yield formatLine(line);
    }
  }
  yield formatLine({ kind: 'end', entries });
}

async function* section(parts: ExportParts, span: LogSpan): AsyncGenerator<ExportLine> {
  const { db, hasher } = parts;
  const log = await readLog(db, span);
  const receipt = await parts.intake.receipt(span);
  if (log === null || receipt === null) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A log that is indexed is not stored.');
  const { size } = parseCheckpoint(receipt).checkpoint;
  yield { kind: 'log', incarnation: span.incarnation, checkpoint: withSeatLines(receipt, log.note) };
  const tree = await readTree(db, hasher, { ...span, size });
  yield { kind: 'published', place: await publishedPlace(parts, span, tree) };
  const pruned = [...span.pruned];
  for (const run of runsOf(span)) {
    while (pruned[0] !== undefined && pruned[0].start < run.start) {
      const { start, end, statement } = pruned[0];
      yield { kind: 'pruned', start, end, statement };
      pruned.shift();
    }
    yield* runLines(parts, { name: span, run, tree });
  }
  for (const { start, end, statement } of pruned) yield { kind: 'pruned', start, end, statement };
}

/** Null where nothing of this log that is stored was put in the log of logs yet. */
async function publishedPlace({ db, hasher }: ExportParts, name: LogName, tree: StoredTree): Promise<ExportLineOf<'published'>['place']> {
  const found = await findPublished(db, hasher, { ...name, size: tree.size });
  if (found === null) return null;
  const consistency = found.size === 0 ? [] : await tree.consistency(found.size);
  return { entry: base64(found.entry), proof: found.proof, consistency: consistency.map(base64) };
}

/** What is left of a span between its pruned ranges. */
function runsOf({ kept, pruned }: LogSpan): Span[] {
  if (kept === null) return [];
  const runs: Span[] = [];
  let { start } = kept;
  for (const range of pruned) {
    if (range.start > start) runs.push({ start, end: Math.min(range.start, kept.end) });
    start = Math.max(start, range.end);
  }
  if (start < kept.end) runs.push({ start, end: kept.end });
  return runs;
}

interface RunWanted {
  readonly name: LogName;
  readonly run: Span;
  readonly tree: StoredTree;
}

async function* runLines(parts: ExportParts, { name, run, tree }: RunWanted): AsyncGenerator<ExportLine> {
  let keys: EpochKeys | null = null;
  const proofOf = async (seq: number): Promise<string[]> => (await tree.proof(seq)).map(base64);
  for await (const epoch of epochsOf(parts, { name, run, tree })) {
    const secret = parts.reader?.secretOf(epoch.entry) ?? null;
    if (epoch.seq <= run.start && secret !== null) keys = deriveEpochKeys(parts.crypto, secret, parseHeader(epoch.entry));
    yield {
      kind: 'epoch',
      seq: epoch.seq,
      entry: base64(epoch.entry),
      proof: await proofOf(epoch.seq),
      certificate: epoch.certificate,
      secret: secret === null ? null : base64(secret),
    };
  }
  yield { kind: 'run', start: run.start, end: run.end, first: await proofOf(run.start), last: await proofOf(run.end - 1) };
  for (let from = run.start; from < run.end; from += CHUNK) {
    const entries = await parts.envelopes.read(name, { from, to: Math.min(from + CHUNK, run.end) });
    for (const [at, entry] of entries.entries()) {
      const header = parseHeader(entry);
      const opens = header.kind === KIND_EPOCH;
      const secret = opens ? (parts.reader?.secretOf(entry) ?? null) : null;
      if (opens) keys = secret === null ? null : deriveEpochKeys(parts.crypto, secret, header);
      const event = opens || keys === null ? null : (openEntry(keys, entry) ?? null);
      yield { kind: 'entry', seq: from + at, entry: base64(entry), event };
    }
  }
}

interface Epoch {
  readonly seq: number;
  readonly entry: Uint8Array;
  readonly certificate: string;
}

/** The epoch in force where the run starts and each that opens within it, with the closing checkpoint that certified it. */
async function* epochsOf({ db, envelopes }: ExportParts, { name, run, tree }: RunWanted): AsyncGenerator<Epoch> {
  const first = await db
    .selectFrom('checkpoints')
    .select((eb) => eb.fn.max('size').as('size'))
    .where('workstation_id', '=', name.workstationId)
    .where('incarnation', '=', name.incarnation)
    .where('size', '<=', run.start + 1)
    .executeTakeFirst();
  let from = Number(first?.size ?? 0);
  for (;;) {
    const kept = await db
      .selectFrom('checkpoints')
      .select(['size', 'note'])
      .where('workstation_id', '=', name.workstationId)
      .where('incarnation', '=', name.incarnation)
      .where('size', '>=', from)
      .where('size', '<=', run.end)
      .orderBy('size')
      .limit(EPOCHS)
      .execute();
    for (const { size, note } of kept) {
      from = Number(size) + 1;
      const seq = Number(size) - 1;
      const [entry] = await envelopes.read(name, { from: seq, to: seq + 1 });
      if (entry === undefined || entry.length === 0) continue;
      const hashes = await tree.proof(seq, seq + 1);
      yield { seq, entry, certificate: formatTlogProof({ index: seq, hashes, checkpoint: note }) };
    }
    if (kept.length < EPOCHS) return;
  }
}

/** The mirror's line and, where the seat's last checkpoint is over the same entries, the seat's own lines too. */
function withSeatLines(receipt: string, note: string): string {
  const mirror = parseCheckpoint(receipt).note;
  const seat = parseCheckpoint(note).note;
  return seat.text === mirror.text ? formatNote({ text: mirror.text, signatures: [...seat.signatures, ...mirror.signatures] }) : receipt;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
