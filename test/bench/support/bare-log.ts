/**
 * The baseline of an append: a bare durable insert of an entry's bytes into a database of the same kind, without seal, tree or
 * signature.
 */
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

/** Bytes of an ordinary entry: header, padded ciphertext, tag. */
const ENTRY_BYTES = 416;

export interface BareLog {
  /** One durable insert. */
  insert(): void;
  /** So many inserts in one durable transaction. */
  insertGroup(count: number): void;
  close(): void;
}

export function bareLog(dir: string): BareLog {
  const db = new BetterSqlite3(join(dir, 'bare.db'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)');
  const insert = db.prepare('INSERT INTO entry (bytes) VALUES (?)');
  const bytes = Buffer.alloc(ENTRY_BYTES, 7);
  return {
    insert: () => void insert.run(bytes),
    insertGroup: db.transaction((count: number) => {
      for (let left = count; left > 0; left -= 1) insert.run(bytes);
    }),
    close: () => void db.close(),
  };
}
