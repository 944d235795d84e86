/**
 * Numbered migrations, all that are missing in one transaction, once and in order, however many processes start at once. A
 * database that is newer than this build, or holds something else, is refused: guessing at tables would lose data.
 */
import { type Kysely, sql } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { engineOf, lockInTransaction } from './engine.ts';
import * as site from './migrations/0001-site.ts';
import * as logs from './migrations/0002-logs.ts';
import * as nodes from './migrations/0003-nodes.ts';
import * as retention from './migrations/0004-retention.ts';
import * as logOfLogs from './migrations/0005-log-of-logs.ts';
import * as credentials from './migrations/0006-credentials.ts';
import * as alarms from './migrations/0007-alarms.ts';
import * as logins from './migrations/0008-logins.ts';
import * as emergencies from './migrations/0009-emergencies.ts';
import * as holdsByName from './migrations/0010-holds-by-name.ts';
import * as scopeVersions from './migrations/0011-scope-versions.ts';
import * as refusedItems from './migrations/0012-refused-items.ts';
import type { ColumnTypes } from './migrations/types.ts';
import type { Tables } from './schema.ts';

/** In order of their numbers; a released one is never edited, moved or taken out. */
const migrations = [
  site.up,
  logs.up,
  nodes.up,
  retention.up,
  logOfLogs.up,
  credentials.up,
  alarms.up,
  logins.up,
  emergencies.up,
  holdsByName.up,
  scopeVersions.up,
  refusedItems.up,
] as const;

/** Brings the database to this build's schema. @throws WardlockError SERVER_DATABASE_FOREIGN when it is newer or another program's */
export async function migrate(db: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  if ((await tableNames(db)).has('schema_version') && (await versionOf(db)) === migrations.length) return;
  await db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'migration');
    const tables = await tableNames(transaction);
    if (!tables.has('schema_version')) {
      if (tables.size > 0) {
        throw new WardlockError(
          'SERVER_DATABASE_FOREIGN',
          `This database holds tables of something else (${[...tables].slice(0, 3).join(', ')}). Name an empty one.`,
        );
      }
      await begin(transaction);
    }
    for (let version = await versionOf(transaction); version < migrations.length; version += 1) {
      await migrations[version]?.(transaction, types);
    }
    await transaction.updateTable('schema_version').set({ version: migrations.length }).execute();
  });
}

/** The schema of this build: the number of its last migration. */
export const newestSchema = migrations.length;

export function schemaVersion(db: Kysely<Tables>): Promise<number> {
  return versionOf(db);
}

/** Drops `tables` (those that refer to others first) and makes them as the migrations up to `version` did. Inside a transaction. */
export async function makeAnew(db: Kysely<Tables>, tables: readonly string[], version: number): Promise<void> {
  for (const table of tables) await db.schema.dropTable(table).execute();
  await begin(db);
  for (const up of migrations.slice(0, version)) await up(db, typesOf(db));
  await db.updateTable('schema_version').set({ version }).execute();
}

/** Runs what is missing. Inside a transaction. */
export async function bringUp(db: Kysely<Tables>): Promise<void> {
  for (const up of migrations.slice(await versionOf(db))) await up(db, typesOf(db));
  await db.updateTable('schema_version').set({ version: migrations.length }).execute();
}

function typesOf(db: Kysely<Tables>): ColumnTypes {
  return engineOf(db) === 'postgres' ? { bigint: 'bigint', blob: 'bytea' } : { bigint: 'integer', blob: 'blob' };
}

async function begin(db: Kysely<Tables>): Promise<void> {
  await db.schema
    .createTable('schema_version')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('version', 'integer', (c) => c.notNull())
    .execute();
  await db.insertInto('schema_version').values({ id: 1, version: 0 }).execute();
}

async function versionOf(db: Kysely<Tables>): Promise<number> {
  const found = await db
    .selectFrom('schema_version')
    .select('version')
    .executeTakeFirst()
    .catch((cause: unknown) => {
      if (cause instanceof WardlockError) throw cause;
      throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The table schema_version of this database is not ours. Name an empty database.', {
        cause,
      });
    });
  const version = Number(found?.version ?? 0);
  if (version <= migrations.length) return version;
  throw new WardlockError(
    'SERVER_DATABASE_FOREIGN',
    `This database has schema ${version}; this build knows ${migrations.length}. Update the server.`,
  );
}

/** The tables where ours would be. */
async function tableNames(db: Kysely<Tables>): Promise<Set<string>> {
  const { rows } =
    engineOf(db) === 'postgres'
      ? await sql<{ name: string }>`select tablename as name from pg_tables where schemaname = current_schema()`.execute(db)
      : await sql<{ name: string }>`select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'`.execute(
          db,
        );
  return new Set(rows.map(({ name }) => name));
}
