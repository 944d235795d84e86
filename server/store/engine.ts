/**
 * The few things that the two engines do differently inside a transaction. Services ask here and stay free of dialects.
 */
import { type CompiledQuery, type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Tables } from './schema.ts';

export type Engine = 'sqlite' | 'postgres';

export interface Statement {
  readonly query: CompiledQuery;
  readonly failed: boolean;
}

/** What is read and then written must be locked: on PostgreSQL transactions run side by side. */
export type LockName =
  | 'migration'
  | 'server-log'
  | 'authority'
  | 'alarms'
  | 'policy'
  | 'settings'
  | 'evidence'
  | 'throttles'
  | 'staff'
  | 'log-of-logs'
  | 'seat-logs'
  | 'retention';

/** First key of our advisory locks: `WARD` in ASCII, so that other programs' locks in the same database do not collide. */
export const LOCK_SPACE = 0x57415244;

export function engineOf(db: Kysely<Tables>): Engine {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}

/**
 * Holds the named lock until this transaction ends; everyone who asks for the same waits. A `part` (a workstation id, say)
 * narrows it. SQLite has one writer, which every transaction is from its start: there is nothing to do there.
 */
export async function lockInTransaction(transaction: Kysely<Tables>, name: LockName, part = ''): Promise<void> {
  if (engineOf(transaction) === 'sqlite') return;
  const key = part === '' ? name : `${name}/${part}`;
  await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_SPACE)}, hashtext(${key}))`.execute(transaction);
}
