/**
 * Nodes of one site have one set of keys. The database remembers which: a node that was started with a folder of its own would
 * sign with keys that no seat knows, so it is refused.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import type { Authority } from './authority.ts';
import type { SiteKeys } from './keys.ts';

const KEYS_SETTING = 'site-keys';
/** Its own row: it came later, and a site that has the other one must go on. */
const NEWS_SETTING = 'news-key';

/** @throws WardlockError START_STATE_FOREIGN when this database was first used with other keys */
export async function settleKeys(db: Kysely<Tables>, authority: Pick<Authority, 'spkiSha256'>, keys: SiteKeys): Promise<void> {
  const publics = [authority.spkiSha256, keys.directory.publicKey, keys.witness.publicKey, keys.mirror.publicKey, keys.log.publicKey];
  const fingerprint = createHash('sha256').update(Buffer.concat(publics));
  const value = fingerprint.update(keys.box.keyedHash(KEYS_SETTING, keys.badgeKey.toString('hex'))).digest('hex');
  if (!(await isTheSame(db, KEYS_SETTING, value))) {
    throw new WardlockError(
      'START_STATE_FOREIGN',
      'The keys in this state folder are not those of the site that the database belongs to. Copy the state folder of a node that runs, then start again.',
    );
  }
  if (!(await isTheSame(db, NEWS_SETTING, keys.box.keyedHash(NEWS_SETTING, Buffer.from(keys.newsSeed).toString('hex'))))) {
    throw new WardlockError(
      'START_STATE_FOREIGN',
      'The news.key in this state folder is not the one of the site that the database belongs to. Copy it from a node that runs or from where the key files are kept, then start again.',
    );
  }
}

/** The first value that is given for a name stays. */
async function isTheSame(db: Kysely<Tables>, key: string, value: string): Promise<boolean> {
  await db
    .insertInto('settings')
    .values({ key, value })
    .onConflict((c) => c.column('key').doNothing())
    .execute();
  return (await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirstOrThrow()).value === value;
}
