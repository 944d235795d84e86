/** The log of logs: what waits to be sequenced, the sequenced entries, their tiles, and one row for each log. Never edited once released. */
import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, { bigint, blob }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('transparency_logs')
    .addColumn('number', 'integer', (c) => c.primaryKey())
    .addColumn('id', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('size', bigint, (c) => c.notNull())
    .addColumn('frontier', blob, (c) => c.notNull())
    .addColumn('note', 'text', (c) => c.notNull())
    .addColumn('server_events', bigint, (c) => c.notNull())
    .execute();
  // Written in the transaction of each anchor: the seat leads the key, so that no two seats meet here.
  await db.schema
    .createTable('transparency_queue')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('size', bigint, (c) => c.notNull())
    .addColumn('entry', blob, (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('transparency_queue_pk', ['workstation_id', 'incarnation', 'size'])
    .execute();
  await db.schema
    .createTable('transparency_entries')
    .addColumn('log', 'integer', (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .addColumn('workstation_id', 'text')
    .addColumn('incarnation', 'text')
    .addColumn('size', bigint)
    .addColumn('entry', blob, (c) => c.notNull())
    .addPrimaryKeyConstraint('transparency_entries_pk', ['log', 'seq'])
    .execute();
  await db.schema
    .createIndex('transparency_entries_by_seat')
    .on('transparency_entries')
    .columns(['workstation_id', 'incarnation', 'size'])
    .execute();
  await db.schema
    .createTable('transparency_tiles')
    .addColumn('log', 'integer', (c) => c.notNull())
    .addColumn('level', 'integer', (c) => c.notNull())
    .addColumn('tile', bigint, (c) => c.notNull())
    .addColumn('hashes', blob, (c) => c.notNull())
    .addPrimaryKeyConstraint('transparency_tiles_pk', ['log', 'level', 'tile'])
    .execute();
}
