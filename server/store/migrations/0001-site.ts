/** The site: wards, seats and their certificates, tokens, staff, policy, accounts. Portable SQL, never edited once released. */
import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  const { bigint, blob } = types;
  await db.schema
    .createTable('settings')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('generations')
    .addColumn('topic', 'text', (c) => c.primaryKey())
    .addColumn('generation', bigint, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('wards')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('seats')
    .addColumn('workstation_id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('ward_id', 'text', (c) => c.notNull().references('wards.id'))
    .addColumn('enrolled_at', bigint, (c) => c.notNull())
    .addColumn('log_key', 'text', (c) => c.notNull())
    .addColumn('sealing_key', 'text', (c) => c.notNull())
    .addColumn('machine_id_sha256', 'text', (c) => c.notNull())
    .addColumn('os', 'text', (c) => c.notNull())
    .addColumn('revoked_at', bigint)
    .addColumn('last_seen_at', bigint)
    .execute();
  await db.schema.createIndex('seats_by_machine').on('seats').columns(['machine_id_sha256']).execute();
  await db.schema
    .createTable('seat_certificates')
    .addColumn('workstation_id', 'text', (c) => c.notNull().references('seats.workstation_id'))
    .addColumn('fingerprint_sha256', 'text', (c) => c.notNull())
    .addColumn('issued_at', bigint, (c) => c.notNull())
    .addColumn('not_after', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('seat_certificates_pk', ['workstation_id', 'fingerprint_sha256'])
    .execute();
  await db.schema
    .createTable('seat_reports')
    .addColumn('workstation_id', 'text', (c) => c.notNull().references('seats.workstation_id'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('version', bigint, (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('code', 'text')
    .addColumn('message', 'text')
    .addColumn('reported_at', bigint, (c) => c.notNull())
    .addPrimaryKeyConstraint('seat_reports_pk', ['workstation_id', 'kind'])
    .execute();
  await db.schema
    .createTable('enrolment_tokens')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('secret_sha256', 'text', (c) => c.notNull())
    .addColumn('seat_name', 'text', (c) => c.notNull())
    .addColumn('ward_id', 'text', (c) => c.notNull().references('wards.id'))
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('expires_at', bigint, (c) => c.notNull())
    .addColumn('used_at', bigint)
    .addColumn('used_by', 'text')
    .execute();
  await db.schema
    .createTable('persons')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('given_name', 'text', (c) => c.notNull())
    .addColumn('initials', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('pin_box', blob)
    .addColumn('valid_from', bigint)
    .addColumn('valid_until', bigint)
    .addColumn('revoked', 'integer', (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('person_badges')
    .addColumn('badge_hmac', 'text', (c) => c.primaryKey())
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.id'))
    .execute();
  await db.schema
    .createTable('person_wards')
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.id'))
    .addColumn('ward_id', 'text', (c) => c.notNull().references('wards.id'))
    .addPrimaryKeyConstraint('person_wards_pk', ['person_id', 'ward_id'])
    .execute();
  await db.schema
    .createTable('policies')
    .addColumn('version', bigint, (c) => c.primaryKey())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('envelope', blob, (c) => c.notNull())
    .addColumn('published_at', bigint, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('accounts')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('password', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('failures', 'integer', (c) => c.notNull())
    .addColumn('locked_until', bigint, (c) => c.notNull())
    .execute();
  await db.schema
    .createTable('console_sessions')
    .addColumn('id_sha256', 'text', (c) => c.primaryKey())
    .addColumn('account', 'text', (c) => c.notNull().references('accounts.name'))
    .addColumn('csrf', 'text', (c) => c.notNull())
    .addColumn('created_at', bigint, (c) => c.notNull())
    .addColumn('expires_at', bigint, (c) => c.notNull())
    .execute();
}
