/** The search index anew (it is derived: the reader fills it again), envelopes apart, holds and what was pruned. Never edited once released. */
import { type Kysely, sql } from 'kysely';
import { createSearchIndexes, DERIVED_TABLES } from '../derived.ts';
import { engineOf } from '../engine.ts';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  await makeIndex(db, types);
  await makeRetention(db, types);
}

async function makeIndex(db: Kysely<Tables>, { bigint }: ColumnTypes): Promise<void> {
  for (const table of DERIVED_TABLES) await db.schema.dropTable(table).execute();
  await db.schema
    .createTable('indexed_events')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .addColumn('event_no', bigint, (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('session_id', 'text')
    .addColumn('person_id', 'text')
    .addColumn('app_id', 'text')
    .addColumn('outcome', 'integer')
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('indexed_events_pk', ['workstation_id', 'incarnation', 'seq'])
    .execute();
  await db.schema
    .createTable('indexed_sessions')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text')
    .addColumn('role', 'text')
    .addColumn('started_at', bigint, (c) => c.notNull())
    .addColumn('ended_at', bigint)
    .addColumn('end_reason', 'text')
    .addColumn('policy_version', bigint, (c) => c.notNull())
    .addColumn('first_seq', bigint, (c) => c.notNull())
    .addColumn('last_seq', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('indexed_sessions_pk', ['workstation_id', 'session_id'])
    .execute();
  await db.schema
    .createTable('index_cursors')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('log_no', 'integer', (c) => c.notNull().unique())
    .addColumn('next_seq', bigint, (c) => c.notNull())
    .addColumn('unreadable', bigint, (c) => c.notNull())
    .addColumn('fault', 'text')
    .addPrimaryKeyConstraint('index_cursors_pk', ['workstation_id', 'incarnation'])
    .execute();
  await createSearchIndexes(db);
  const sessions = { seat: ['workstation_id', 'started_at'], person: ['person_id', 'started_at'], time: ['started_at'] };
  for (const [name, columns] of Object.entries(sessions)) {
    await db.schema
      .createIndex(`indexed_sessions_by_${name}`)
      .on('indexed_sessions')
      .columns([...columns, 'session_id'])
      .execute();
  }
  // No write-ahead log, no replica and no base backup ever holds the decrypted record; after a crash the reader fills it again.
  if (engineOf(db) === 'postgres') for (const table of DERIVED_TABLES) await sql`alter table ${sql.table(table)} set unlogged`.execute(db);
}

async function makeRetention(db: Kysely<Tables>, { bigint, blob }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('period_keys')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('period', 'text', (c) => c.notNull())
    .addColumn('public_key', 'text', (c) => c.notNull())
    .addColumn('made_at', bigint, (c) => c.notNull())
    .addColumn('destroyed_at', bigint)
    .execute();
  await db.schema
    .createTable('epoch_envelopes')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .addColumn('key_id', 'text', (c) => c.notNull())
    .addColumn('sealed', blob, (c) => c.notNull())
    .addPrimaryKeyConstraint('epoch_envelopes_pk', ['workstation_id', 'incarnation', 'seq'])
    .execute();
  await db.schema.createIndex('epoch_envelopes_by_key').on('epoch_envelopes').columns(['key_id']).execute();
  await db.schema
    .createTable('pruned_ranges')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('start', bigint, (c) => c.notNull())
    .addColumn('end', bigint, (c) => c.notNull())
    .addColumn('first_at', bigint, (c) => c.notNull())
    .addColumn('last_at', bigint, (c) => c.notNull())
    .addColumn('pruned_at', bigint, (c) => c.notNull())
    .addColumn('statement', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('pruned_ranges_pk', ['workstation_id', 'incarnation', 'start'])
    .execute();
  await db.schema
    .createTable('legal_holds')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workstation_id', 'text')
    .addColumn('person_id', 'text')
    .addColumn('from_at', bigint)
    .addColumn('to_at', bigint)
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('placed_by', 'text', (c) => c.notNull())
    .addColumn('placed_at', bigint, (c) => c.notNull())
    .addColumn('lifted_by', 'text')
    .addColumn('lifted_at', bigint)
    .addColumn('lift_reason', 'text')
    .execute();
}
