/**
 * Many rows of one table in as few statements as each engine likes best: `unnest` of one array a column on PostgreSQL,
 * prepared statements of 64 rows on SQLite (measured against json_each, one long list of values and single rows: the fastest).
 * Rows that are there already stay as they are.
 */
import { CompiledQuery, type Kysely } from 'kysely';
import { engineOf } from './engine.ts';
import type { Tables } from './schema.ts';

export type BulkType = 'text' | 'bigint' | 'integer' | 'bytea';

/** The table's columns in PostgreSQL's words; SQLite needs none. Every column must be there. */
export type BulkColumns<T extends keyof Tables> = { readonly [Column in keyof Tables[T]]: BulkType };

/** Rows of one statement. A whole number of SQLite's widths, each of which is a statement that stays prepared. */
const POSTGRES_ROWS = 5_000;
const SQLITE_WIDTHS = [64, 8, 1];

/** Inserts inside the caller's transaction; answers how many rows were new. */
export async function insertMany<T extends keyof Tables>(
  transaction: Kysely<Tables>,
  table: T,
  columns: BulkColumns<T>,
  rows: readonly Tables[T][],
): Promise<number> {
  const named = Object.entries<BulkType>(columns);
  let inserted = 0;
  for (const query of engineOf(transaction) === 'postgres' ? unnested(table, named, rows) : listed(table, named, rows)) {
    const { numAffectedRows } = await transaction.executeQuery(query);
    inserted += Number(numAffectedRows ?? 0);
  }
  return inserted;
}

type Named = readonly (readonly [name: string, type: BulkType])[];

function* unnested(table: string, columns: Named, rows: readonly object[]): Generator<CompiledQuery> {
  const names = columns.map(([name]) => quoted(name)).join(', ');
  const arrays = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');
  const text = `insert into ${quoted(table)} (${names}) select * from unnest(${arrays}) on conflict do nothing`;
  for (let from = 0; from < rows.length; from += POSTGRES_ROWS) {
    const chunk = rows.slice(from, from + POSTGRES_ROWS).map((row) => new Map<string, unknown>(Object.entries(row)));
    yield CompiledQuery.raw(
      text,
      columns.map(([name]) => chunk.map((row) => row.get(name) ?? null)),
    );
  }
}

function* listed(table: string, columns: Named, rows: readonly object[]): Generator<CompiledQuery> {
  const names = columns.map(([name]) => quoted(name)).join(', ');
  const row = `(${columns.map(() => '?').join(', ')})`;
  let from = 0;
  for (const width of SQLITE_WIDTHS) {
    const text = `insert into ${quoted(table)} (${names}) values ${Array<string>(width).fill(row).join(', ')} on conflict do nothing`;
    for (; from + width <= rows.length; from += width) {
      const values = rows.slice(from, from + width).flatMap((one) => {
        const fields = new Map<string, unknown>(Object.entries(one));
        return columns.map(([name]) => fields.get(name) ?? null);
      });
      yield CompiledQuery.raw(text, values);
    }
  }
}

function quoted(name: string): string {
  return `"${name}"`;
}
