/** How each emergency access was closed out, and where those that wait are found. Never edited once released. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, { bigint }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('emergency_reviews')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('finding', 'text', (c) => c.notNull())
    .addColumn('note', 'text', (c) => c.notNull())
    .addColumn('closed_by', 'text', (c) => c.notNull())
    .addColumn('closed_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('emergency_reviews_pk', ['workstation_id', 'session_id'])
    .execute();
  // Few among all sessions; a query names the kind as it stands here, or no planner takes this index.
  await db.schema
    .createIndex('indexed_sessions_emergencies')
    .on('indexed_sessions')
    .columns(['started_at', 'session_id'])
    .where(sql.ref('kind'), '=', sql.lit('breakglass'))
    .execute();
}
