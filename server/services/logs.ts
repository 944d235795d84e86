/**
 * Reads and writes what the server knows of a seat's log: state, segments, checkpoints. Every statement names the seat
 * first. It judges nothing.
 */
import type { Kysely } from 'kysely';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { emptyLog, type LogState } from '../../core/intake/batch.ts';
import { given, hotQuery } from '../store/hot-query.ts';
import type { Tables } from '../store/schema.ts';

export interface LogName {
  readonly workstationId: string;
  readonly incarnation: string;
}

export interface StoredLog {
  readonly state: LogState;
  /** `at`: when this head was last shown, in milliseconds since 1970. */
  readonly pinned: { readonly size: number; readonly root: Uint8Array; readonly note: string; readonly at: number };
  /** The newest checkpoint that entries came with. */
  readonly note: string;
}

export interface Segment {
  readonly start: number;
  readonly entries: readonly Uint8Array[];
}

const LogTail = Type.Object({ epoch: Type.Integer(), key: Type.String(), link: Type.String() });
const LENGTH_BYTES = 4;

const selectLog = hotQuery({ workstationId: given.text(), incarnation: given.text() }, (db, { workstationId, incarnation }) =>
  db.selectFrom('logs').selectAll().where('workstation_id', '=', workstationId).where('incarnation', '=', incarnation),
);

export async function readLog(db: Kysely<Tables>, { workstationId, incarnation }: LogName): Promise<StoredLog | null> {
  const [row] = (await selectLog(db, { workstationId, incarnation })).rows;
  if (row === undefined) return null;
  const pinned = { size: Number(row.pinned_size), root: row.pinned_root, note: row.pinned_note, at: Number(row.pinned_at) };
  if (row.verifier === '') return { state: emptyLog, pinned, note: '' };
  const tail: unknown = JSON.parse(row.verifier);
  if (!Value.Check(LogTail, tail)) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The stored state of a log cannot be read.');
  return {
    state: {
      size: Number(row.size),
      frontier: chunks(row.frontier, HASH_BYTES),
      link: Buffer.from(tail.link, 'hex'),
      epoch: { number: tail.epoch, publicKey: Buffer.from(tail.key, 'base64') },
    },
    pinned,
    note: row.note,
  };
}

/** Makes the row of a log that is heard of for the first time. Racing requests make one. */
export async function ensureLog(db: Kysely<Tables>, { workstationId, incarnation }: LogName, at: number): Promise<void> {
  await db
    .insertInto('logs')
    .values({
      workstation_id: workstationId,
      incarnation,
      pinned_size: 0,
      pinned_root: Buffer.alloc(HASH_BYTES),
      pinned_note: '',
      pinned_at: at,
      size: 0,
      frontier: Buffer.alloc(0),
      verifier: '',
      note: '',
      first_at: at,
    })
    .onConflict((c) => c.columns(['workstation_id', 'incarnation']).doNothing())
    .execute();
}

const moveLog = hotQuery(
  {
    workstationId: given.text(),
    incarnation: given.text(),
    from: given.number(),
    pinned: given.number(),
    size: given.number(),
    frontier: given.bytes(),
    verifier: given.text(),
    note: given.text(),
  },
  (db, { workstationId, incarnation, from, pinned, size, frontier, verifier, note }) =>
    db
      .updateTable('logs')
      .set({ size, frontier, verifier, note })
      .where('workstation_id', '=', workstationId)
      .where('incarnation', '=', incarnation)
      .where('size', '=', from)
      .where('pinned_size', '=', pinned),
);

/** Moves the log on, if it still has the size and the anchor that were judged; false when another request was first. */
export async function advance(
  db: Kysely<Tables>,
  name: LogName,
  change: { readonly from: number; readonly pinned: number; readonly to: LogState; readonly note: string },
): Promise<boolean> {
  const { epoch, link, frontier, size } = change.to;
  if (epoch === null) return false;
  const tail = { epoch: epoch.number, key: Buffer.from(epoch.publicKey).toString('base64'), link: Buffer.from(link).toString('hex') };
  const { workstationId, incarnation } = name;
  const { from, pinned, note } = change;
  const verifier = JSON.stringify(tail);
  const result = await moveLog(db, { workstationId, incarnation, from, pinned, size, frontier: Buffer.concat(frontier), verifier, note });
  return result.numAffectedRows === 1n;
}

const movePin = hotQuery(
  {
    workstationId: given.text(),
    incarnation: given.text(),
    from: given.number(),
    stored: given.number(),
    pinned_size: given.number(),
    pinned_root: given.bytes(),
    pinned_note: given.text(),
    pinned_at: given.number(),
  },
  (db, { workstationId, incarnation, from, stored, ...pinned }) =>
    db
      .updateTable('logs')
      .set(pinned)
      .where('workstation_id', '=', workstationId)
      .where('incarnation', '=', incarnation)
      .where('size', '=', stored)
      .where('pinned_size', '=', from),
);

/** Moves what an anchor fixed, if it is still what was judged; false when another request was first. */
export async function pin(
  db: Kysely<Tables>,
  name: LogName,
  pinned: {
    readonly from: number;
    /** The entries that were stored when the checkpoint was judged. */
    readonly stored: number;
    readonly size: number;
    readonly root: Uint8Array;
    readonly note: string;
    readonly at: number;
  },
): Promise<boolean> {
  const { workstationId, incarnation } = name;
  const { from, stored, size: pinned_size, note: pinned_note, at: pinned_at } = pinned;
  const pinned_root = Buffer.from(pinned.root);
  const result = await movePin(db, { workstationId, incarnation, from, stored, pinned_size, pinned_root, pinned_note, pinned_at });
  return result.numAffectedRows === 1n;
}

/** Entries in one column: each as u32 length, big-endian, and its bytes. What lies in one body like that is taken as it lies. */
export function packEntries(entries: readonly Uint8Array[]): Buffer {
  return packedAlready(entries) ?? pack(entries);
}

function pack(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(entry.length);
      return [length, entry];
    }),
  );
}

/** The memory that these entries lie in, one behind the other with their lengths before them; null when they do not. */
function packedAlready(entries: readonly Uint8Array[]): Buffer | null {
  const [first] = entries;
  if (first === undefined || first.byteOffset < LENGTH_BYTES) return null;
  const from = first.byteOffset - LENGTH_BYTES;
  const whole = Buffer.from(first.buffer);
  let at = from;
  for (const entry of entries) {
    if (entry.buffer !== first.buffer || entry.byteOffset !== at + LENGTH_BYTES || whole.readUInt32BE(at) !== entry.length) return null;
    at += LENGTH_BYTES + entry.length;
  }
  return whole.subarray(from, at);
}

/** @throws WardlockError SERVER_REQUEST_MALFORMED when the lengths do not add up */
export function unpackEntries(packed: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + LENGTH_BYTES > bytes.length ? Number.POSITIVE_INFINITY : at + LENGTH_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new WardlockError('SERVER_REQUEST_MALFORMED', 'A part of the body is longer than the body.');
    parts.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return parts;
}

interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** The entries of [from, to) as they are stored, in order: without their envelopes (services/envelopes.ts), of length 0 what was purged. */
export async function readStored(db: Kysely<Tables>, name: LogName, range: SeqRange): Promise<Uint8Array[]> {
  return (await segmentsOver(db, name, range, 'entries')).flatMap(({ start, part }) => within(range, start, unpackEntries(part)));
}

/** The leaf hashes of [from, to), in order. They stay when the entries are purged. */
export async function readLeafHashes(db: Kysely<Tables>, name: LogName, range: SeqRange): Promise<Uint8Array[]> {
  return (await segmentsOver(db, name, range, 'leaf_hashes')).flatMap(({ start, part }) => within(range, start, chunks(part, HASH_BYTES)));
}

/** One column of the segments that [from, to) lies in. The first of them can begin before it. */
async function segmentsOver(db: Kysely<Tables>, name: LogName, { from, to }: SeqRange, column: 'entries' | 'leaf_hashes') {
  const before = await db
    .selectFrom('segments')
    .select((eb) => eb.fn.max('start').as('start'))
    .where('workstation_id', '=', name.workstationId)
    .where('incarnation', '=', name.incarnation)
    .where('start', '<=', from)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('segments')
    .select((eb) => ['start', eb.ref(column).as('part')])
    .where('workstation_id', '=', name.workstationId)
    .where('incarnation', '=', name.incarnation)
    .where('start', '>=', Number(before?.start ?? from))
    .where('start', '<', to)
    .orderBy('start')
    .execute();
  return rows.map(({ start, part }) => ({ start: Number(start), part }));
}

function within({ from, to }: SeqRange, start: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  return parts.slice(Math.max(0, from - start), Math.max(0, to - start));
}

export function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}
