/**
 * Close-out of emergency accesses: which ones no person has looked at yet, and what was found where one has. The list is derived from
 * the index; what was found is kept for itself, so that an index that is built again asks for nothing twice. It must never close one by itself.
 */
import { type Kysely, sql } from 'kysely';
import { Value } from 'typebox/value';
import type { EmergencyList, EmergencyQuery, EmergencyRow } from '../../contract/emergencies.ts';
import { Finding } from '../../contract/emergencies.ts';
import { events } from '../../contract/events.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm, settleAlarm, untold } from './alarms.ts';
import { accessName, witnessesOf } from './emergency-witnesses.ts';
import { LONGEST_SESSION_MS } from './index-rows.ts';
import { indexState } from './index-state.ts';
import { keepLooking } from './looks.ts';
import type { ServerLog } from './server-log.ts';

const DAY_MS = 86_400_000;
/** An emergency access that nobody has closed out for so long is an alarm. */
export const CLOSE_OUT_DAYS = 7;
/** A seat's clock may be ahead of ours by so much; an access from beyond has an age that nobody can tell, and is late at once. */
const CLOCK_AHEAD_MS = DAY_MS;
const LOOK_MS = 600_000;
const PAGE = 50;
const LATE = 'EMERGENCY_NOT_CLOSED';
/** As the index of these rows names it: a bound value would keep SQLite off that index. */
const IS_EMERGENCY = sql<boolean>`indexed_sessions.kind = ${sql.lit('breakglass')}`;

export interface CloseOut {
  readonly workstationId: string;
  readonly session: string;
  readonly finding: Finding;
  readonly note: string;
  /** The account of whoever looked at it. */
  readonly by: string;
}

export interface Emergencies {
  list(query: EmergencyQuery): Promise<EmergencyList>;
  /** @throws WardlockError SERVER_NOT_FOUND, SERVER_EMERGENCY_RUNNING, SERVER_EMERGENCY_CLOSED, SERVER_EMERGENCY_UNEXPLAINED */
  close(closeOut: CloseOut): Promise<void>;
  /** Raises an alarm for each seat that has one which waits too long: the oldest. Answers for how many seats. */
  look(): Promise<number>;
  stop(): Promise<void>;
}

interface EmergencyParts {
  readonly db: Kysely<Tables>;
  readonly log: ServerLog;
  readonly now: () => number;
  readonly onFault: (fault: unknown) => void;
  /** Asked before each look by itself: one process does it. */
  readonly mayLook: () => boolean;
}

export function openEmergencies(parts: EmergencyParts): Emergencies {
  const { db, now } = parts;
  const look = (ending?: AbortSignal): Promise<number> => lookForLate(db, now(), ending);
  const looks = keepLooking({ ...parts, look, everyMs: LOOK_MS });
  return {
    list: (query) => list(db, query, now()),
    close: (closeOut) => close(parts, closeOut),
    look: () => look(),
    stop: looks.close,
  };
}

/** Emergency accesses with what was found, if it was. */
function accesses(db: Kysely<Tables>) {
  return db
    .selectFrom('indexed_sessions')
    .leftJoin('emergency_reviews', (join) =>
      join
        .onRef('emergency_reviews.workstation_id', '=', 'indexed_sessions.workstation_id')
        .onRef('emergency_reviews.session_id', '=', 'indexed_sessions.session_id'),
    )
    .where(IS_EMERGENCY);
}

function waiting(db: Kysely<Tables>) {
  return accesses(db).where('emergency_reviews.closed_at', 'is', null);
}

async function list(db: Kysely<Tables>, { state = 'open', after }: EmergencyQuery, now: number): Promise<EmergencyList> {
  const [order, beyond] = state === 'open' ? (['asc', '>'] as const) : (['desc', '<'] as const);
  let select = accesses(db)
    .innerJoin('seats', 'seats.workstation_id', 'indexed_sessions.workstation_id')
    .leftJoin('persons', 'persons.id', 'indexed_sessions.person_id')
    .leftJoin('indexed_events', (join) =>
      join
        .onRef('indexed_events.workstation_id', '=', 'indexed_sessions.workstation_id')
        .onRef('indexed_events.incarnation', '=', 'indexed_sessions.incarnation')
        .onRef('indexed_events.seq', '=', 'indexed_sessions.first_seq'),
    )
    .selectAll('indexed_sessions')
    .select(['seats.name as seat_name', 'persons.display_name as person_name', 'indexed_events.body as start_body'])
    .select(['emergency_reviews.finding', 'emergency_reviews.note', 'emergency_reviews.closed_by', 'emergency_reviews.closed_at'])
    .where('emergency_reviews.closed_at', state === 'open' ? 'is' : 'is not', null)
    .orderBy('indexed_sessions.started_at', order)
    .orderBy('indexed_sessions.session_id', order)
    .limit(PAGE + 1);
  const [startedAt, sessionId] = (after ?? '').split('.');
  if (startedAt !== undefined && sessionId !== undefined) {
    const columns = ['indexed_sessions.started_at', 'indexed_sessions.session_id'] as const;
    select = select.where((eb) => eb(eb.refTuple(...columns), beyond, eb.tuple(Number(startedAt), sessionId)));
  }
  const rows = await select.execute();
  const counted = await waiting(db)
    .select((eb) => eb.fn.countAll().as('open'))
    .executeTakeFirst();
  const shown = rows.slice(0, PAGE);
  const last = shown.at(-1);
  const witnesses = await witnessesOf(db, shown);
  return {
    open: Number(counted?.open ?? 0),
    emergencies: shown.map((row) => rowOf(row, witnesses.get(accessName(row)) ?? [], now)),
    next: rows.length > PAGE && last !== undefined ? `${Number(last.started_at)}.${last.session_id}` : null,
    index: await indexState(db),
  };
}

type Found = Tables['indexed_sessions'] & {
  readonly seat_name: string;
  readonly person_name: string | null;
  readonly start_body: string | null;
  readonly finding: string | null;
  readonly note: string | null;
  readonly closed_by: string | null;
  readonly closed_at: number | null;
};

function rowOf(row: Found, witnesses: readonly EmergencyRow['witnesses'][number][], now: number): EmergencyRow {
  const { finding, note, closed_by, closed_at } = row;
  const start: unknown = row.start_body === null ? null : JSON.parse(row.start_body);
  const said = Value.Check(events['breakglass.started'].body, start) ? start : null;
  const closed = closed_by !== null && closed_at !== null && Value.Check(Finding, finding);
  return {
    workstationId: row.workstation_id,
    seat: row.seat_name,
    session: row.session_id,
    kind: 'breakglass',
    person: row.person_id,
    personName: row.person_name,
    role: row.role,
    startedAt: iso(row.started_at),
    endedAt: row.ended_at === null ? null : iso(row.ended_at),
    endReason: row.end_reason,
    policyVersion: Number(row.policy_version),
    reason: said?.reason ?? null,
    note: said?.note ?? null,
    witnesses: [...witnesses],
    overdue: closed_at === null && isLate(Number(row.started_at), now),
    closeOut: closed ? { finding, note: note ?? '', by: closed_by, at: iso(closed_at) } : null,
  };
}

async function close({ db, log, now }: EmergencyParts, { workstationId, session, finding, note, by }: CloseOut): Promise<void> {
  if (finding !== 'justified' && note.trim() === '') throw new WardlockError('SERVER_EMERGENCY_UNEXPLAINED');
  await db.transaction().execute(async (transaction) => {
    const found = await accesses(transaction)
      .select(['indexed_sessions.started_at', 'indexed_sessions.ended_at', 'indexed_sessions.person_id', 'emergency_reviews.closed_at'])
      .where('indexed_sessions.workstation_id', '=', workstationId)
      .where('indexed_sessions.session_id', '=', session)
      .executeTakeFirst();
    if (found === undefined) throw new WardlockError('SERVER_NOT_FOUND', 'There is no such emergency access in the record.');
    const startedAt = Number(found.started_at);
    // The end of one whose seat is gone never comes; no policy lets one last longer than this.
    if (found.ended_at === null && now() - startedAt < LONGEST_SESSION_MS) throw new WardlockError('SERVER_EMERGENCY_RUNNING');
    const at = now();
    const written = await transaction
      .insertInto('emergency_reviews')
      .values({ workstation_id: workstationId, session_id: session, finding, note, closed_by: by, closed_at: at })
      .onConflict((c) => c.columns(['workstation_id', 'session_id']).doNothing())
      .executeTakeFirst();
    if (written.numInsertedOrUpdatedRows !== 1n) throw new WardlockError('SERVER_EMERGENCY_CLOSED');
    await settleAlarm(transaction, { workstationId, kind: LATE, detail: lateDetail(session, startedAt), at }, by);
    const body = { workstation: workstationId, session, person: found.person_id, startedAt: iso(startedAt), finding, note };
    await log.append({ type: 'emergency.closed', actor: by, body }, transaction);
  });
}

async function lookForLate(db: Kysely<Tables>, now: number, ending?: AbortSignal): Promise<number> {
  const late = await waiting(db)
    .select(['indexed_sessions.workstation_id', 'indexed_sessions.session_id', 'indexed_sessions.started_at'])
    .where((eb) => {
      const startedAt = 'indexed_sessions.started_at' as const;
      return eb.or([eb(startedAt, '<', lateBefore(now)), eb(startedAt, '>', now + CLOCK_AHEAD_MS)]);
    })
    .orderBy('indexed_sessions.started_at')
    .orderBy('indexed_sessions.session_id')
    .execute();
  // One of a seat at a time, so that an alarm of these never crowds out the next one.
  const oldest = new Map(late.toReversed().map((row) => [row.workstation_id, row]));
  const found = Array.from(oldest, ([workstationId, { session_id, started_at }]) => ({
    workstationId,
    kind: LATE,
    detail: lateDetail(session_id, Number(started_at)),
  }));
  for (const one of await untold(db, found)) {
    if (ending?.aborted === true) break;
    await raiseAlarm(db, { ...one, at: now });
  }
  return oldest.size;
}

function lateBefore(now: number): number {
  return now - CLOSE_OUT_DAYS * DAY_MS;
}

function isLate(startedAt: number, now: number): boolean {
  return startedAt < lateBefore(now) || startedAt > now + CLOCK_AHEAD_MS;
}

/** The same words as long as it waits: they find the alarm again. */
function lateDetail(session: string, startedAt: number): string {
  return `The emergency access ${session} of ${iso(startedAt)} has waited for its close-out for more than ${CLOSE_OUT_DAYS} days: read its story, then close it out with emergency close.`;
}

function iso(ms: number): string {
  return new Date(Number(ms)).toISOString();
}
