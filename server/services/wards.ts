/** The wards of the site: an id and a name. A ward exists from the first time anyone names it. */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';

/** Makes the ward, or renames it when a name is given. */
export async function ensureWard(db: Kysely<Tables>, id: string, name: string | null): Promise<void> {
  await db
    .insertInto('wards')
    .values({ id, name: name ?? id })
    .onConflict((c) => (name === null ? c.column('id').doNothing() : c.column('id').doUpdateSet({ name })))
    .execute();
}
