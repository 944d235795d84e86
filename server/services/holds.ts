/**
 * Legal holds: what no purge may touch, by seat, person and time, with who placed it, when and why. A hold is never
 * deleted: it is lifted, and both are in the server's log.
 */
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import { UNREADABLE_ROW } from './index-rows.ts';
import type { LogName } from './logs.ts';
import { isCalled, seatsCalled } from './seat-names.ts';
import type { ServerLog } from './server-log.ts';

const ID_BYTES = 6;
const MOST_REASON = 400;

export type Hold = Tables['legal_holds'];

/** All that is given must fit for an entry to be held. At least one of seat, person and a time. */
export interface HoldWanted {
  /** A name, for every machine that has it or gets it later, or the workstation id of one machine. */
  readonly seat?: string | undefined;
  readonly person?: string | undefined;
  /** Milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly reason: string;
  /** Who answers for it. */
  readonly by: string;
}

export interface Placed {
  readonly hold: Hold;
  /** The machines of its seat today; none where it names no seat. */
  readonly workstations: readonly string[];
}

export interface Holds {
  /** @throws WardlockError SERVER_HOLD_MALFORMED, SERVER_NOT_FOUND */
  place(wanted: HoldWanted): Promise<Placed>;
  /** @throws WardlockError SERVER_HOLD_MALFORMED, SERVER_NOT_FOUND */
  lift(id: string, why: { readonly reason: string; readonly by: string }): Promise<Hold>;
  /** Newest first; those that stand, or all. */
  list(which: 'standing' | 'all'): Promise<Hold[]>;
}

interface HoldParts {
  readonly db: Kysely<Tables>;
  readonly log: ServerLog;
  readonly now: () => number;
}

export function openHolds(parts: HoldParts): Holds {
  const { db } = parts;
  return {
    place: (wanted) => place(parts, wanted),
    lift: (id, why) => lift(parts, id, why),
    list: (which) => (which === 'standing' ? standingHolds(db) : allHolds(db).execute()),
  };
}

function allHolds(db: Kysely<Tables>) {
  return db.selectFrom('legal_holds').selectAll().orderBy('placed_at', 'desc').orderBy('id');
}

/** Newest first, as the caller's transaction sees them. */
export function standingHolds(db: Kysely<Tables>): Promise<Hold[]> {
  return allHolds(db).where('lifted_at', 'is', null).execute();
}

async function place({ db, log, now }: HoldParts, { seat, person, from, to, reason, by }: HoldWanted): Promise<Placed> {
  checkReason(reason);
  if (seat === undefined && person === undefined && from === undefined && to === undefined) {
    throw new WardlockError('SERVER_HOLD_MALFORMED', 'Name what is held: a seat, a person, or a time.');
  }
  if (from !== undefined && to !== undefined && from > to)
    throw new WardlockError('SERVER_HOLD_MALFORMED', 'The time ends before it begins.');
  const seats = seat === undefined ? [] : await seatsCalled(db, seat);
  if (seat !== undefined && seats.length === 0) throw new WardlockError('SERVER_NOT_FOUND', `No seat is called ${seat}.`);
  const byName = seat !== undefined && seats.some(({ name }) => name === seat);
  const workstations = seats.map(({ workstationId }) => workstationId);
  const hold: Hold = {
    id: randomBytes(ID_BYTES).toString('hex'),
    workstation_id: seat === undefined || byName ? null : seat,
    seat_name: byName ? seat : null,
    person_id: person ?? null,
    from_at: from ?? null,
    to_at: to ?? null,
    reason,
    placed_by: by,
    placed_at: now(),
    lifted_by: null,
    lifted_at: null,
    lift_reason: null,
  };
  await db.transaction().execute(async (transaction) => {
    await lockForPurge(transaction);
    await transaction.insertInto('legal_holds').values(hold).execute();
    const { id, seat_name, person_id, from_at, to_at } = hold;
    const body = { hold: id, seat: seat_name, workstations, person: person_id, from: from_at, to: to_at, reason };
    await log.append({ type: 'hold.placed', actor: by, body }, transaction);
  });
  return { hold, workstations };
}

async function lift(
  { db, log, now }: HoldParts,
  id: string,
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<Hold> {
  checkReason(reason);
  return db.transaction().execute(async (transaction) => {
    const lifted = await transaction
      .updateTable('legal_holds')
      .set({ lifted_by: by, lifted_at: now(), lift_reason: reason })
      .where('id', '=', id)
      .where('lifted_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (lifted === undefined) throw new WardlockError('SERVER_NOT_FOUND', `No hold ${id} stands. List them with: server hold list`);
    await log.append({ type: 'hold.lifted', actor: by, body: { hold: id, reason } }, transaction);
    return lifted;
  });
}

/** Whoever destroys and whoever places a hold go one after the other: what is destroyed after a hold stands has looked at it. */
export function lockForPurge(transaction: Kysely<Tables>): Promise<void> {
  return lockInTransaction(transaction, 'retention', 'purge');
}

function checkReason(reason: string): void {
  if (reason.trim() === '' || reason.length > MOST_REASON) {
    throw new WardlockError('SERVER_HOLD_MALFORMED', `Give a reason, of at most ${MOST_REASON} characters.`);
  }
}

/** Entries [start, end) of a log with the times that their headers and the server's clock say. */
export interface HeldRange extends LogName {
  readonly start: number;
  readonly end: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The first of these holds that keeps the range, or that may: what can't be judged is held. */
export async function holdOn(db: Kysely<Tables>, holds: readonly Hold[], range: HeldRange): Promise<Hold | null> {
  for (const hold of holds) {
    if (!(await meansSeat(db, hold, range.workstationId))) continue;
    if (hold.from_at !== null && range.lastAt < Number(hold.from_at)) continue;
    if (hold.to_at !== null && range.firstAt > Number(hold.to_at)) continue;
    if (hold.person_id === null || (await mayConcern(db, hold.person_id, range))) return hold;
  }
  return null;
}

/** False where the hold is on other seats. */
export async function meansSeat(db: Kysely<Tables>, { workstation_id, seat_name }: Hold, workstationId: string): Promise<boolean> {
  if (workstation_id !== null) return workstation_id === workstationId;
  return seat_name === null || isCalled(db, workstationId, seat_name);
}

/** True where the index shows the person in the range, holds less than all of it, or could not read some of it. */
async function mayConcern(db: Kysely<Tables>, person: string, { workstationId, incarnation, start, end }: HeldRange): Promise<boolean> {
  const within = db
    .selectFrom('indexed_events')
    .where('indexed_events.workstation_id', '=', workstationId)
    .where('indexed_events.incarnation', '=', incarnation)
    .where('seq', '>=', start)
    .where('seq', '<', end);
  const counted = await within.select((eb) => eb.fn.countAll().as('rows')).executeTakeFirstOrThrow();
  if (Number(counted.rows) < end - start) return true;
  const seen = await within
    .leftJoin('indexed_sessions', (join) =>
      join
        .onRef('indexed_sessions.workstation_id', '=', 'indexed_events.workstation_id')
        .onRef('indexed_sessions.session_id', '=', 'indexed_events.session_id'),
    )
    .select('seq')
    .where((eb) =>
      eb.or([
        eb('indexed_events.person_id', '=', person),
        eb('indexed_sessions.person_id', '=', person),
        eb('indexed_events.type', '=', UNREADABLE_ROW),
        // An event may name more people than the one it is filed under: who confirmed a sign-in, say.
        eb('indexed_events.body', 'like', `%${JSON.stringify(person)}%`),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return seen !== undefined;
}
