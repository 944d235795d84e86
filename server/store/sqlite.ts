/**
 * The embedded engine: better-sqlite3 in WAL mode with `synchronous=FULL`, set and asserted, because better-sqlite3's
 * build defaults WAL databases to NORMAL, which can lose acknowledged commits on power loss.
 */
import { chmodSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { migrate } from './migrate.ts';
import type { Tables } from './schema.ts';
import { GroupDialect } from './sqlite-driver.ts';
import type { Channel, Store, StoreOptions } from './store.ts';

export type { Store } from './store.ts';

const BUSY_TIMEOUT_MS = 10_000;
const FULL = 2;
const LOOK_MS = 250;
const UNWRITTEN: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'The disk is full: make room on it, then start again.',
  SQLITE_READONLY: 'It is read-only: run this as its owner, or mount its disk so that it can be written.',
};

/** @throws WardlockError SERVER_DATABASE_FOREIGN, SERVER_DATABASE_UNSAFE */
export async function openSqlite(path: string, { onStatement, asItIs }: StoreOptions = {}): Promise<Store> {
  const writing = open(path);
  const reading = path === ':memory:' ? null : new Database(path, { timeout: BUSY_TIMEOUT_MS, readonly: true });
  reading?.pragma('trusted_schema = OFF');
  const db = new Kysely<Tables>({
    dialect: new GroupDialect({ writing, reading }),
    ...(onStatement === undefined ? {} : { log: ({ level, query }) => onStatement({ query, failed: level === 'error' }) }),
  });
  try {
    if (asItIs !== true) await migrate(db, { bigint: 'integer', blob: 'blob' });
  } catch (fault) {
    await db.destroy();
    throw noRoom(fault, path) ?? fault;
  }
  const watchers = watchForeign(writing);
  return {
    engine: 'sqlite',
    address: path,
    db,
    watch: watchers.add,
    announce: async () => undefined,
    // One server process has this file; the command line's own visits are short and do no background work.
    duty: (_name, onGained) => {
      if (onGained !== undefined) queueMicrotask(onGained);
      return { held: () => true, close: () => undefined };
    },
    close: async () => {
      watchers.close();
      await db.destroy();
    },
  };
}

function open(path: string): Database.Database {
  try {
    const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    if (path !== ':memory:') chmodSync(path, 0o600);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    // What is deleted is overwritten: a purge must not leave the record in freed pages.
    database.pragma('secure_delete = ON');
    if (path !== ':memory:') assertDurable(database);
    return database;
  } catch (cause) {
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_NOTADB') {
      throw new WardlockError('SERVER_DATABASE_FOREIGN', `${path} is no SQLite database. Name another file.`, { cause });
    }
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_CANTOPEN') {
      throw new WardlockError('SERVER_DATABASE_UNREACHABLE', `Cannot open ${path}. Check that its folder exists and may be written.`, {
        cause,
      });
    }
    throw noRoom(cause, path) ?? cause;
  }
}

/** The file system under the database, where it takes nothing; null for every other failure. */
function noRoom(cause: unknown, path: string): WardlockError | null {
  if (!(cause instanceof Database.SqliteError)) return null;
  const why = UNWRITTEN[cause.code];
  return why === undefined ? null : new WardlockError('SERVER_DATABASE_UNREACHABLE', `Cannot write ${path}. ${why}`, { cause });
}

/**
 * What the connection itself says counts, not what it was told.
 * @throws WardlockError SERVER_DATABASE_UNSAFE
 */
export function assertDurable(database: Database.Database): void {
  const [journal, synchronous] = ['journal_mode', 'synchronous'].map((name) => database.pragma(name, { simple: true }));
  if (journal !== 'wal' || synchronous !== FULL) throw new WardlockError('SERVER_DATABASE_UNSAFE');
}

interface Watchers {
  add(channel: Channel, hear: () => void): () => void;
  close(): void;
}

/** `data_version` moves when another connection has committed, never by this one's own commits: it tells all channels at once. */
function watchForeign(database: Database.Database): Watchers {
  const hearers = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let seen = 0;
  const version = (): number => Number(database.pragma('data_version', { simple: true }));
  const look = (): void => {
    const now = version();
    if (now === seen) return;
    seen = now;
    for (const hear of hearers) hear();
  };
  return {
    add: (_channel, given) => {
      const hear = (): void => given();
      hearers.add(hear);
      if (timer === undefined) {
        seen = version();
        timer = setInterval(look, LOOK_MS).unref();
      }
      return () => {
        hearers.delete(hear);
        if (hearers.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    close: () => clearInterval(timer),
  };
}
