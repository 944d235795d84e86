/**
 * PostgreSQL for one or several nodes: a bounded pool, limits on every statement, and commits that survive a power loss,
 * asserted at the start. The pool makes new connections by itself after the database was away; who asks meanwhile is told so.
 */
import { CompiledQuery, type DatabaseConnection, Kysely, sql } from 'kysely';
import pg from 'pg';
import { WardlockError } from '../../core/errors/index.ts';
import { migrate } from './migrate.ts';
import { type PostgresAddress, parsePostgresAddress } from './postgres-address.ts';
import { CodedPostgresDialect } from './postgres-driver.ts';
import { startError } from './postgres-errors.ts';
import { announceTo, PostgresSignals } from './postgres-signals.ts';
import { postgresTypes } from './postgres-types.ts';
import type { Tables } from './schema.ts';
import type { Store, StoreOptions } from './store.ts';

/** Connections of one node, besides one for its signals. */
const POOL_SIZE = 16;
/** For a free connection of the pool, or a new one. */
const CONNECT_MS = 10_000;
const IDLE_MS = 60_000;
const STATEMENT_MS = 30_000;
const LOCK_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 30_000;
const OLDEST_VERSION = 140_000;

/** @throws WardlockError START_USAGE, SERVER_DATABASE_UNREACHABLE, SERVER_DATABASE_REFUSED, SERVER_DATABASE_FOREIGN, SERVER_DATABASE_UNSAFE */
export async function openPostgres(text: string, { onFault = () => undefined, onStatement, asItIs }: StoreOptions = {}): Promise<Store> {
  const address = parsePostgresAddress(text);
  const forever = openPool(address, PREPARING, { onFault });
  try {
    await assertFit(forever, address);
    // A table that is made anew may be large, and another node may be at it: that takes what it takes.
    if (asItIs !== true) await migrate(forever, { bigint: 'bigint', blob: 'bytea' });
  } catch (fault) {
    throw startError(fault, address.shown);
  } finally {
    await forever.destroy();
  }
  const db = openPool(address, SERVING, { onFault, ...(onStatement === undefined ? {} : { onStatement }) });
  const signals = new PostgresSignals(address, onFault);
  return {
    engine: 'postgres',
    address: address.shown,
    db,
    watch: (channel, hear) => signals.watch(channel, hear),
    announce: announceTo,
    duty: (name, onGained) => signals.duty(name, onGained),
    close: async () => {
      await signals.close();
      await db.destroy();
    },
  };
}

interface Limits {
  readonly connections: number;
  /** Of the database: a statement, and a wait for a lock. 0: none. */
  readonly statementMs: number;
  readonly lockMs: number;
  /** Ours, for a database or a network that says nothing any more. */
  readonly silenceMs: number;
}

const SERVING: Limits = { connections: POOL_SIZE, statementMs: STATEMENT_MS, lockMs: LOCK_MS, silenceMs: STATEMENT_MS + 5_000 };
const PREPARING: Limits = { connections: 1, statementMs: 0, lockMs: 0, silenceMs: 0 };

function openPool({ client }: PostgresAddress, limits: Limits, { onFault, onStatement }: StoreOptions): Kysely<Tables> {
  const pool = new pg.Pool({
    ...client,
    application_name: 'wardlock',
    max: limits.connections,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    query_timeout: limits.silenceMs,
    keepAlive: true,
    types: postgresTypes,
  });
  // A connection that breaks while nobody uses it: the pool has thrown it away and makes another when one is wanted.
  pool.on('error', (fault) => onFault?.(fault));
  // One that breaks while somebody holds it between two statements: the next statement tells the holder.
  pool.on('connect', (broken) => void broken.on('error', () => undefined));
  const onCreateConnection = async (connection: DatabaseConnection): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(sessionOf(limits)));
  };
  return new Kysely<Tables>({
    dialect: new CodedPostgresDialect({ pool, onCreateConnection }),
    ...(onStatement === undefined ? {} : { log: ({ level, query }) => onStatement({ query, failed: level === 'error' }) }),
  });
}

/** A role or database may have synchronous_commit off; ours never. A stricter setting than `on` is left as it is. */
function sessionOf({ statementMs, lockMs }: Limits): string {
  return `select set_config('statement_timeout', '${statementMs}', false), set_config('lock_timeout', '${lockMs}', false),
    set_config('idle_in_transaction_session_timeout', '${IDLE_IN_TRANSACTION_MS}', false), set_config('timezone', 'UTC', false),
    set_config('bytea_output', 'hex', false),
    set_config('synchronous_commit', case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, false)`;
}

async function assertFit(db: Kysely<Tables>, { shown }: PostgresAddress): Promise<void> {
  const { rows } = await sql<{ version: string; fsync: string; pages: string; commits: string; encoding: string; standby: number }>`
    select current_setting('server_version_num') as version, current_setting('fsync') as fsync,
      current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commits,
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby`.execute(db);
  const [found] = rows;
  if (found === undefined) throw new WardlockError('SERVER_DATABASE_UNREACHABLE');
  if (Number(found.version) < OLDEST_VERSION || found.encoding !== 'UTF8') {
    throw new WardlockError(
      'SERVER_DATABASE_FOREIGN',
      `${shown} is not PostgreSQL 14 or later with the encoding UTF8. Name another database.`,
    );
  }
  if (found.standby !== 0)
    throw new WardlockError('SERVER_DATABASE_UNREACHABLE', `${shown} is a standby, which takes no writes. Name the primary.`);
  if (found.fsync !== 'on' || found.pages !== 'on' || !['on', 'remote_apply'].includes(found.commits)) {
    throw new WardlockError(
      'SERVER_DATABASE_UNSAFE',
      `PostgreSQL at ${shown} has fsync ${found.fsync}, full_page_writes ${found.pages} and synchronous_commit ${found.commits}: it can lose what it acknowledged. Set all three to on.`,
    );
  }
}
