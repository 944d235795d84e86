/**
 * Kysely's driver for the embedded engine. Transactions that are ready in one turn of the event loop share one durable commit:
 * each is a savepoint inside it, rolls back alone, and is told of its end only after that commit. What is not committed is
 * read by nobody: plain reads go over a connection of their own.
 */
import type Database from 'better-sqlite3';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
} from 'kysely';
import { StatementCache } from './sqlite-statements.ts';

/** Transactions of one commit; a bound for the write-ahead log and for how long the first one waits. */
const MOST_IN_GROUP = 256;
/** So many share a commit well enough: those that come after it are worked on while it is answered. */
const ENOUGH_IN_GROUP = 8;
const WRITES: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);

interface Group {
  readonly committed: Promise<void>;
  readonly settle: (failure?: unknown) => void;
  transactions: number;
}

export interface SqliteConnections {
  readonly writing: Database.Database;
  /** A second connection of the same database; null where there can be none (`:memory:`). */
  readonly reading: Database.Database | null;
}

/** SQLite's dialect with this driver. */
export class GroupDialect extends SqliteDialect {
  readonly #connections: SqliteConnections;

  constructor(connections: SqliteConnections) {
    super({ database: connections.writing });
    this.#connections = connections;
  }

  override createDriver(): Driver {
    return new GroupDriver(this.#connections);
  }

  /** The driver keeps writers apart itself; under Kysely's own lock every commit would be a lone one. */
  override createAdapter(): DialectAdapter {
    return new ManyAtOnce();
  }
}

class ManyAtOnce extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class GroupDriver implements Driver {
  readonly #connections: SqliteConnections;
  readonly #write: StatementCache;
  readonly #read: StatementCache | null;
  readonly #waiting: (() => void)[] = [];
  /** Kysely remembers each connection weakly, which costs more than a small query when each is a new one. */
  readonly #free: GroupConnection[] = [];
  #held = false;
  #group: Group | null = null;
  #flushWanted = false;

  constructor(connections: SqliteConnections) {
    this.#connections = connections;
    this.#write = new StatementCache(connections.writing);
    this.#read = connections.reading === null ? null : new StatementCache(connections.reading);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<GroupConnection> {
    return (
      this.#free.pop() ??
      new GroupConnection(
        (query) => this.#plain(query),
        (query) => this.#within(query),
      )
    );
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const released = asGroup(connection);
    if (!released.inTransaction && this.#free.length < MOST_IN_GROUP) this.#free.push(released);
  }

  /** Takes the write lock at once: a transaction that reads first would fail when another process commits before it writes. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#lock();
    try {
      this.#join();
      this.#write.run('savepoint one');
    } catch (error) {
      this.#unlock();
      throw error;
    }
    asGroup(connection).inTransaction = true;
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    this.#write.run('release one');
    asGroup(connection).inTransaction = false;
    const group = this.#group;
    this.#unlock();
    await group?.committed;
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // After a commit that failed nothing is left to roll back.
    if (!asGroup(connection).inTransaction) return;
    asGroup(connection).inTransaction = false;
    try {
      // The engine itself rolls all back on some errors (disk full, I/O): then there is no savepoint any more.
      if (this.#connections.writing.inTransaction) {
        this.#write.run('rollback to one');
        this.#write.run('release one');
      }
    } finally {
      this.#unlock();
    }
  }

  async destroy(): Promise<void> {
    await this.#lock();
    this.#flush();
    this.#connections.reading?.close();
    this.#connections.writing.close();
  }

  /** A statement of the transaction that holds the lock. After the engine rolled all back (disk full) it would be committed alone. */
  async #within(query: CompiledQuery): Promise<QueryResult<never>> {
    if (!this.#connections.writing.inTransaction) throw rolledBack();
    return this.#write.execute(query);
  }

  /** A statement outside of a transaction. */
  async #plain(query: CompiledQuery): Promise<QueryResult<never>> {
    const { kind } = query.query;
    if (kind === 'SelectQueryNode' && this.#read !== null) return this.#read.execute(query);
    await this.#lock();
    let group: Group | null = null;
    let result: QueryResult<never>;
    try {
      if (WRITES.has(kind)) {
        group = this.#join();
        result = this.#write.execute(query);
      } else {
        // Tables, pragmas and backups stand alone; so do reads where there is no second connection.
        this.#flush();
        if (kind !== 'SelectQueryNode') this.#forget();
        result = this.#write.execute(query);
      }
    } finally {
      this.#unlock();
    }
    await group?.committed;
    return result;
  }

  /** A table that changes makes prepared statements stale. */
  #forget(): void {
    this.#write.clear();
    this.#read?.clear();
  }

  /** The group that commits next; opens it when there is none. Only under the lock. */
  #join(): Group {
    // The engine has rolled it back (disk full): whoever joined is told, and a new one begins.
    if (this.#group !== null && !this.#connections.writing.inTransaction) this.#flush();
    if (this.#group === null) {
      this.#write.run('begin immediate');
      const group = newGroup();
      this.#group = group;
      setImmediate(() => this.#closeSoon(group, 0));
    }
    this.#group.transactions += 1;
    if (this.#group.transactions >= MOST_IN_GROUP) this.#flushWanted = true;
    return this.#group;
  }

  /** A turn that brought more into the group is followed by another, up to as many as are worth a commit. */
  #closeSoon(group: Group, before: number): void {
    if (group !== this.#group) return;
    const { transactions } = group;
    if (transactions > before && transactions < ENOUGH_IN_GROUP) setImmediate(() => this.#closeSoon(group, transactions));
    else if (this.#held) this.#flushWanted = true;
    else this.#flush();
  }

  /** One durable commit for all that joined. Only when no savepoint is open. */
  #flush(): void {
    this.#flushWanted = false;
    const group = this.#group;
    this.#group = null;
    if (group === null) return;
    try {
      // Without it the engine has rolled everything back already; nobody may be told otherwise.
      if (!this.#connections.writing.inTransaction) throw rolledBack();
      this.#write.run('commit');
      group.settle();
    } catch (error) {
      if (this.#connections.writing.inTransaction) this.#write.run('rollback');
      group.settle(error);
    }
  }

  async #lock(): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #unlock(): void {
    if (this.#flushWanted) this.#flush();
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }
}

class GroupConnection implements DatabaseConnection {
  inTransaction = false;
  readonly #plain: (query: CompiledQuery) => Promise<QueryResult<never>>;
  readonly #within: (query: CompiledQuery) => Promise<QueryResult<never>>;

  constructor(plain: (query: CompiledQuery) => Promise<QueryResult<never>>, within: (query: CompiledQuery) => Promise<QueryResult<never>>) {
    this.#plain = plain;
    this.#within = within;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.inTransaction ? this.#within(query) : this.#plain(query);
  }

  /** A stream would hold the connection while others want it. */
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows are not streamed from the embedded engine');
  }
}

function rolledBack(): Error {
  return new Error('the database rolled the transaction back');
}

function asGroup(connection: DatabaseConnection): GroupConnection {
  if (connection instanceof GroupConnection) return connection;
  throw new TypeError('a connection of another driver');
}

function newGroup(): Group {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Nobody may be waiting: a group whose only transaction rolled back.
  promise.catch(() => undefined);
  return { committed: promise, settle: (failure) => (failure === undefined ? resolve() : reject(failure)), transactions: 0 };
}
