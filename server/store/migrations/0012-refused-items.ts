/** What became of a seat's items that were refused, until the seat has heard of it. Never edited once released. */
import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, { bigint }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('refused_items')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('number', bigint, (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('refused_items_pk', ['workstation_id', 'number'])
    .execute();
}
