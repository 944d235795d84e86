/** The tenant's id: chosen at the first start, in every signed object after that, never changed. */
import type { Kysely } from 'kysely';
import { Value } from 'typebox/value';
import { Id } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';

const DEFAULT_TENANT = 'site';
const TENANT_KEY = 'tenant';

/** @throws WardlockError START_USAGE for what no policy could name as its site, START_STATE_FOREIGN when the database belongs to another tenant */
export async function settleTenant(db: Kysely<Tables>, wanted: string | null): Promise<string> {
  if (wanted !== null && !Value.Check(Id, wanted)) {
    throw new WardlockError(
      'START_USAGE',
      `${wanted} is no id of a site: take letters, digits, dots, dashes, 64 at most, such as st-anna.`,
    );
  }
  await db
    .insertInto('settings')
    .values({ key: TENANT_KEY, value: wanted ?? DEFAULT_TENANT })
    .onConflict((c) => c.column('key').doNothing())
    .execute();
  const { value } = await db.selectFrom('settings').select('value').where('key', '=', TENANT_KEY).executeTakeFirstOrThrow();
  if (wanted !== null && wanted !== value) {
    throw new WardlockError(
      'START_STATE_FOREIGN',
      `This database belongs to the site ${value}, not to ${wanted}. Leave --tenant away, or give another site a state folder and a database of its own.`,
    );
  }
  return value;
}
