/** What a database does with the same bytes when nobody checks, signs or sends them: the baseline of the server's figures. */

import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export interface BareWriter {
  /** Each batch in one durable transaction, a row an entry. */
  batches(batches: readonly (readonly Uint8Array[])[]): Promise<void>;
  /** Each row in a durable transaction of its own. */
  singles(rows: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

export function bareSqlite(folder: string): BareWriter {
  const database = new BetterSqlite3(join(folder, 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO entry (bytes) VALUES (?)');
  const insertBatch = database.transaction((entries: readonly Uint8Array[]) => {
    for (const entry of entries) insert.run(entry);
  });
  return {
    batches: async (batches) => {
      for (const entries of batches) insertBatch(entries);
    },
    singles: async (rows) => {
      for (const row of rows) insert.run(row);
    },
    close: async () => void database.close(),
  };
}

/** COPY in binary, the fastest way into PostgreSQL, a batch a statement. */
export async function barePostgres(address: string): Promise<BareWriter> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  await client.query('create table entry (bytes bytea not null)');
  return {
    batches: async (batches) => {
      for (const entries of batches)
        await pipeline([binaryRows(entries)], client.query(copyFrom('copy entry (bytes) from stdin (format binary)')));
    },
    singles: async (rows) => {
      for (const row of rows) await client.query({ name: 'one', text: 'insert into entry (bytes) values ($1)', values: [row] });
    },
    close: () => client.end(),
  };
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const FLAGS_AND_EXTENSION = Buffer.alloc(8);
const END = Buffer.from([0xff, 0xff]);
/** Count of fields (i16) and length of the one field (i32). */
const ROW_HEAD_BYTES = 6;

/** The binary format of COPY (PostgreSQL's manual, COPY, "Binary Format"): rows of one bytea. */
function binaryRows(entries: readonly Uint8Array[]): Buffer {
  const rows = entries.flatMap((entry) => {
    const head = Buffer.alloc(ROW_HEAD_BYTES);
    head.writeInt16BE(1, 0);
    head.writeInt32BE(entry.length, 2);
    return [head, entry];
  });
  return Buffer.concat([SIGNATURE, FLAGS_AND_EXTENSION, ...rows, END]);
}
