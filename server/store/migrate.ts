/**
 * Numbered migrations, each in one transaction, once and in order. A database that is newer than this build is refused:
 * guessing at tables would lose data.
 */
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import * as site from './migrations/0001-site.ts';
import * as logs from './migrations/0002-logs.ts';
import type { ColumnTypes } from './migrations/types.ts';
import type { Tables } from './schema.ts';

const migrations = [site.up, logs.up] as const;

/** Brings the database to this build's schema. @throws WardlockError SERVER_DATABASE_FOREIGN when it is newer */
export async function migrate(db: Kysely<Tables>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('schema_version')
    .ifNotExists()
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('version', 'integer', (c) => c.notNull())
    .execute();
  await db
    .insertInto('schema_version')
    .values({ id: 1, version: 0 })
    .onConflict((c) => c.doNothing())
    .execute();
  const found = await db.selectFrom('schema_version').select('version').executeTakeFirstOrThrow();
  if (found.version > migrations.length) {
    throw new WardlockError(
      'SERVER_DATABASE_FOREIGN',
      `This database has schema ${found.version}; this build knows ${migrations.length}. Update the server.`,
    );
  }
  for (let version = found.version; version < migrations.length; version++) {
    await db.transaction().execute(async (transaction) => {
      const taken = await transaction
        .updateTable('schema_version')
        .set({ version: version + 1 })
        .where('version', '=', version)
        .executeTakeFirst();
      if (taken.numUpdatedRows === 1n) await migrations[version]?.(transaction, types);
    });
  }
}
