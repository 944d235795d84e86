/** A legal hold on a seat's name keeps every machine of that name, also one that is enrolled later. Never edited once released. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../schema.ts';

export async function up(db: Kysely<Tables>): Promise<void> {
  await db.schema.alterTable('legal_holds').addColumn('seat_name', 'text').execute();
  // Builds before this one kept the last enrolled machine of the name and not what was asked for. Too wide can be lifted and placed
  // again; too narrow lets evidence go.
  await sql`update legal_holds
    set seat_name = (select name from seats where seats.workstation_id = legal_holds.workstation_id), workstation_id = null
    where lifted_at is null and workstation_id in (select workstation_id from seats)`.execute(db);
}
