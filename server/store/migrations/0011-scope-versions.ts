/** How far what seats hear of people has come, for each ward and for everybody. Never edited once released. */
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

export async function up(db: Kysely<Tables>, { bigint }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('scope_versions')
    .addColumn('topic', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('version', bigint, (c) => c.notNull())
    .addColumn('mark', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('scope_versions_pk', ['topic', 'scope'])
    .execute();
  // Builds before this one knew one version for all wards: whoever has an older one is told of it, whichever ward it was about.
  const mark = randomBytes(8).toString('hex');
  await sql`insert into scope_versions (topic, scope, version, mark)
    select 'directory', '*', generation, ${mark} from generations where topic = 'directory'`.execute(db);
}
