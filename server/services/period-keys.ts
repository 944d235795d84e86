/**
 * Which period keys there are: public halves in the database, private halves in the folder of whoever holds them. It owns
 * when a new one is made: by a holder, in a new month. A process without the folder seals to the newest public half, whatever its
 * clock says.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { AuditCrypto } from '../../core/audit/index.ts';
import type { PeriodKeyFiles } from '../site/period-keys.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';

const KEY_BYTES = 32;
const ID_CHARACTERS = 8;
const MONTH_CHARACTERS = 7;
/** So long a process goes on sealing to a key after another one came: no key is destroyed sooner than long after that. */
export const KEY_CACHE_MS = 60_000;

export interface PeriodKey {
  readonly id: string;
  readonly period: string;
  readonly publicKey: Uint8Array;
}

export interface PeriodKeys {
  readonly folder: string;
  /** The key to seal to now. Where this machine holds all keys, afterwards none is of a month to come. */
  current(): Promise<PeriodKey>;
  /** A private half; `elsewhere` where another machine holds it. `refresh` tells which are destroyed. */
  secret(id: string): Uint8Array | 'elsewhere' | 'destroyed';
  /** Reads again which keys were destroyed. */
  refresh(): Promise<void>;
  /** A new key of a period, made whatever there is. Only for a holder. */
  make(period: string): Promise<PeriodKey>;
  /** True when this machine holds every key that was not destroyed. */
  holder(): Promise<boolean>;
}

interface PeriodKeyParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  readonly files: PeriodKeyFiles;
  readonly now: () => number;
}

/** The month of a time, such as `2026-11`. */
export function periodOf(at: number): string {
  return new Date(at).toISOString().slice(0, MONTH_CHARACTERS);
}

export function openPeriodKeys(parts: PeriodKeyParts): PeriodKeys {
  const { db, files, now } = parts;
  const destroyed = new Set<string>();
  let cached: { readonly key: PeriodKey; readonly until: number } | null = null;
  const refresh = async (): Promise<void> => {
    const rows = await db.selectFrom('period_keys').select('id').where('destroyed_at', 'is not', null).execute();
    for (const { id } of rows) destroyed.add(id);
  };
  const current = async (): Promise<PeriodKey> => {
    const at = now();
    const period = periodOf(at);
    if (cached !== null && at < cached.until && cached.key.period === period) return cached.key;
    await refresh();
    const living = await livingKeys(db, files);
    const newest = living.at(-1);
    const holds = living.every(({ id }) => files.has(id));
    const key = newest === undefined || (newest.period !== period && holds) ? await bringToMonth(parts, period) : keyOf(newest);
    cached = { key, until: at + KEY_CACHE_MS };
    return key;
  };
  return {
    folder: files.folder,
    current,
    refresh,
    secret: (id) => (destroyed.has(id) || files.isDestroyed(id) ? 'destroyed' : (files.read(id) ?? 'elsewhere')),
    make: (period) => make(parts, period),
    holder: async () => (await livingKeys(db, files)).every(({ id }) => files.has(id)),
  };
}

/** In the order in which they come into use. A restored database may name keys that were destroyed since. */
async function livingKeys(db: Kysely<Tables>, files: PeriodKeyFiles): Promise<Tables['period_keys'][]> {
  const rows = await db
    .selectFrom('period_keys')
    .selectAll()
    .where('destroyed_at', 'is', null)
    .orderBy('period')
    .orderBy('made_at')
    .orderBy('id')
    .execute();
  return rows.filter(({ id }) => !files.isDestroyed(id));
}

function keyOf({ id, period, public_key }: Tables['period_keys']): PeriodKey {
  return { id, period, publicKey: Buffer.from(public_key, 'base64') };
}

/** Of processes that meet a new month at once one makes its key, and the others take that. */
function bringToMonth(parts: PeriodKeyParts, period: string): Promise<PeriodKey> {
  return parts.db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'retention', 'period-key');
    const living = await livingKeys(transaction, parts.files);
    const newest = living.at(-1);
    if (newest === undefined || newest.period < period) return make({ ...parts, db: transaction }, period);
    if (newest.period > period) await takeBack(transaction, living, { period, at: parts.now() });
    return { ...keyOf(newest), period };
  });
}

/**
 * Keys of months to come were made under a clock that ran ahead. They are keys of the month in which that is seen: the newest of
 * them would otherwise be sealed to until its month comes, and no purge would find a newer one. Their order stays, so that every
 * process goes on with the key that it has, and what is made from now on comes after them.
 */
async function takeBack(
  db: Kysely<Tables>,
  living: readonly Tables['period_keys'][],
  { period, at }: { readonly period: string; readonly at: number },
): Promise<void> {
  const ahead = living.filter((row) => row.period > period);
  for (const [place, { id }] of ahead.entries()) {
    await db
      .updateTable('period_keys')
      .set({ period, made_at: at - ahead.length + place })
      .where('id', '=', id)
      .execute();
  }
}

/** The file first: a public half without its private one would close what is sealed to it at once. */
async function make({ db, crypto, files, now }: PeriodKeyParts, period: string): Promise<PeriodKey> {
  const secret = crypto.random(KEY_BYTES);
  const publicKey = crypto.hpkePublicKey(secret);
  const id = `${period}-${createHash('sha256').update(publicKey).digest('hex').slice(0, ID_CHARACTERS)}`;
  files.write(id, secret);
  secret.fill(0);
  const row = { id, period, public_key: Buffer.from(publicKey).toString('base64'), made_at: now(), destroyed_at: null };
  await db.insertInto('period_keys').values(row).execute();
  return { id, period, publicKey };
}
