/**
 * How much of what is stored the index holds. Every answer from the index carries it, so that half an index is never taken
 * for a whole one. It owns the note that a rebuild is under way.
 */
import { type Kysely, sql } from 'kysely';
import type { IndexState } from '../../contract/console-api.ts';
import { DERIVED_TABLES } from '../store/derived.ts';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

const BUILDING = 'index.building';

async function noteBuilding(db: Kysely<Tables>, at: number): Promise<void> {
  const value = new Date(at).toISOString();
  await db
    .insertInto('settings')
    .values({ key: BUILDING, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

export async function noteBuilt(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom('settings').where('key', '=', BUILDING).execute();
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
export async function forgetIndex(db: Kysely<Tables>, at: number): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const table of DERIVED_TABLES) await transaction.deleteFrom(table).execute();
    await noteBuilding(transaction, at);
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
  const row = await db.selectFrom('settings').select('value').where('key', '=', BUILDING).executeTakeFirst();
  return row?.value ?? null;
}
