/** Prepared statements of one SQLite connection by their text, bounded: preparing costs more than most of them take to run. */
import type Database from 'better-sqlite3';
import type { CompiledQuery, QueryResult } from 'kysely';

const MOST = 256;
/** Longer ones are bulk inserts whose text varies with their rows. */
const LONGEST = 4096;

type Statement = Database.Statement<unknown[], never>;

export class StatementCache {
  readonly #database: Database.Database;
  readonly #kept = new Map<string, Statement>();

  constructor(database: Database.Database) {
    this.#database = database;
  }

  execute({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): QueryResult<never> {
    const statement = this.#prepared(sql);
    if (statement.reader) return { rows: statement.all(parameters) };
    const { changes, lastInsertRowid } = statement.run(parameters);
    return { insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes), rows: [] };
  }

  run(sql: string): void {
    this.#prepared(sql).run();
  }

  clear(): void {
    this.#kept.clear();
  }

  #prepared(sql: string): Statement {
    const known = this.#kept.get(sql);
    if (known !== undefined) return known;
    const statement: Statement = this.#database.prepare(sql);
    if (sql.length > LONGEST) return statement;
    const oldest = this.#kept.size < MOST ? undefined : this.#kept.keys().next().value;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(sql, statement);
    return statement;
  }
}
