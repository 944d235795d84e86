/** Where each person came in last, and which seats have to ask what that means for them. Never edited once released. */
import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, { bigint }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('person_logins')
    .addColumn('person_id', 'text', (c) => c.primaryKey())
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('held', 'integer', (c) => c.notNull())
    .addColumn('rival_name', 'text')
    .addColumn('rival_at', bigint)
    .execute();
  await db.schema.createIndex('person_logins_by_seat').on('person_logins').columns(['workstation_id']).execute();
  await db.schema
    .createTable('seat_calls')
    .addColumn('workstation_id', 'text', (c) => c.primaryKey())
    .addColumn('at', bigint, (c) => c.notNull())
    .execute();
}
