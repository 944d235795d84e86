/**
 * One person, one seat: remembers where each person came in last, by the server's clock, and tells a seat that holds an
 * older session of the same person where they went. It closes nothing; the seats do, by what they hear.
 */
import type { Kysely } from 'kysely';
import { MOST_PEOPLE, type PeopleFacts, type SeatNews } from '../../contract/people.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import type { Changes } from './changes.ts';

/** A seat that did not know of the later login for longer than this held two sessions of one person at once: both are flagged. */
export const UNAWARE_MS = 60_000;
/** Nobody gets from a seat of one ward to one of another sooner than this, as far as a server knows that has no map, in milliseconds. */
const LEAST_WAY_MS = 20_000;
/** So long a seat is told that its session overlapped another one. It writes it once; an answer may be lost. */
const RIVAL_TOLD_MS = 3_600_000;
/** The same login that is told again comes out some milliseconds apart. */
const SAME_LOGIN_MS = 2_000;

export interface LoginParts {
  readonly db: Kysely<Tables>;
  readonly changes: Pick<Changes, 'bump' | 'call'>;
}
export interface LoginSeat {
  readonly workstationId: string;
  readonly name: string;
}
type Present = NonNullable<SeatNews['present']>;
export type LoginFacts = Pick<PeopleFacts, 'elsewhere' | 'overlapped'>;

/** Takes what a seat tells of the session that it holds, calls the seat that the person left, and answers with what it means here. */
export async function takeLogin(parts: LoginParts, seat: LoginSeat, present: SeatNews['present'], now: number): Promise<LoginFacts> {
  await answerCall(parts.db, seat.workstationId);
  await forgetFormer(parts.db, seat.workstationId, present);
  if (present !== null) await compare(parts, seat, present, now);
  return {
    elsewhere: present === null ? null : await elsewhereOf(parts.db, seat, present, now),
    overlapped: await overlapOf(parts.db, seat, now),
  };
}

/** Whether this seat has to ask what became of its session. */
export async function isCalled(db: Kysely<Tables>, workstationId: string): Promise<boolean> {
  return (await db.selectFrom('seat_calls').select('at').where('workstation_id', '=', workstationId).executeTakeFirst()) !== undefined;
}

async function answerCall(db: Kysely<Tables>, workstationId: string): Promise<void> {
  if (await isCalled(db, workstationId)) await db.deleteFrom('seat_calls').where('workstation_id', '=', workstationId).execute();
}

/** A session that this seat no longer tells of is over: nobody has to be called for it. */
async function forgetFormer(db: Kysely<Tables>, workstationId: string, present: SeatNews['present']): Promise<void> {
  const former = await db
    .selectFrom('person_logins')
    .select('session_id')
    .where('workstation_id', '=', workstationId)
    .where('held', '!=', 0)
    .where('session_id', '!=', present?.session ?? '')
    .limit(1)
    .executeTakeFirst();
  if (former === undefined) return;
  await db
    .updateTable('person_logins')
    .set({ held: 0 })
    .where('workstation_id', '=', workstationId)
    .where('session_id', '!=', present?.session ?? '')
    .execute();
}

async function compare({ db, changes }: LoginParts, seat: LoginSeat, present: Present, now: number): Promise<void> {
  const at = now - present.agoMs;
  const { person, session } = present;
  const known = await loginOf(db, person);
  const isOwn = known?.workstation_id === seat.workstationId;
  if (isOwn && known.session_id === session && at - known.at < SAME_LOGIN_MS) return;
  if (known !== undefined && !isOwn && known.at >= at) {
    // The older login, told late by a seat that did not know: its person was at two seats.
    if (present.moved || now - known.at <= UNAWARE_MS) return;
    await flag(db, { person, later: known.workstation_id, former: seat, now });
    // The later seat has its part to write down, and would not ask by itself while nothing happens there.
    await db.transaction().execute((transaction) => putCall({ db: transaction, changes }, known.workstation_id, now));
    changes.call(known.workstation_id);
    return;
  }
  const values = { workstation_id: seat.workstationId, session_id: session, at, held: 1, rival_name: null, rival_at: null };
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('person_logins')
      .values({ person_id: person, ...values })
      .onConflict((c) => c.column('person_id').doUpdateSet(values).where('person_logins.at', '<', at))
      .execute();
    if (known === undefined || isOwn || known.held === 0) return;
    await putCall({ db: transaction, changes }, known.workstation_id, now);
  });
  if (known === undefined || isOwn) return;
  if (at - known.at < LEAST_WAY_MS) await tooFast(db, { seat, person, from: known.workstation_id, wayMs: at - known.at, now });
  if (known.held === 0) return;
  changes.call(known.workstation_id);
  if (present.agoMs <= UNAWARE_MS) return;
  const former = await db.selectFrom('seats').select('name').where('workstation_id', '=', known.workstation_id).executeTakeFirst();
  await flag(db, {
    person,
    later: seat.workstationId,
    former: { workstationId: known.workstation_id, name: former?.name ?? 'another seat' },
    now,
  });
}

interface Way {
  readonly seat: LoginSeat;
  readonly person: string;
  /** The seat of the login before. */
  readonly from: string;
  readonly wayMs: number;
  readonly now: number;
}

/** Somebody came in in another ward sooner than anybody gets there: a badge or a PIN may be in two hands. */
async function tooFast(db: Kysely<Tables>, { seat, person, from, wayMs, now }: Way): Promise<void> {
  const places = await db
    .selectFrom('seats')
    .select(['workstation_id', 'name', 'ward_id'])
    .where('workstation_id', 'in', [from, seat.workstationId])
    .execute();
  const [there, here] = [from, seat.workstationId].map((id) => places.find(({ workstation_id }) => workstation_id === id));
  if (there === undefined || here === undefined || there.ward_id === here.ward_id) return;
  const detail = `${person} signed in at ${there.name} (${there.ward_id}) and ${Math.max(1, Math.round(wayMs / 1000))} s later at ${here.name} (${here.ward_id}). Ask ${person} whether both were them; if not, somebody has a copy of the badge or knows the PIN: give them another badge and PIN, staff add`;
  await raiseAlarm(db, { workstationId: seat.workstationId, kind: 'PERSON_TOO_FAST', detail, at: now });
}

/** The seat is to ask what became of its sessions, whichever node it waits at; its waiting poll is woken by the caller after the commit. */
async function putCall({ db, changes }: LoginParts, workstation_id: string, at: number): Promise<void> {
  await db
    .insertInto('seat_calls')
    .values({ workstation_id, at })
    .onConflict((c) => c.column('workstation_id').doUpdateSet({ at }))
    .execute();
  await changes.bump(db, 'calls');
}

interface Overlap {
  readonly person: string;
  /** The seat of the later login, which goes on. */
  readonly later: string;
  readonly former: LoginSeat;
  readonly now: number;
}

async function flag(db: Kysely<Tables>, { person, later, former, now }: Overlap): Promise<void> {
  await db
    .updateTable('person_logins')
    .set({ rival_name: former.name, rival_at: now })
    .where('person_id', '=', person)
    .where('workstation_id', '=', later)
    .execute();
  const laterSeat = await db.selectFrom('seats').select('name').where('workstation_id', '=', later).executeTakeFirst();
  const detail = `${person} was signed in at ${former.name} and at ${laterSeat?.name ?? 'another seat'} at once while one of them was offline. The later login went on, the former seat locked. Ask ${person} whether both were them.`;
  for (const workstationId of [former.workstationId, later]) {
    await raiseAlarm(db, { workstationId, kind: 'PERSON_AT_TWO_SEATS', detail, at: now });
  }
}

async function elsewhereOf(
  db: Kysely<Tables>,
  { workstationId }: LoginSeat,
  { person, session, agoMs, moved }: Present,
  now: number,
): Promise<PeopleFacts['elsewhere']> {
  const known = await loginOf(db, person);
  if (known === undefined || known.workstation_id === workstationId || known.at <= now - agoMs) return null;
  const seat = await db.selectFrom('seats').select('name').where('workstation_id', '=', known.workstation_id).executeTakeFirst();
  const sinceMs = Math.max(0, now - known.at);
  return { session, seatName: seat?.name ?? 'another seat', agoMs: sinceMs, overlapped: !moved && sinceMs > UNAWARE_MS };
}

async function overlapOf(db: Kysely<Tables>, { workstationId }: LoginSeat, now: number): Promise<PeopleFacts['overlapped']> {
  const rows = await db
    .selectFrom('person_logins')
    .select(['person_id', 'session_id', 'rival_name'])
    .where('workstation_id', '=', workstationId)
    .where('rival_at', '>', now - RIVAL_TOLD_MS)
    .orderBy('rival_at', 'desc')
    .limit(MOST_PEOPLE)
    .execute();
  return rows.flatMap(({ person_id, session_id, rival_name }) =>
    rival_name === null ? [] : [{ person: person_id, session: session_id, seatName: rival_name }],
  );
}

async function loginOf(db: Kysely<Tables>, person: string) {
  const row = await db.selectFrom('person_logins').selectAll().where('person_id', '=', person).executeTakeFirst();
  return row === undefined ? undefined : { ...row, at: Number(row.at) };
}
