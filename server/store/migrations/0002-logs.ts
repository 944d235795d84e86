/** The seats' logs, evidence, alarms, the server's own log and the derived index. Never edited once released. */
import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  const { bigint, blob } = types;
  await db.schema
    .createTable('logs')
    .addColumn('workstation_id', 'text', (c) => c.notNull().references('seats.workstation_id'))
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('pinned_size', bigint, (c) => c.notNull())
    .addColumn('pinned_root', blob, (c) => c.notNull())
    .addColumn('pinned_note', 'text', (c) => c.notNull())
    .addColumn('pinned_at', bigint, (c) => c.notNull())
    .addColumn('size', bigint, (c) => c.notNull())
    .addColumn('frontier', blob, (c) => c.notNull())
    .addColumn('verifier', 'text', (c) => c.notNull())
    .addColumn('note', 'text', (c) => c.notNull())
    .addColumn('first_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('logs_pk', ['workstation_id', 'incarnation'])
    .execute();
  await db.schema
    .createTable('segments')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('start', bigint, (c) => c.notNull())
    .addColumn('count', 'integer', (c) => c.notNull())
    .addColumn('entries', blob, (c) => c.notNull())
    .addColumn('leaf_hashes', blob, (c) => c.notNull())
    .addColumn('note', 'text', (c) => c.notNull())
    .addColumn('received_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('segments_pk', ['workstation_id', 'incarnation', 'start'])
    .execute();
  await db.schema
    .createTable('checkpoints')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('size', bigint, (c) => c.notNull())
    .addColumn('note', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('checkpoints_pk', ['workstation_id', 'incarnation', 'size'])
    .execute();
  await db.schema
    .createTable('evidence')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('start', bigint, (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('bytes', blob, (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('alarms')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workstation_id', 'text')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('acknowledged_at', bigint)
    .execute();
  await db.schema
    .createTable('server_events')
    .addColumn('seq', bigint, (c) => c.primaryKey())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('indexed_events')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('seq', bigint, (c) => c.notNull())
    .addColumn('at', bigint, (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('session_id', 'text')
    .addColumn('person_id', 'text')
    .addColumn('body', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('indexed_events_pk', ['workstation_id', 'incarnation', 'seq'])
    .execute();
  await db.schema.createIndex('indexed_events_by_time').on('indexed_events').columns(['workstation_id', 'at']).execute();
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
  await db.schema.createIndex('indexed_sessions_by_seat').on('indexed_sessions').columns(['workstation_id', 'started_at']).execute();
  await db.schema.createIndex('indexed_sessions_by_person').on('indexed_sessions').columns(['person_id', 'started_at']).execute();
  await db.schema.createIndex('indexed_sessions_by_time').on('indexed_sessions').columns(['started_at']).execute();
  await db.schema
    .createTable('index_cursors')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('incarnation', 'text', (c) => c.notNull())
    .addColumn('next_seq', bigint, (c) => c.notNull())
    .addColumn('fault', 'text')
    .addPrimaryKeyConstraint('index_cursors_pk', ['workstation_id', 'incarnation'])
    .execute();
}
