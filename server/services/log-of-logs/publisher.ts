/**
 * Sequences what the witness has cosigned, with the head of the server's own log, signs the new checkpoint and stores all of
 * it in one transaction: readers see it after the commit, and one publisher at a time does this, however many nodes there
 * are. It never alters what is sequenced.
 */
import type { Kysely } from 'kysely';
import { type Checkpoint, parseCheckpoint, subtreeHash, type TreeHasher, toHex } from '../../../core/audit/index.ts';
import { lockInTransaction } from '../../store/engine.ts';
import type { Tables } from '../../store/schema.ts';
import { raiseAlarm } from '../alarms.ts';
import { LOG_ID_BYTES, type LogOfLogsKey, originOf, serverLogHead, signedCheckpoint } from './names.ts';
import { beginLog, extendLog, type LogRow, type NewEntry, readLogs, takeOffQueue, waiting, withTiles } from './store.ts';

/** Entries of one publication; what waits beyond comes in the next, at once. */
export const MOST_AT_ONCE = 256;

export interface PublisherParts extends LogOfLogsKey {
  readonly db: Kysely<Tables>;
  readonly hasher: TreeHasher;
  readonly now: () => number;
}

export interface Published {
  readonly note: string;
  readonly entries: number;
}

/**
 * One publication; null when there is nothing new. `known` answers the newest checkpoint that is known to be published, or
 * nothing: behind a database that lacks it nothing is signed under the old name.
 */
export async function publishOnce(parts: PublisherParts, known: () => string): Promise<Published | null> {
  if (!(await somethingNew(parts.db))) return null;
  return parts.db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'log-of-logs');
    const begun = await anewAfterRollback(parts, transaction, known());
    const queue = await waiting(transaction, MOST_AT_ONCE);
    const log = (await readLogs(transaction)).at(-1) ?? (await beginLog(transaction, newLogId(parts), parts.now()));
    const head = await serverHead(transaction);
    const entries: NewEntry[] = queue.map(({ entry, workstationId, incarnation, size }) => ({
      entry,
      about: { workstationId, incarnation, size },
    }));
    if (head !== null && head.rows !== log.serverEvents) entries.push({ entry: Buffer.from(serverLogHead(parts, head)), about: null });
    if (entries.length === 0) return begun === null ? null : { note: begun, entries: 0 };
    const note = await appendEntries(parts, transaction, { log, entries, serverEvents: head?.rows ?? log.serverEvents });
    await takeOffQueue(transaction, queue);
    return { note, entries: entries.length };
  });
}

interface Append {
  readonly log: LogRow;
  readonly entries: readonly NewEntry[];
  readonly serverEvents: number;
}

async function appendEntries(parts: PublisherParts, transaction: Kysely<Tables>, { log, entries, serverEvents }: Append): Promise<string> {
  const range = await extendLog(transaction, parts.hasher, log, entries);
  const note = signedCheckpoint(parts, { id: log.id, size: range.end, root: range.root() });
  const frontier = Buffer.concat(range.nodes.map(({ hash }) => hash));
  await transaction
    .updateTable('transparency_logs')
    .set({ size: range.end, frontier, note, server_events: serverEvents })
    .where('number', '=', log.number)
    .execute();
  return note;
}

/**
 * Begins a new log whose first entry is the last known checkpoint of the one before: after a restore, going on under the
 * same name would tell two histories of it. Inside the caller's transaction; `lastKnown` is empty where there was none.
 */
export async function beginAnew(parts: PublisherParts, transaction: Kysely<Tables>, lastKnown: string): Promise<string> {
  await lockInTransaction(transaction, 'log-of-logs');
  const log = await beginLog(transaction, newLogId(parts), parts.now());
  return appendEntries(parts, transaction, {
    log,
    entries: lastKnown === '' ? [] : [{ entry: Buffer.from(lastKnown), about: null }],
    serverEvents: 0,
  });
}

/** `anewAfterRollback` in a transaction of its own. */
export async function noticeRollback(parts: PublisherParts, published: string): Promise<string | null> {
  return parts.db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'log-of-logs');
    return anewAfterRollback(parts, transaction, published);
  });
}

/**
 * Holds the database against a checkpoint that was published before: one of a log that the database does not know, or knows
 * smaller or otherwise, means that it went back in time. Then people are told and a new log begins, whose first note is answered.
 */
async function anewAfterRollback(parts: PublisherParts, transaction: Kysely<Tables>, published: string): Promise<string | null> {
  if (published === '') return null;
  const { checkpoint } = parseCheckpoint(published);
  const logs = await readLogs(transaction);
  const log = logs.find(({ id }) => originOf(parts.tenant, id) === checkpoint.origin);
  // A log that ended was cited by the one after it when that began.
  if (log !== undefined && log.number !== logs.at(-1)?.number) return null;
  if (log !== undefined && (log.note === published || (await hasWithin(parts, transaction, { log, checkpoint })))) return null;
  const detail = `This database went back in time or was rewritten: ${checkpoint.size} entries of its log of logs were published, ${log?.size ?? 0} are there or they differ. What was done since is gone: revocations, staff, accounts, policies and legal holds must be done again, before anything is purged; seats send what they still have.`;
  await raiseAlarm(transaction, { workstationId: null, kind: 'SERVER_DATABASE_ROLLED_BACK', detail, at: parts.now() });
  return beginAnew(parts, transaction, published);
}

interface Within {
  readonly log: LogRow;
  readonly checkpoint: Checkpoint;
}

/** Whether the log as it is stored grew out of the one that the checkpoint is over. */
async function hasWithin({ hasher }: PublisherParts, transaction: Kysely<Tables>, { log, checkpoint }: Within): Promise<boolean> {
  const { size, root } = checkpoint;
  if (size > log.size) return false;
  if (size === 0) return true;
  return toHex(await withTiles(transaction, hasher, log.number, (node) => subtreeHash(hasher, 0, size, node))) === toHex(root);
}

function newLogId({ crypto }: LogOfLogsKey): string {
  return toHex(crypto.random(LOG_ID_BYTES));
}

async function somethingNew(db: Kysely<Tables>): Promise<boolean> {
  const queued = await db.selectFrom('transparency_queue').select('size').limit(1).executeTakeFirst();
  if (queued !== undefined) return true;
  const head = await serverHead(db);
  return head !== null && head.rows !== ((await readLogs(db)).at(-1)?.serverEvents ?? 0);
}

async function serverHead(db: Kysely<Tables>): Promise<{ readonly rows: number; readonly hash: string } | null> {
  const last = await db.selectFrom('server_events').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return last === undefined ? null : { rows: Number(last.seq) + 1, hash: last.hash };
}
