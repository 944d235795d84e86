/**
 * How much of what is stored the index holds. Every answer from the index carries it, so that half an index is never taken
 * for a whole one. It owns the note that a rebuild is under way.
 */
import { type Kysely, sql } from 'kysely';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { IndexState } from '../../contract/console-api.ts';
import { DERIVED_TABLES } from '../store/derived.ts';
import { engineOf } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

const BUILDING = 'index.building';
/** A rebuild whose reader has not said for so long that it goes on is taken over by the next reader that looks. */
const BEAT_LOST_MS = 30_000;

const Building = Type.Object({ since: Type.String(), reader: Type.String(), beat: Type.Number() });
type Building = Static<typeof Building>;

async function readBuilding(db: Kysely<Tables>): Promise<Building | null> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', BUILDING).executeTakeFirst();
  const value: unknown = row === undefined ? null : JSON.parse(row.value);
  return Value.Check(Building, value) ? value : null;
}

async function writeBuilding(db: Kysely<Tables>, building: Building): Promise<void> {
  const value = JSON.stringify(building);
  await db
    .insertInto('settings')
    .values({ key: BUILDING, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

export async function noteBuilt(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom('settings').where('key', '=', BUILDING).execute();
}

interface AtWork {
  /** Any id of the process' reader. */
  readonly reader: string;
  readonly at: number;
}

/** False while another reader rebuilds the index: two at once would only be in each other's way. Says that this one goes on. */
export async function mayIndex(db: Kysely<Tables>, { reader, at }: AtWork): Promise<boolean> {
  const building = await readBuilding(db);
  if (building === null) return true;
  if (building.reader !== reader && at - building.beat < BEAT_LOST_MS) return false;
  await writeBuilding(db, { ...building, reader, beat: at });
  return true;
}

/** Goes on with a rebuild that another process began. */
export async function takeOver(db: Kysely<Tables>, { reader, at }: AtWork): Promise<void> {
  const building = await readBuilding(db);
  if (building !== null) await writeBuilding(db, { ...building, reader, beat: at });
}

/** A log whose cursor is missing counts as not indexed at all: so does an index that a crash of the database emptied. */
export async function indexState(db: Kysely<Tables>): Promise<IndexState> {
  const counts = await db
    .selectFrom('logs')
    .leftJoin('index_cursors', (join) =>
      join.onRef('index_cursors.workstation_id', '=', 'logs.workstation_id').onRef('index_cursors.incarnation', '=', 'logs.incarnation'),
    )
    .select([
      sql<number | null>`sum(logs.size)`.as('stored'),
      sql<number | null>`sum(coalesce(index_cursors.next_seq, 0))`.as('indexed'),
      sql<number | null>`sum(coalesce(index_cursors.unreadable, 0))`.as('unreadable'),
    ])
    .executeTakeFirst();
  const building = await buildingSince(db);
  const [stored, indexed] = [Number(counts?.stored ?? 0), Number(counts?.indexed ?? 0)];
  const state = building !== null ? 'building' : indexed < stored ? 'behind' : 'whole';
  return { state, stored, indexed, unreadable: Number(counts?.unreadable ?? 0) };
}

/** Drops the whole index and notes that it is being built again. */
export async function forgetIndex(db: Kysely<Tables>, { reader, at }: AtWork): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    // The whole index at once takes what it takes, within this transaction only.
    if (engineOf(transaction) === 'postgres') await sql`select set_config('statement_timeout', '0', true)`.execute(transaction);
    for (const table of DERIVED_TABLES) await transaction.deleteFrom(table).execute();
    await writeBuilding(transaction, { since: new Date(at).toISOString(), reader, beat: at });
  });
}

/** Drops what the index has of these logs; they are then behind, and read again. */
export async function forgetLogs(db: Kysely<Tables>, logs: readonly LogName[]): Promise<void> {
  for (const { workstationId, incarnation } of logs) {
    await db.transaction().execute(async (transaction) => {
      for (const table of DERIVED_TABLES) {
        await transaction.deleteFrom(table).where('workstation_id', '=', workstationId).where('incarnation', '=', incarnation).execute();
      }
    });
  }
}

/** When the rebuild that is under way began; null when none is. */
export async function buildingSince(db: Kysely<Tables>): Promise<string | null> {
  return (await readBuilding(db))?.since ?? null;
}
