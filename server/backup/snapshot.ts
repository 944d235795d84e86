/**
 * Reads a whole database as it was at one moment, while servers go on writing: a read transaction on a connection of its own.
 * It changes nothing and holds nobody up; on SQLite the write-ahead log cannot shrink until it is done.
 */
import Database from 'better-sqlite3';
import pg from 'pg';
import type { Engine } from '../store/engine.ts';
import { parsePostgresAddress } from '../store/postgres-address.ts';
import { postgresTypes } from '../store/postgres-types.ts';
import type { TableName } from './tables.ts';

/** Rows that are fetched together: a row of entries may have a megabyte. */
const ROWS_AT_ONCE = 64;
const BUSY_TIMEOUT_MS = 10_000;

export interface Snapshot {
  /** Rows of the table, each an array in the order of `columns`. */
  rows(table: TableName, columns: readonly string[]): AsyncIterable<readonly unknown[]>;
  close(): Promise<void>;
}

/** @param address `sqlite:PATH` or `postgres://…`, of a database that is ours */
export function openSnapshot(engine: Engine, address: string): Promise<Snapshot> {
  return engine === 'postgres' ? ofPostgres(address) : Promise.resolve(ofSqlite(address.replace(/^sqlite:/, '')));
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const selection = (table: string, columns: readonly string[]): string => `select ${columns.map(quoted).join(', ')} from ${quoted(table)}`;

function ofSqlite(path: string): Snapshot {
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  database.pragma('trusted_schema = OFF');
  database.exec('begin');
  // The snapshot is taken by the first read, not by `begin`.
  database.prepare('select count(*) from sqlite_master').get();
  return {
    rows: async function* (table, columns) {
      yield* database.prepare<[], unknown[]>(selection(table, columns)).raw().iterate();
    },
    close: async () => {
      database.close();
    },
  };
}

async function ofPostgres(address: string): Promise<Snapshot> {
  const client = new pg.Client({ ...parsePostgresAddress(address).client, application_name: 'wardlock-backup', types: postgresTypes });
  // A connection that breaks is told by the statement that waits for it.
  client.on('error', () => undefined);
  await client.connect();
  await client.query("select set_config('bytea_output', 'hex', false), set_config('statement_timeout', '0', false)");
  await client.query('begin transaction isolation level repeatable read, read only');
  await client.query('select 1 from schema_version');
  return {
    rows: async function* (table, columns) {
      await client.query(`declare backup no scroll cursor for ${selection(table, columns)}`);
      for (;;) {
        const { rows } = await client.query<unknown[]>({ text: `fetch ${ROWS_AT_ONCE} from backup`, rowMode: 'array' });
        if (rows.length === 0) break;
        yield* rows;
      }
      await client.query('close backup');
    },
    close: () => client.end(),
  };
}
