/**
 * Which tables a backup holds, and in which order they are read and written. Everything is kept but what is named here with
 * its reason, so that a new table is never forgotten.
 */
import { type Kysely, sql } from 'kysely';
import { DERIVED_TABLES } from '../store/derived.ts';
import { engineOf } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';

export type TableName = keyof Tables;

/** Others refer to these: they come first, in this order. */
export const PARENTS: readonly TableName[] = ['wards', 'seats', 'persons', 'accounts'];

export const LEFT_OUT: Readonly<Partial<Record<TableName, string>>> = {
  ...Object.fromEntries(DERIVED_TABLES.map((name) => [name, 'the search index is decrypted and derived: the reader builds it again'])),
  schema_version: 'the file names its schema itself',
  console_sessions: 'whoever was signed in signs in again',
  throttles: 'waits after wrong passwords are over by then',
};

/** What a person must keep in another place, because no backup has it. */
export const NOT_CONTAINED = [
  'the key files of the state folder (ca.key, ca.pem, witness.key, mirror.key, log.key, directory.key, badge.key, news.key, storage.key): copy them once, to a safe place',
  'the folder period-keys, without which the restored record can be proven but not decrypted: it is copied to one place that is overwritten, never kept in generations',
  'the private keys of policy authors, reader and escrow, which are not on the server or need not be',
] as const;

/** Names and columns of our tables in the database, in the order of inserts. */
export async function readTables(db: Kysely<Tables>): Promise<ReadonlyMap<TableName, readonly string[]>> {
  const columns = engineOf(db) === 'postgres' ? await ofPostgres(db) : await ofSqlite(db);
  const found = new Map<string, string[]>();
  for (const { name, field } of columns) found.set(name, [...(found.get(name) ?? []), field]);
  const rank = (name: string): number => {
    const at = PARENTS.map(String).indexOf(name);
    return at < 0 ? PARENTS.length : at;
  };
  const ordered = [...found].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return new Map(ordered.flatMap(([name, fields]) => (isTable(name) ? [[name, fields] as const] : [])));
}

interface Field {
  readonly name: string;
  readonly field: string;
}

async function ofSqlite(db: Kysely<Tables>): Promise<Field[]> {
  const { rows } = await sql<Field>`select t.name as name, c.name as field from sqlite_master t join pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\' order by t.name, c.cid`.execute(db);
  return rows;
}

async function ofPostgres(db: Kysely<Tables>): Promise<Field[]> {
  const { rows } = await sql<Field>`select table_name as name, column_name as field from information_schema.columns
    where table_schema = current_schema() order by table_name, ordinal_position`.execute(db);
  return rows;
}

/** A name is only ever put into a statement when the database itself listed it. */
function isTable(name: string): name is TableName {
  return /^[a-z][a-z_]{0,62}$/.test(name);
}
