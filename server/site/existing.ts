/**
 * Whether there is a site where somebody says there is. Commands that work on a site must never make one: a hold or a
 * revocation in an empty database that a slip of the pen made would hold and revoke nothing, and say that it did.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';

/** Before anything is opened or made. @throws WardlockError START_USAGE */
export function refuseAbsentSite(stateFolder: string, database: string): void {
  if (!existsSync(join(stateFolder, 'ca.pem'))) {
    throw new WardlockError(
      'START_USAGE',
      `There is no site in ${stateFolder}. Name the state folder of the server with --state; \`server\` makes it at its first start.`,
    );
  }
  refuseAbsentDatabase(database);
}

/** A file that is not there would be made. @throws WardlockError START_USAGE */
export function refuseAbsentDatabase(database: string): void {
  const [, path] = /^sqlite:(.+)$/.exec(database) ?? [];
  if (path !== undefined && path !== ':memory:' && !existsSync(path)) {
    throw new WardlockError('START_USAGE', `There is no database ${path}. Name the database of the server with --database.`);
  }
}

/** The database of another site is refused by its keys; this is for one of no site at all. @throws WardlockError START_USAGE */
export async function refuseEmptyDatabase(db: Kysely<Tables>, shown: string): Promise<void> {
  const site = await db.selectFrom('settings').select('value').where('key', '=', 'tenant').executeTakeFirst();
  if (site !== undefined) return;
  throw new WardlockError('START_USAGE', `The database ${shown} belongs to no site. Name the one of the server with --database.`);
}
