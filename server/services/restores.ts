/**
 * Which times this database lost, because it was restored from a backup that was made before them. What was issued in such a time is
 * known to whoever has it and not to the database. It owns the setting; it judges nobody.
 */
import type { Kysely } from 'kysely';
import Type from 'typebox';
import Value from 'typebox/value';
import type { Tables } from '../store/schema.ts';

const SETTING = 'restored';
/** The newest so many: a certificate of before those has ended long since. */
const MOST_KEPT = 32;
/** How far the clocks of nodes may be apart, and a backup's moment from the time that it bears. */
const APART_MS = 600_000;

const Restore = Type.Object({ at: Type.String(), backup: Type.String(), engine: Type.String() });
/** The newest restore, and those that the backup knew of already. */
const Restores = Type.Object({ ...Restore.properties, before: Type.Optional(Type.Array(Restore)) });
export type RestoreFacts = Type.Static<typeof Restore>;

async function readRestores(db: Kysely<Tables>): Promise<readonly RestoreFacts[]> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst();
  if (row === undefined) return [];
  const { before, ...newest } = Value.Parse(Restores, JSON.parse(row.value));
  return [newest, ...(before ?? [])];
}

/** Within the restore itself. */
export async function noteRestore(db: Kysely<Tables>, { at, backup, engine }: RestoreFacts): Promise<void> {
  const before = (await readRestores(db)).slice(0, MOST_KEPT - 1);
  const value = JSON.stringify({ at, backup, engine, before });
  await db
    .insertInto('settings')
    .values({ key: SETTING, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

/** @param at milliseconds since 1970 */
export async function isLostByRestore(db: Kysely<Tables>, at: number): Promise<boolean> {
  const restores = await readRestores(db);
  return restores.some((one) => at >= Date.parse(one.backup) - APART_MS && at <= Date.parse(one.at) + APART_MS);
}
