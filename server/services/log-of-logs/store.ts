/**
 * The log of logs in the database: its rows, the queue before it, its tiles. It owns the statements; what an entry says and
 * who signs is the publisher's business.
 */
import { type Kysely, sql } from 'kysely';
import { HASH_BYTES } from '../../../core/audit/bytes.ts';
import { CompactRange, type NodeReader, type TreeHasher } from '../../../core/audit/index.ts';
import { TILE_HEIGHT, TILE_WIDTH, tileNodes, tilesNeeded } from '../../../core/audit/tiles.ts';
import { WardlockError } from '../../../core/errors/index.ts';
import { type BulkColumns, insertMany } from '../../store/bulk.ts';
import { engineOf } from '../../store/engine.ts';
import { given, hotQuery } from '../../store/hot-query.ts';
import type { Tables } from '../../store/schema.ts';
import { chunks, type LogName } from '../logs.ts';

export interface LogRow {
  readonly number: number;
  readonly id: string;
  readonly size: number;
  readonly frontier: readonly Uint8Array[];
  /** The newest signed checkpoint; empty before the first. */
  readonly note: string;
  readonly serverEvents: number;
}

/** One entry that waits: a note about a seat's log at one size. */
export interface Waiting extends LogName {
  readonly size: number;
  readonly entry: Uint8Array;
  readonly at: number;
}

export interface NewEntry {
  readonly entry: Uint8Array;
  /** Null for what is about no seat. */
  readonly about: (LogName & { readonly size: number }) | null;
}

const ENTRY_COLUMNS: BulkColumns<'transparency_entries'> = {
  log: 'integer',
  seq: 'bigint',
  workstation_id: 'text',
  incarnation: 'text',
  size: 'bigint',
  entry: 'bytea',
};

const insertWaiting = hotQuery(
  { workstation_id: given.text(), incarnation: given.text(), size: given.number(), entry: given.bytes(), at: given.number() },
  (db, waits) =>
    db
      .insertInto('transparency_queue')
      .values(waits)
      .onConflict((c) => c.columns(['workstation_id', 'incarnation', 'size']).doNothing()),
);

/** Puts a cosigned checkpoint in the queue, inside the transaction that accepts it. */
export async function enqueue(
  db: Kysely<Tables>,
  { workstationId: workstation_id, ...rest }: Waiting & { readonly entry: Buffer },
): Promise<void> {
  await insertWaiting(db, { ...rest, workstation_id });
}

export async function waiting(db: Kysely<Tables>, most: number): Promise<Waiting[]> {
  const rows = await db
    .selectFrom('transparency_queue')
    .selectAll()
    .orderBy('at')
    .orderBy('workstation_id')
    .orderBy('incarnation')
    .orderBy('size')
    .limit(most)
    .execute();
  return rows.map((row) => ({
    workstationId: row.workstation_id,
    incarnation: row.incarnation,
    size: Number(row.size),
    entry: row.entry,
    at: Number(row.at),
  }));
}

/** One text for any number of rows, so that it stays prepared. */
export async function takeOffQueue(db: Kysely<Tables>, sequenced: readonly Waiting[]): Promise<void> {
  if (sequenced.length === 0) return;
  const rows = sequenced.map(({ workstationId, incarnation, size }) => [workstationId, incarnation, size] as const);
  const done =
    engineOf(db) === 'postgres'
      ? sql`select * from unnest(${rows.map(([seat]) => seat)}::text[], ${rows.map(([, log]) => log)}::text[], ${rows.map(([, , size]) => size)}::bigint[])`
      : sql`select value ->> 0, value ->> 1, value ->> 2 from json_each(${JSON.stringify(rows)})`;
  await sql`delete from transparency_queue where (workstation_id, incarnation, size) in (${done})`.execute(db);
}

/** All logs of this site, the one that grows last. */
export async function readLogs(db: Kysely<Tables>): Promise<LogRow[]> {
  const rows = await db.selectFrom('transparency_logs').selectAll().orderBy('number').execute();
  return rows.map((row) => ({
    number: row.number,
    id: row.id,
    size: Number(row.size),
    frontier: chunks(row.frontier, HASH_BYTES),
    note: row.note,
    serverEvents: Number(row.server_events),
  }));
}

/** Makes the next log, empty; the one before never grows again. */
export async function beginLog(db: Kysely<Tables>, id: string, at: number): Promise<LogRow> {
  const last = await db
    .selectFrom('transparency_logs')
    .select((eb) => eb.fn.max('number').as('number'))
    .executeTakeFirst();
  const number = Number(last?.number ?? 0) + 1;
  const row = { number, id, created_at: at, size: 0, frontier: Buffer.alloc(0), note: '', server_events: 0 };
  await db.insertInto('transparency_logs').values(row).execute();
  return { number, id, size: 0, frontier: [], note: '', serverEvents: 0 };
}

/** Writes the entries with their tiles behind the log; answers the frontier that it then has. */
export async function extendLog(db: Kysely<Tables>, hasher: TreeHasher, log: LogRow, entries: readonly NewEntry[]): Promise<CompactRange> {
  const range = CompactRange.frontier(hasher, log.size, log.frontier);
  const tiles = new Map<string, { readonly level: number; readonly tile: number; readonly from: number; readonly hashes: Uint8Array[] }>();
  const put = (level: number, index: number, hash: Uint8Array): void => {
    const tile = Math.floor(index / TILE_WIDTH);
    const key = `${level}/${tile}`;
    const known = tiles.get(key) ?? { level, tile, from: index % TILE_WIDTH, hashes: [] };
    known.hashes.push(hash);
    tiles.set(key, known);
  };
  for (const { entry } of entries) {
    const leaf = hasher.leaf(entry);
    put(0, range.end, leaf);
    range.append(leaf, ({ level, index, hash }) => {
      if (level % TILE_HEIGHT === 0) put(level / TILE_HEIGHT, index, hash);
    });
  }
  const rows = entries.map(({ entry, about }, at) => ({
    log: log.number,
    seq: log.size + at,
    workstation_id: about?.workstationId ?? null,
    incarnation: about?.incarnation ?? null,
    size: about?.size ?? null,
    entry: Buffer.from(entry),
  }));
  // Places that are taken are left as they are: then somebody else sequenced meanwhile, or the row of the log is wrong.
  if ((await insertMany(db, 'transparency_entries', ENTRY_COLUMNS, rows)) !== rows.length)
    throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The log of logs has more entries than its row says.');
  for (const { level, tile, from, hashes } of tiles.values()) await growTile(db, { log: log.number, level, tile }, from, hashes);
  return range;
}

interface TileKey {
  readonly log: number;
  readonly level: number;
  readonly tile: number;
}

async function growTile(db: Kysely<Tables>, key: TileKey, from: number, hashes: readonly Uint8Array[]): Promise<void> {
  const before = from === 0 ? Buffer.alloc(0) : await readTile(db, key);
  if (before?.length !== from * HASH_BYTES) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A tile of the log of logs is missing.');
  const whole = Buffer.concat([before, ...hashes]);
  await db
    .insertInto('transparency_tiles')
    .values({ ...key, hashes: whole })
    .onConflict((c) => c.columns(['log', 'level', 'tile']).doUpdateSet({ hashes: whole }))
    .execute();
}

export async function readTile(db: Kysely<Tables>, { log, level, tile }: TileKey): Promise<Buffer | null> {
  const row = await db
    .selectFrom('transparency_tiles')
    .select('hashes')
    .where('log', '=', log)
    .where('level', '=', level)
    .where('tile', '=', tile)
    .executeTakeFirst();
  return row === undefined ? null : Buffer.from(row.hashes);
}

/** The entries [from, to) that are there. */
export async function readLogEntries(
  db: Kysely<Tables>,
  log: number,
  range: { readonly from: number; readonly to: number },
): Promise<Uint8Array[]> {
  const rows = await db
    .selectFrom('transparency_entries')
    .select('entry')
    .where('log', '=', log)
    .where('seq', '>=', range.from)
    .where('seq', '<', range.to)
    .orderBy('seq')
    .execute();
  return rows.map(({ entry }) => entry);
}

/** Does `work`, a proof or a root, with just the tiles that it needs. */
export async function withTiles<T>(db: Kysely<Tables>, hasher: TreeHasher, log: number, work: (node: NodeReader) => T): Promise<T> {
  const tiles = new Map<string, Buffer>();
  for (const { level, index } of tilesNeeded(hasher, work)) {
    tiles.set(`${level}/${index}`, (await readTile(db, { log, level, tile: index })) ?? Buffer.alloc(0));
  }
  return work(
    tileNodes(hasher, (level, index, at) => {
      const hash = tiles.get(`${level}/${index}`)?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
      if (hash?.length !== HASH_BYTES) throw new WardlockError('SERVER_DATABASE_FOREIGN', 'A tile of the log of logs is missing.');
      return hash;
    }),
  );
}
