/** The tenant's id: chosen at the first start, in every signed object after that, never changed. */
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';

const DEFAULT_TENANT = 'site';
const TENANT_KEY = 'tenant';

/** @throws WardlockError START_STATE_FOREIGN when the database belongs to another tenant */
export async function settleTenant(db: Kysely<Tables>, wanted: string | null): Promise<string> {
  await db
    .insertInto('settings')
    .values({ key: TENANT_KEY, value: wanted ?? DEFAULT_TENANT })
    .onConflict((c) => c.column('key').doNothing())
    .execute();
  const { value } = await db.selectFrom('settings').select('value').where('key', '=', TENANT_KEY).executeTakeFirstOrThrow();
  if (wanted !== null && wanted !== value) {
    throw new WardlockError('START_STATE_FOREIGN', `This database belongs to the site ${value}, not to ${wanted}.`);
  }
  return value;
}
