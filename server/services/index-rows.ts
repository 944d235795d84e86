/**
 * The derived index: one row for every entry, so that a hole is seen as a hole, and one for every session. It is written
 * from verified entries only, a chunk and its cursor in one transaction.
 */
import type { Kysely } from 'kysely';
import { codesOf } from '../../contract/codes-of.ts';
import { type EntryHeader, KIND_EPOCH } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { type BulkColumns, insertMany } from '../store/bulk.ts';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

/** Types of rows that are no events: the opening of an epoch, and an entry that this reader's key does not open. */
export const EPOCH_ROW = 'record.epoch';
export const UNREADABLE_ROW = 'record.unreadable';

/** No policy lets a session last longer; it bounds how far other logs are searched for the rest of one. */
export const LONGEST_SESSION_MS = 86_400_000;
const STARTS = ['session.started', 'breakglass.started'];
const ENDS = ['session.ended', 'breakglass.ended'];

export type IndexRow = Tables['indexed_events'];

/** For bulk inserts. */
export const INDEX_COLUMNS: BulkColumns<'indexed_events'> = {
  workstation_id: 'text',
  incarnation: 'text',
  seq: 'bigint',
  event_no: 'bigint',
  at: 'bigint',
  type: 'text',
  session_id: 'text',
  person_id: 'text',
  app_id: 'text',
  outcome: 'integer',
  body: 'text',
};

/** Entries that one log can have before its numbers run into those of the next. */
const NUMBERS_OF_A_LOG = 2 ** 32;
const ENROL_TRIES = 16;

interface Decrypted {
  readonly log: LogName;
  /** The log's number in the index, of its cursor. */
  readonly logNo: number;
  readonly header: EntryHeader;
  /** Canonical JSON of the event; undefined where it does not open. */
  readonly text: string | undefined;
}

export function indexRow({ log, logNo, header, text }: Decrypted): IndexRow {
  const event = text === undefined ? null : readEvent(text);
  return {
    workstation_id: log.workstationId,
    incarnation: log.incarnation,
    seq: header.seq,
    event_no: logNo * NUMBERS_OF_A_LOG + header.seq,
    at: Math.floor(header.wallMicros / 1000),
    type: event?.type ?? (header.kind === KIND_EPOCH ? EPOCH_ROW : UNREADABLE_ROW),
    session_id: textOf(event?.body, 'session'),
    person_id: textOf(event?.body, 'person'),
    app_id: textOf(event?.body, 'app'),
    // Of an event that this build does not know nothing is claimed.
    outcome: event === null ? null : (codesOf(event.type, event.body)?.outcome ?? null),
    body: event === null ? '{}' : JSON.stringify(event.body),
  };
}

/** The cursor of a log, made with a number of its own when the log is new to the index. */
export async function cursorOf(
  db: Kysely<Tables>,
  { workstationId: workstation_id, incarnation }: LogName,
): Promise<Tables['index_cursors']> {
  for (let tries = 0; tries < ENROL_TRIES; tries += 1) {
    const known = await db
      .selectFrom('index_cursors')
      .selectAll()
      .where('workstation_id', '=', workstation_id)
      .where('incarnation', '=', incarnation)
      .executeTakeFirst();
    if (known !== undefined) return known;
    const last = await db
      .selectFrom('index_cursors')
      .select((eb) => eb.fn.max('log_no').as('no'))
      .executeTakeFirst();
    // Another reader may take the same number: then nothing is inserted and the next try takes the one after it.
    await db
      .insertInto('index_cursors')
      .values({ workstation_id, incarnation, log_no: Number(last?.no ?? 0) + 1, next_seq: 0, unreadable: 0, fault: null })
      .onConflict((c) => c.doNothing())
      .execute();
  }
  throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The index gives no number to a new log. Build it again: server reindex.');
}

/** A chunk of rows that starts at `from`; nothing happens when another reader was there first. */
export async function writeIndex(
  db: Kysely<Tables>,
  { workstationId: workstation_id, incarnation }: LogName,
  chunk: {
    readonly from: number;
    readonly next: number;
    readonly rows: readonly IndexRow[];
    /** Entries among them that no key opened. */
    readonly unopened: number;
    /** The number that the rows carry: an index that was dropped meanwhile may have given the log another. */
    readonly logNo: number;
  },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const moved = await transaction
      .updateTable('index_cursors')
      .set((eb) => ({ next_seq: chunk.next, unreadable: eb('unreadable', '+', chunk.unopened), fault: null }))
      .where('workstation_id', '=', workstation_id)
      .where('incarnation', '=', incarnation)
      .where('next_seq', '=', chunk.from)
      .where('log_no', '=', chunk.logNo)
      .executeTakeFirst();
    if (moved.numUpdatedRows !== 1n || chunk.rows.length === 0) return;
    const rows = await withPersons(transaction, workstation_id, chunk.rows);
    await insertMany(transaction, 'indexed_events', INDEX_COLUMNS, rows);
    await writeSessions(transaction, rows);
  });
}

/** What happens in a session is that person's, also where the event does not say so: a launch, a lock, a refusal. */
async function withPersons(db: Kysely<Tables>, workstationId: string, rows: readonly IndexRow[]): Promise<IndexRow[]> {
  const persons = new Map<string, string | null>();
  const asked = new Set(rows.flatMap(({ session_id }) => (session_id === null ? [] : [session_id])));
  if (asked.size === 0) return [...rows];
  const known = await db
    .selectFrom('indexed_sessions')
    .select(['session_id', 'person_id'])
    .where('workstation_id', '=', workstationId)
    .where('session_id', 'in', [...asked])
    .execute();
  for (const { session_id, person_id } of known) persons.set(session_id, person_id);
  return rows.map((row) => {
    if (row.session_id === null) return row;
    if (STARTS.includes(row.type) && !persons.has(row.session_id)) persons.set(row.session_id, row.person_id);
    return row.person_id === null ? { ...row, person_id: persons.get(row.session_id) ?? null } : row;
  });
}

/** Notes at the log's cursor why it does not go on; the next chunk that is written clears it. */
export async function writeIndexFault(db: Kysely<Tables>, log: LogName, fault: string): Promise<void> {
  await db
    .updateTable('index_cursors')
    .set({ fault })
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .execute();
}

/** What a chunk tells of sessions: their starts one by one, how far each goes on once, their ends last. */
async function writeSessions(db: Kysely<Tables>, rows: readonly IndexRow[]): Promise<void> {
  const lastOf = new Map<string, IndexRow>();
  const ends: IndexRow[] = [];
  for (const row of rows) {
    if (row.session_id === null) continue;
    if (STARTS.includes(row.type)) await openSession(db, row, row.session_id);
    else lastOf.set(row.session_id, row);
    if (ENDS.includes(row.type)) ends.push(row);
  }
  for (const [session_id, { workstation_id, incarnation, seq }] of lastOf) {
    await db
      .updateTable('indexed_sessions')
      .set({ last_seq: seq })
      .where('workstation_id', '=', workstation_id)
      .where('session_id', '=', session_id)
      .where('incarnation', '=', incarnation)
      .execute();
  }
  for (const row of ends) await endSession(db, row, textOf(readObject(row.body), 'reason'));
}

async function openSession(db: Kysely<Tables>, row: IndexRow, session_id: string): Promise<void> {
  const body = readObject(row.body);
  const opened = {
    workstation_id: row.workstation_id,
    session_id,
    incarnation: row.incarnation,
    kind: row.type === 'session.started' ? 'person' : 'breakglass',
    person_id: row.person_id,
    role: textOf(body, 'role'),
    started_at: row.at,
    ended_at: null,
    end_reason: null,
    policy_version: numberOf(body, 'policyVersion'),
    first_seq: row.seq,
    last_seq: row.seq,
  };
  await db
    .insertInto('indexed_sessions')
    .values(opened)
    .onConflict((c) => c.columns(['workstation_id', 'session_id']).doNothing())
    .execute();
  await endFromOtherLog(db, row);
}

/** The end may lie in another log than the start: the emergency log takes either while the store is full or broken. */
async function endSession(db: Kysely<Tables>, { workstation_id, session_id, at }: IndexRow, reason: string | null): Promise<void> {
  await db
    .updateTable('indexed_sessions')
    .set({ ended_at: at, end_reason: reason })
    .where('workstation_id', '=', workstation_id)
    .where('session_id', '=', session_id)
    .execute();
}

/** Logs are indexed one after the other, so the end may be there before the start. */
async function endFromOtherLog(db: Kysely<Tables>, { workstation_id, session_id, incarnation, at }: IndexRow): Promise<void> {
  const end = await db
    .selectFrom('indexed_events')
    .selectAll()
    .where('workstation_id', '=', workstation_id)
    .where('at', '>=', at)
    .where('at', '<=', at + LONGEST_SESSION_MS)
    .where('session_id', '=', session_id)
    .where('incarnation', '!=', incarnation)
    .where('type', 'in', ENDS)
    .executeTakeFirst();
  if (end !== undefined) await endSession(db, end, textOf(readObject(end.body), 'reason'));
}

/** What a seat encrypted is its own word: null where it is no event, so that it becomes a row that says so. */
function readEvent(text: string): { readonly type: string; readonly body: Readonly<Record<string, unknown>> } | null {
  let event: Readonly<Record<string, unknown>>;
  try {
    event = readObject(text);
  } catch {
    return null;
  }
  const body = event['body'];
  return typeof event['type'] === 'string' && isObject(body) ? { type: event['type'], body } : null;
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(body: Readonly<Record<string, unknown>> | undefined, field: string): string | null {
  const value = body?.[field];
  return typeof value === 'string' ? value : null;
}

function numberOf(body: Readonly<Record<string, unknown>>, field: string): number {
  const value = body[field];
  return typeof value === 'number' ? value : 0;
}
