/**
 * An auditor's export: what one seat recorded in a span of time, with everything that lets a stranger verify it offline. It
 * streams line by line in the format of core/audit/export and never leaves out its last line.
 */
import type { Kysely } from 'kysely';
import { type ExportLine, formatLine } from '../../core/audit/export/lines.ts';
import {
  type AuditCrypto,
  deriveEpochKeys,
  type EpochKeys,
  formatNote,
  formatTlogProof,
  inclusionProof,
  KIND_EPOCH,
  type NodeReader,
  openEntry,
  parseCheckpoint,
  parseHeader,
  type TreeHasher,
} from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import type { Intake } from './intake.ts';
import { type LogName, readEntries, readLog } from './logs.ts';
import type { Reader } from './reader.ts';
import { readTree } from './tree.ts';

export interface ExportWanted {
  /** A seat's name or workstation id. */
  readonly seat: string;
  readonly from: string;
  readonly to: string;
}

export interface Exports {
  /** Resolves once it is known that there is something to export. @throws WardlockError SERVER_NOT_FOUND */
  open(wanted: ExportWanted): Promise<{ readonly workstationId: string; readonly lines: AsyncIterable<string> }>;
}

interface ExportParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  readonly hasher: TreeHasher;
  readonly intake: Intake;
  /** Without it entries are exported sealed, with their proofs. */
  readonly reader: Reader | null;
  readonly now: () => number;
}

const CHUNK = 512;

interface Run extends LogName {
  readonly start: number;
  readonly end: number;
}

export function openExports(parts: ExportParts): Exports {
  return {
    open: async ({ seat, from, to }) => {
      const found = await parts.db
        .selectFrom('seats')
        .select('workstation_id')
        .where((eb) => eb.or([eb('name', '=', seat), eb('workstation_id', '=', seat)]))
        .orderBy('enrolled_at', 'desc')
        .executeTakeFirst();
      if (found === undefined) throw new WardlockError('SERVER_NOT_FOUND', `No seat is called ${seat}.`);
      const workstationId = found.workstation_id;
      const runs = await runsOf(parts.db, workstationId, { from: Date.parse(from), to: Date.parse(to) });
      if (runs.length === 0) throw new WardlockError('SERVER_NOT_FOUND', `The index has nothing of ${seat} between ${from} and ${to}.`);
      const question = `What did ${seat} record from ${from} to ${to}?`.slice(0, 400);
      return { workstationId, lines: lines(parts, { workstationId, question, runs }) };
    },
  };
}

/** One contiguous run for each log: from the first to the last entry of that time, with all between, whatever the clock did. */
async function runsOf(db: Kysely<Tables>, workstationId: string, time: { readonly from: number; readonly to: number }): Promise<Run[]> {
  const rows = await db
    .selectFrom('indexed_events')
    .innerJoin('logs', (join) =>
      join.onRef('logs.workstation_id', '=', 'indexed_events.workstation_id').onRef('logs.incarnation', '=', 'indexed_events.incarnation'),
    )
    .select((eb) => [
      'indexed_events.incarnation',
      eb.fn.min('seq').as('first'),
      eb.fn.max('seq').as('last'),
      eb.fn.min('logs.first_at').as('born'),
    ])
    .where('indexed_events.workstation_id', '=', workstationId)
    .where('at', '>=', time.from)
    .where('at', '<=', time.to)
    .groupBy('indexed_events.incarnation')
    .orderBy('born')
    .execute();
  return rows.map(({ incarnation, first, last }) => ({ workstationId, incarnation, start: Number(first), end: Number(last) + 1 }));
}

interface Question {
  readonly workstationId: string;
  readonly question: string;
  readonly runs: readonly Run[];
}

async function* lines(parts: ExportParts, { workstationId, question, runs }: Question): AsyncGenerator<string> {
  const created = new Date(parts.now()).toISOString();
  yield formatLine({ kind: 'export', format: 'wardlock-audit-export/1', workstation: workstationId, created, question });
  let entries = 0;
  for (const run of runs) {
    for await (const line of section(parts, run)) {
      if (line.kind === 'entry') entries += 1;
      yield formatLine(line);
    }
  }
  yield formatLine({ kind: 'end', entries });
}

async function* section(parts: ExportParts, run: Run): AsyncGenerator<ExportLine> {
  const { db, hasher } = parts;
  const log = await readLog(db, run);
  const receipt = await parts.intake.receipt(run);
  if (log === null || receipt === null) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A log that is indexed is not stored.');
  const { size } = parseCheckpoint(receipt).checkpoint;
  const node = await readTree(db, hasher, { ...run, size });
  const proofOf = (seq: number): string[] => inclusionProof(hasher, seq, size, node).map(base64);
  yield { kind: 'log', incarnation: run.incarnation, checkpoint: withSeatLines(receipt, log.note) };
  let keys: EpochKeys | null = null;
  const epochs = await epochsOf(parts, run, node);
  for (const epoch of epochs) {
    const secret = parts.reader?.secretOf(epoch.entry) ?? null;
    if (epoch.seq <= run.start && secret !== null) keys = deriveEpochKeys(parts.crypto, secret, parseHeader(epoch.entry));
    yield {
      kind: 'epoch',
      seq: epoch.seq,
      entry: base64(epoch.entry),
      proof: proofOf(epoch.seq),
      certificate: epoch.certificate,
      secret: secret === null ? null : base64(secret),
    };
  }
  yield { kind: 'run', start: run.start, end: run.end, first: proofOf(run.start), last: proofOf(run.end - 1) };
  for (let from = run.start; from < run.end; from += CHUNK) {
    const entries = await readEntries(db, run, { from, to: Math.min(from + CHUNK, run.end) });
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
async function epochsOf({ db, hasher }: ExportParts, run: Run, node: NodeReader): Promise<Epoch[]> {
  const kept = await db
    .selectFrom('checkpoints')
    .select(['size', 'note'])
    .where('workstation_id', '=', run.workstationId)
    .where('incarnation', '=', run.incarnation)
    .where('size', '<=', run.end)
    .orderBy('size')
    .execute();
  const inForce = kept.findLast(({ size }) => Number(size) <= run.start + 1);
  const epochs: Epoch[] = [];
  for (const { size, note } of kept.filter((row) => Number(row.size) >= Number(inForce?.size ?? 0))) {
    const seq = Number(size) - 1;
    const [entry] = await readEntries(db, run, { from: seq, to: seq + 1 });
    if (entry === undefined) continue;
    const hashes = inclusionProof(hasher, seq, seq + 1, node);
    epochs.push({ seq, entry, certificate: formatTlogProof({ index: seq, hashes, checkpoint: note }) });
  }
  return epochs;
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
