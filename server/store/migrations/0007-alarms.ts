/**
 * Alarms by seat: counted, bounded for each seat and kind, acknowledged by somebody. What stood beyond the bound becomes one row
 * with its count. Never edited once released.
 */
import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../schema.ts';
import type { ColumnTypes } from './types.ts';

/** What the bound was when this was written. */
const MOST_OF_A_KIND = 8;
const OF_THE_SITE = 'site';

interface Beyond {
  readonly seat: string;
  readonly kind: string;
  readonly detail: string;
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

export async function up(db: Kysely<Tables>, { bigint }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('alarms_by_seat')
    .addColumn('workstation_id', 'text', (c) => c.notNull())
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('first_at', bigint, (c) => c.notNull())
    .addColumn('last_at', bigint, (c) => c.notNull())
    .addColumn('times', bigint, (c) => c.notNull())
    .addColumn('acknowledged_at', bigint)
    .addColumn('acknowledged_by', 'text')
    .addPrimaryKeyConstraint('alarms_by_seat_pk', ['workstation_id', 'id'])
    .execute();
  const ranked = sql`select coalesce(workstation_id, ${sql.lit(OF_THE_SITE)}) as seat, id, kind, detail, at, acknowledged_at,
    row_number() over (partition by workstation_id, kind order by at desc, id) as place from alarms`;
  await sql`insert into alarms_by_seat (workstation_id, id, kind, detail, first_at, last_at, times, acknowledged_at, acknowledged_by)
    select seat, id, kind, detail, at, at, 1, acknowledged_at, null from (${ranked}) as ranked where place <= ${sql.lit(MOST_OF_A_KIND)}`.execute(
    db,
  );
  const { rows } =
    await sql<Beyond>`select seat, kind, max(detail) as detail, min(at) as first, max(at) as last, count(*) as times from (${ranked}) as ranked
      where place > ${sql.lit(MOST_OF_A_KIND)} and acknowledged_at is null group by seat, kind`.execute(db);
  for (const { seat, kind, detail, first, last, times } of rows) {
    const id = createHash('sha256')
      .update(JSON.stringify([seat, kind]))
      .digest('hex')
      .slice(0, 32);
    await sql`insert into alarms_by_seat (workstation_id, id, kind, detail, first_at, last_at, times)
      values (${seat}, ${id}, ${kind}, ${detail}, ${first}, ${last}, ${times})`.execute(db);
  }
  await db.schema.dropTable('alarms').execute();
  await db.schema.alterTable('alarms_by_seat').renameTo('alarms').execute();
  // The few that stand are found among all that ever were, and listed by kind.
  await db.schema.createIndex('alarms_standing').on('alarms').columns(['acknowledged_at', 'kind', 'last_at']).execute();
}
