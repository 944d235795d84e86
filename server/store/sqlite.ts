/**
 * The embedded engine: better-sqlite3 in WAL mode with `synchronous=FULL`, set and asserted, because better-sqlite3's
 * build defaults WAL databases to NORMAL, which can lose acknowledged commits on power loss.
 */
import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3';
import { CompiledQuery, type DatabaseConnection, type Driver, Kysely, SqliteDialect, SqliteDriver } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { migrate } from './migrate.ts';
import type { Tables } from './schema.ts';

const BUSY_TIMEOUT_MS = 10_000;
const FULL = 2;

export interface Store {
  readonly db: Kysely<Tables>;
  /** Grows whenever another process has committed to this database; this process' own commits don't count. */
  foreignChanges(): number;
  close(): Promise<void>;
}

/**
 * Every transaction here writes, so each takes the write lock at its start. A deferred one that reads first fails at once,
 * whatever the busy timeout, when another process commits between its read and its write (SQLITE_BUSY_SNAPSHOT).
 */
class WritingDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class WritingDialect extends SqliteDialect {
  readonly #database: Database.Database;

  constructor(config: { readonly database: Database.Database }) {
    super(config);
    this.#database = config.database;
  }

  override createDriver(): Driver {
    return new WritingDriver({ database: this.#database });
  }
}

export async function openSqlite(path: string): Promise<Store> {
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  if (path !== ':memory:') chmodSync(path, 0o600);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  database.pragma('trusted_schema = OFF');
  if (database.pragma('synchronous', { simple: true }) !== FULL) {
    throw new WardlockError('SERVER_DATABASE_UNSAFE');
  }
  const db = new Kysely<Tables>({ dialect: new WritingDialect({ database }) });
  await migrate(db, { bigint: 'integer', blob: 'blob' });
  return {
    db,
    foreignChanges: () => Number(database.pragma('data_version', { simple: true })),
    close: () => db.destroy(),
  };
}
