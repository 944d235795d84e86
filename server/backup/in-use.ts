/**
 * Whether a server works on a database that is to be replaced: what it holds in memory would be of rows that are gone, and what it then
 * writes would lie among those of the backup. Looks only; must never change a file.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { type Kysely, sql } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { engineOf } from '../store/engine.ts';
import { SIGNALS_NAME } from '../store/postgres-signals.ts';
import type { Tables } from '../store/schema.ts';

const SQLITE = 'sqlite:';
/** A command that looks in for a moment is waited for. */
const WAIT_MS = 2_000;

/** @throws WardlockError SERVER_DATABASE_IN_USE where another process has the SQLite file of this address open */
export function refuseOpenFile(address: string): void {
  const path = resolve(address.slice(SQLITE.length));
  if (!address.startsWith(SQLITE) || !existsSync(path)) return;
  const database = new Database(path, { timeout: WAIT_MS, fileMustExist: true });
  try {
    // In WAL mode every connection keeps a shared lock on the file, so this one succeeds only where there is no other.
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE; ROLLBACK');
  } catch (cause) {
    // A file that is no database is told of by whoever opens it next.
    if (cause instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(cause.code)) throw inUse(cause);
  } finally {
    database.close();
  }
}

/** @throws WardlockError SERVER_DATABASE_IN_USE where a node listens on the PostgreSQL database */
export async function refuseOpenNodes(db: Kysely<Tables>): Promise<void> {
  if (engineOf(db) !== 'postgres') return;
  const { rows } = await sql<{ nodes: string }>`select count(*) as nodes from pg_stat_activity
    where datname = current_database() and application_name = ${SIGNALS_NAME}`.execute(db);
  if (Number(rows[0]?.nodes) > 0) throw inUse();
}

function inUse(cause?: unknown): WardlockError {
  return new WardlockError(
    'SERVER_DATABASE_IN_USE',
    'A server has this database open. Stop the servers of the site, then restore. Nothing was changed.',
    cause === undefined ? {} : { cause },
  );
}
