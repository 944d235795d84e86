/**
 * The end of a purge: what outlives a period's key is sealed to a fresh one, then the key is destroyed, and the engine is
 * asked to let go of its old pages. From then on no copy of the database opens what was purged, whenever it was made.
 */
import { type Kysely, sql } from 'kysely';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../core/errors/index.ts';
import type { PeriodKeyFiles } from '../site/period-keys.ts';
import { DERIVED_TABLES } from '../store/derived.ts';
import { engineOf } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { Envelopes } from './envelopes.ts';
import { lockForPurge } from './holds.ts';
import { KEY_CACHE_MS, type PeriodKeys, periodOf } from './period-keys.ts';
import type { ServerLog } from './server-log.ts';

/** Keys of which a purge took something, kept until they are destroyed. */
const PENDING = 'purge.keys';
const Pending = Type.Array(Type.String({ maxLength: 40 }));
const VACUUMED = [...DERIVED_TABLES, 'epoch_envelopes', 'segments', 'evidence'] as const;
/** Envelopes sealed anew in one transaction. */
const RESEALED_AT_ONCE = 200;
/** After a newer key came, other processes seal to the old one for a minute at most; this is long after it. */
const SETTLED_MS = 10 * KEY_CACHE_MS;

export interface KeysDone {
  readonly destroyed: readonly string[];
  /** Keys that the next purge destroys: a newer one is too young, so that another process may still seal to them. */
  readonly waiting: readonly string[];
  /** Envelopes sealed to a fresh key, because a hold or the cutoff keeps them. */
  readonly resealed: number;
  /** Whether the engine let go of the pages that held what was purged. */
  readonly cleaned: boolean;
}

export interface PurgeKeyParts {
  readonly db: Kysely<Tables>;
  readonly envelopes: Envelopes;
  readonly periodKeys: PeriodKeys;
  readonly periodFiles: PeriodKeyFiles;
  readonly log: ServerLog;
  readonly now: () => number;
}

interface Range {
  readonly workstation_id: string;
  readonly incarnation: string;
  readonly start: number;
  readonly end: number;
}

/** Remembers, in the transaction that takes them and holds the lock of purges, under which keys the envelopes of a range are. */
export async function noteKeys(db: Kysely<Tables>, { workstation_id, incarnation, start, end }: Range): Promise<void> {
  const rows = await db
    .selectFrom('epoch_envelopes')
    .select('key_id')
    .distinct()
    .where('workstation_id', '=', workstation_id)
    .where('incarnation', '=', incarnation)
    .where('seq', '>=', start)
    .where('seq', '<', end)
    .execute();
  if (rows.length > 0) await setPending(db, [...(await pendingOf(db)), ...rows.map(({ key_id }) => key_id)]);
}

async function pendingOf(db: Kysely<Tables>): Promise<string[]> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', PENDING).executeTakeFirst();
  const ids: unknown = row === undefined ? [] : JSON.parse(row.value);
  return Value.Check(Pending, ids) ? ids : [];
}

async function setPending(db: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  const value = JSON.stringify([...new Set(ids)]);
  await db
    .insertInto('settings')
    .values({ key: PENDING, value })
    .onConflict((c) => c.column('key').doUpdateSet({ value }))
    .execute();
}

/** For a dry run: the keys of all periods that end before the cutoff. */
export async function wouldDestroy({ db }: PurgeKeyParts, cutoff: number): Promise<KeysDone> {
  const rows = await db.selectFrom('period_keys').select(['id', 'period']).where('destroyed_at', 'is', null).orderBy('id').execute();
  const destroyed = rows.filter(({ period }) => period < periodOf(cutoff)).map(({ id }) => id);
  return { destroyed, waiting: [], resealed: 0, cleaned: false };
}

export async function destroyKeys(parts: PurgeKeyParts, by: string): Promise<KeysDone> {
  const { db, periodKeys, periodFiles, log, now } = parts;
  const destroyed: string[] = [];
  const waiting: string[] = [];
  let resealed = 0;
  const pending = await pendingOf(db);
  // A key of a clock that ran ahead has none after it until it counts as one of this month.
  if (pending.length > 0) await periodKeys.current();
  for (const id of pending) {
    const key = await db.selectFrom('period_keys').selectAll().where('id', '=', id).where('destroyed_at', 'is', null).executeTakeFirst();
    if (key !== undefined) {
      if (!(await isSettled(parts, key))) {
        waiting.push(id);
        continue;
      }
      // In a database restored from before a purge the key is gone already, and with it whatever it closed.
      if (!periodFiles.isDestroyed(id)) resealed += await resealRest(parts, key);
      await db.transaction().execute(async (transaction) => {
        await transaction.updateTable('period_keys').set({ destroyed_at: now() }).where('id', '=', id).execute();
        await log.append({ type: 'record.key-destroyed', actor: by, body: { key: id, period: key.period } }, transaction);
      });
    }
    periodFiles.destroy(id);
    destroyed.push(id);
    await db.transaction().execute(async (transaction) => {
      await lockForPurge(transaction);
      const others = (await pendingOf(transaction)).filter((other) => other !== id);
      await setPending(transaction, others);
    });
  }
  await periodKeys.refresh();
  return { destroyed, waiting, resealed, cleaned: await letGo(db) };
}

/** A newer key exists for so long that nobody seals to the old one any more; where there is none, it is made now. */
async function isSettled({ db, periodKeys, now }: PurgeKeyParts, key: Tables['period_keys']): Promise<boolean> {
  const newer = await db
    .selectFrom('period_keys')
    .select((eb) => eb.fn.min('made_at').as('at'))
    .where((eb) => eb.or([eb('period', '>', key.period), eb.and([eb('period', '=', key.period), eb('made_at', '>', Number(key.made_at))])]))
    .executeTakeFirst();
  if (newer?.at !== null && newer?.at !== undefined) return now() - Number(newer.at) > SETTLED_MS;
  await periodKeys.make(periodOf(now()));
  return false;
}

/** Seals what is left under the key to a fresh one of the same period, which the next purge of that period destroys in turn. */
async function resealRest({ db, envelopes, periodKeys }: PurgeKeyParts, { id, period }: Tables['period_keys']): Promise<number> {
  const left = () => db.selectFrom('epoch_envelopes').selectAll().where('key_id', '=', id).limit(RESEALED_AT_ONCE).execute();
  let rows = await left();
  if (rows.length === 0) return 0;
  const fresh = await periodKeys.make(period);
  let count = 0;
  while (rows.length > 0) {
    const sealed = rows.map((row) => {
      const again = envelopes.reseal(row, fresh);
      if (again === null)
        throw new WardlockError('SERVER_PURGE_REFUSED', `The key ${id} is gone before what it must outlive was sealed anew.`);
      return again;
    });
    await db.transaction().execute(async (transaction) => {
      for (const { workstation_id, incarnation, seq, key_id, sealed: bytes } of sealed) {
        await transaction
          .updateTable('epoch_envelopes')
          .set({ key_id, sealed: bytes })
          .where('workstation_id', '=', workstation_id)
          .where('incarnation', '=', incarnation)
          .where('seq', '=', seq)
          .execute();
      }
    });
    count += rows.length;
    rows = await left();
  }
  return count;
}

/** SQLite zeroes freed pages (`secure_delete`) and folds its log back; PostgreSQL frees dead rows, whose space is then used again. */
async function letGo(db: Kysely<Tables>): Promise<boolean> {
  if (engineOf(db) === 'postgres') {
    await db.connection().execute(async (connection) => {
      // It takes as long as the tables are large, and may not stand in a transaction.
      const before = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(connection);
      await sql`set statement_timeout = 0`.execute(connection);
      try {
        for (const table of VACUUMED) await sql`vacuum ${sql.table(table)}`.execute(connection);
      } finally {
        await sql`select set_config('statement_timeout', ${before.rows[0]?.statement_timeout ?? '0'}, false)`.execute(connection);
      }
    });
    return true;
  }
  const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
  return rows[0]?.busy === 0;
}
