/**
 * Alarms: what a person must look at, kept until someone acknowledges it. The same alarm again is counted in its row and stands
 * up again; one seat has a bounded number of rows of each kind. It must never drop one that nobody has acknowledged.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { AlarmList } from '../../contract/console-api.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { ServerLog } from './server-log.ts';

/** Different alarms of one kind that one seat has a row for each; what comes beyond is counted in one row more. */
export const MOST_OF_A_KIND = 8;
/** Of each kind so many are listed, the newest of each seat first. */
const MOST_LISTED = 50;
/** Stands for the seat in alarms about the site as a whole: no workstation id looks like it. */
const OF_THE_SITE = 'site';
/** Found again by every look as long as it lasts: the same words, which name its beginning, are no further time. */
const LASTING: ReadonlySet<string> = new Set([
  'SEAT_SILENT',
  'SEAT_ENTRIES_AWAY',
  'SEAT_LOGS_TOO_MANY',
  'SITE_AUTHORITY_ENDS',
  'EMERGENCY_NOT_CLOSED',
]);
const LONGEST_DETAIL = 1000;

export interface Alarm {
  readonly workstationId: string | null;
  readonly kind: string;
  /** A plain sentence: what was found and what to do. */
  readonly detail: string;
  readonly at: number;
}

export interface Acknowledgement {
  readonly id: string;
  /** An account, or the user of the server's machine. */
  readonly by: string;
  /** How often it had happened when they looked; null for whatever it is now. */
  readonly times: number | null;
}

export interface Alarms {
  /** What nobody has acknowledged yet. */
  open(): Promise<AlarmList>;
  /** @throws WardlockError SERVER_NOT_FOUND, SERVER_ALARM_MOVED */
  acknowledge(acknowledgement: Acknowledgement): Promise<{ readonly kind: string; readonly workstationId: string | null }>;
}

/** Returns after it is stored, or with the caller's transaction. */
export async function raiseAlarm(db: Kysely<Tables>, alarm: Alarm): Promise<void> {
  if (db.isTransaction) await raise(db, alarm);
  else await db.transaction().execute((transaction) => raise(transaction, alarm));
}

/**
 * Those that would change something: what lasts and was told already, acknowledged or not, is left out. One query for all of them, so
 * that a fleet that is switched off costs each look the same.
 */
export async function untold<A extends Omit<Alarm, 'at'>>(db: Kysely<Tables>, alarms: readonly A[]): Promise<A[]> {
  const kinds = [...new Set(alarms.map(({ kind }) => kind))].filter((kind) => LASTING.has(kind));
  if (kinds.length === 0) return [...alarms];
  const rows = await db.selectFrom('alarms').select(['workstation_id', 'kind', 'detail']).where('kind', 'in', kinds).execute();
  const told = new Set(rows.map(({ workstation_id, kind, detail }) => `${workstation_id} ${kind} ${detail}`));
  return alarms.filter(({ workstationId, kind, detail }) => !told.has(`${workstationId ?? OF_THE_SITE} ${kind} ${detail}`));
}

type Known = Pick<Tables['alarms'], 'id' | 'detail' | 'last_at' | 'acknowledged_at'>;

async function raise(db: Kysely<Tables>, { workstationId, kind, detail, at }: Alarm): Promise<void> {
  const seat = workstationId ?? OF_THE_SITE;
  await lockInTransaction(db, 'alarms', seat);
  const known: Known[] = await db
    .selectFrom('alarms')
    .select(['id', 'detail', 'last_at', 'acknowledged_at'])
    .where('workstation_id', '=', seat)
    .where('kind', '=', kind)
    .limit(MOST_OF_A_KIND + 1)
    .execute();
  const [own, rest] = [idOf(workstationId, kind, detail), idOf(seat, kind)];
  const same = known.find(({ id }) => id === own);
  const id = same !== undefined || (await makeRoom(db, seat, known, rest)) ? own : rest;
  const before = known.find((row) => row.id === id);
  if (before === undefined) {
    const row = { kind, detail, first_at: at, last_at: at, times: 1, acknowledged_at: null, acknowledged_by: null };
    await db
      .insertInto('alarms')
      .values({ workstation_id: seat, id, ...row })
      .execute();
    return;
  }
  if (LASTING.has(kind) && before.detail === detail) return;
  await db
    .updateTable('alarms')
    .set((eb) => ({ detail, last_at: at, times: eb('times', '+', 1), acknowledged_at: null, acknowledged_by: null }))
    .where('workstation_id', '=', seat)
    .where('id', '=', id)
    .execute();
}

/** What an alarm asked for was done, by `by`: it stands no more. Within the transaction that records the deed. */
export async function settleAlarm(db: Kysely<Tables>, { workstationId, kind, detail, at }: Alarm, by: string): Promise<void> {
  await db
    .updateTable('alarms')
    .set({ acknowledged_at: at, acknowledged_by: by })
    .where('workstation_id', '=', workstationId ?? OF_THE_SITE)
    .where('id', '=', idOf(workstationId, kind, detail))
    .where('acknowledged_at', 'is', null)
    .execute();
}

/** Whether there is a row for a further alarm, at the cost of the oldest one that somebody has acknowledged. */
async function makeRoom(db: Kysely<Tables>, seat: string, known: readonly Known[], rest: string): Promise<boolean> {
  const single = known.filter(({ id }) => id !== rest);
  if (single.length < MOST_OF_A_KIND) return true;
  const [oldest] = single
    .filter(({ acknowledged_at }) => acknowledged_at !== null)
    .toSorted((a, b) => Number(a.last_at) - Number(b.last_at));
  if (oldest === undefined) return false;
  await db.deleteFrom('alarms').where('workstation_id', '=', seat).where('id', '=', oldest.id).execute();
  return true;
}

function idOf(...parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

export function openAlarms(db: Kysely<Tables>, log: ServerLog, now: () => number): Alarms {
  return {
    open: () => list(db),
    acknowledge: ({ id, by, times }) =>
      db.transaction().execute(async (transaction) => {
        const open = transaction.updateTable('alarms').where('id', '=', id).where('acknowledged_at', 'is', null);
        const row = await (times === null ? open : open.where('times', '=', times))
          .set({ acknowledged_at: now(), acknowledged_by: by })
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw await whyNot(transaction, id);
        const workstationId = seatOf(row.workstation_id);
        const raised = { firstAt: timeOf(row.first_at), lastAt: timeOf(row.last_at), times: Number(row.times) };
        const body = { alarm: id, kind: row.kind, workstation: workstationId, ...raised };
        await log.append({ type: 'alarm.acknowledged', actor: by, body }, transaction);
        return { kind: row.kind, workstationId };
      }),
  };
}

async function whyNot(db: Kysely<Tables>, id: string): Promise<WardlockError> {
  const open = await db.selectFrom('alarms').select('id').where('id', '=', id).where('acknowledged_at', 'is', null).executeTakeFirst();
  return open === undefined
    ? new WardlockError('SERVER_NOT_FOUND', 'No alarm with this id stands: it was acknowledged already, or there is none.')
    : new WardlockError('SERVER_ALARM_MOVED');
}

async function list(db: Kysely<Tables>): Promise<AlarmList> {
  const kinds = await db
    .selectFrom('alarms')
    .select((eb) => [
      'kind',
      eb.fn.countAll().as('open'),
      eb.fn.count('workstation_id').distinct().as('seats'),
      eb.fn.max('last_at').as('last'),
    ])
    .where('acknowledged_at', 'is', null)
    .groupBy('kind')
    .orderBy('last', 'desc')
    .orderBy('kind')
    .execute();
  // First the newest of each seat, so that one with many cannot push out another's only one.
  const ofSeats = db
    .selectFrom('alarms')
    .selectAll()
    .select((eb) =>
      eb.fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy(['workstation_id', 'kind']).orderBy('last_at', 'desc').orderBy('id'))
        .as('of_seat'),
    )
    .where('acknowledged_at', 'is', null);
  const ofKinds = db
    .selectFrom(ofSeats.as('of_seats'))
    .selectAll()
    .select((eb) =>
      eb.fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('kind').orderBy('of_seat').orderBy('last_at', 'desc').orderBy('id'))
        .as('of_kind'),
    );
  const rows = await db
    .selectFrom(ofKinds.as('alarms'))
    .leftJoin('seats', 'seats.workstation_id', 'alarms.workstation_id')
    .selectAll('alarms')
    .select('seats.name as seat_name')
    .where('alarms.of_kind', '<=', MOST_LISTED)
    .orderBy('alarms.last_at', 'desc')
    .orderBy('alarms.id')
    .execute();
  return {
    kinds: kinds.map(({ kind, open, seats }) => ({ kind, open: Number(open), seats: Number(seats) })),
    alarms: rows.map((row) => ({
      id: row.id,
      workstationId: seatOf(row.workstation_id),
      seat: row.seat_name,
      kind: row.kind,
      detail: row.detail.slice(0, LONGEST_DETAIL),
      firstAt: timeOf(row.first_at),
      lastAt: timeOf(row.last_at),
      times: Number(row.times),
    })),
  };
}

function seatOf(workstationId: string): string | null {
  return workstationId === OF_THE_SITE ? null : workstationId;
}

function timeOf(at: number): string {
  return new Date(Number(at)).toISOString();
}
