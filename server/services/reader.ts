/**
 * The reader role: the one part of a server that holds the HPKE key. It decrypts what intake has verified into a derived
 * index and nowhere else; the index can be dropped and built again. It never changes what is stored.
 */
import type { Kysely } from 'kysely';
import {
  type AuditCrypto,
  deriveEpochKeys,
  type EpochKeys,
  KIND_EPOCH,
  openEntry,
  openEpochSecret,
  parseHeader,
} from '../../core/audit/index.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import { type IndexRow, indexRow, writeIndex, writeIndexFault } from './index-rows.ts';
import { type LogName, readEntries } from './logs.ts';

/** Entries decrypted in one transaction. */
const CHUNK = 512;
const LONGEST_FAULT = 300;

export interface Reader {
  /** Brings the index up to what is stored; answers how many entries were added. Calls that overlap become one. */
  catchUp(): Promise<number>;
  /** Drops the index; the next `catchUp` builds it again from verified bytes. */
  reset(): Promise<void>;
  /** The secret of an epoch from its entry, for an export that proves its events; null when this key does not open it. */
  secretOf(epochEntry: Uint8Array): Uint8Array | null;
}

interface ReaderParts {
  readonly db: Kysely<Tables>;
  readonly crypto: AuditCrypto;
  /** X25519, 32 bytes. */
  readonly readerKey: Uint8Array;
  readonly now: () => number;
}

export function openReader(parts: ReaderParts): Reader {
  let running: Promise<number> | null = null;
  let again = false;
  const pass = async (): Promise<number> => {
    let added = 0;
    do {
      again = false;
      for (const log of await behind(parts.db)) added += await indexOrAlarm(parts, log);
    } while (again);
    return added;
  };
  return {
    secretOf: (entry) => secretOf(parts, entry),
    catchUp: () => {
      again = true;
      running ??= pass().finally(() => {
        running = null;
      });
      return running;
    },
    reset: () =>
      parts.db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('indexed_events').execute();
        await transaction.deleteFrom('indexed_sessions').execute();
        await transaction.deleteFrom('index_cursors').execute();
      }),
  };
}

interface Behind extends LogName {
  readonly next: number;
  readonly size: number;
}

async function behind(db: Kysely<Tables>): Promise<Behind[]> {
  const rows = await db
    .selectFrom('logs')
    .leftJoin('index_cursors', (join) =>
      join.onRef('index_cursors.workstation_id', '=', 'logs.workstation_id').onRef('index_cursors.incarnation', '=', 'logs.incarnation'),
    )
    .select(['logs.workstation_id', 'logs.incarnation', 'logs.size', 'index_cursors.next_seq'])
    .execute();
  return rows
    .map((row) => ({
      workstationId: row.workstation_id,
      incarnation: row.incarnation,
      next: Number(row.next_seq ?? 0),
      size: Number(row.size),
    }))
    .filter(({ next, size }) => next < size);
}

/** One log that cannot be read must never hold back another: it stays behind, and a person is told. */
async function indexOrAlarm(parts: ReaderParts, log: Behind): Promise<number> {
  try {
    return await indexLog(parts, log);
  } catch (cause) {
    const fault = String(cause).slice(0, LONGEST_FAULT);
    const detail = `Log ${log.incarnation} of this seat cannot be read into the index, so its newer sessions are not shown here. What is stored is kept. Look at the seat and at the disk of the server: ${fault}`;
    await parts.db.transaction().execute(async (transaction) => {
      await writeIndexFault(transaction, log, fault);
      await raiseAlarm(transaction, { workstationId: log.workstationId, kind: 'SERVER_INDEX_STOPPED', detail, at: parts.now() });
    });
    return 0;
  }
}

async function indexLog(parts: ReaderParts, log: Behind): Promise<number> {
  const { db } = parts;
  let keys = await keysAt(parts, log);
  for (let from = log.next; from < log.size; from += CHUNK) {
    const entries = await readEntries(db, log, { from, to: Math.min(from + CHUNK, log.size) });
    const rows: IndexRow[] = [];
    for (const entry of entries) {
      const header = parseHeader(entry);
      if (header.kind === KIND_EPOCH) keys = keysOf(parts, entry);
      const text = header.kind === KIND_EPOCH || keys === null ? undefined : openEntry(keys, entry);
      rows.push(indexRow({ log, header, text }));
    }
    await writeIndex(db, log, { from, next: from + entries.length, rows });
  }
  return log.size - log.next;
}

/** The keys of the epoch in force before entry `next`: its entry is the last one of the checkpoint kept before that. */
async function keysAt(parts: ReaderParts, log: Behind): Promise<EpochKeys | null> {
  const kept = await parts.db
    .selectFrom('checkpoints')
    .select((eb) => eb.fn.max('size').as('size'))
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('size', '<=', log.next)
    .executeTakeFirst();
  if (kept?.size === null || kept?.size === undefined) return null;
  const [entry] = await readEntries(parts.db, log, { from: Number(kept.size) - 1, to: Number(kept.size) });
  return entry === undefined ? null : keysOf(parts, entry);
}

function secretOf({ crypto, readerKey }: ReaderParts, entry: Uint8Array): Uint8Array | null {
  const opened = openEpochSecret(crypto, entry, parseHeader(entry), readerKey);
  return opened.outcome === 'opened' ? opened.secret : null;
}

function keysOf(parts: ReaderParts, entry: Uint8Array): EpochKeys | null {
  const secret = secretOf(parts, entry);
  return secret === null ? null : deriveEpochKeys(parts.crypto, secret, parseHeader(entry));
}
