/** Several nodes: what one process kept in its memory and all must know, and the seat first in the key of evidence. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  const { bigint, blob } = types;
  await db.schema
    .createTable('throttles')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('locked_until', bigint, (c) => c.notNull())
    .addColumn('used_at', bigint, (c) => c.notNull())
    .execute();
  await db.schema.createIndex('throttles_by_use').on('throttles').columns(['used_at']).execute();
  await db.schema
    .createTable('evidence_by_seat')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('start', bigint, (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('bytes', blob, (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('evidence_pk', ['workstation_id', 'id'])
    .execute();
  await sql`insert into evidence_by_seat (workstation_id, id, incarnation, start, kind, bytes, at)
    select workstation_id, id, incarnation, start, kind, bytes, at from evidence`.execute(db);
  await db.schema.dropTable('evidence').execute();
  await db.schema.alterTable('evidence_by_seat').renameTo('evidence').execute();
}
