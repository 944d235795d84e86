/**
 * The five searches of the record: by person, seat, application, outcome and time, newest first, in pages. Each page is read
 * along one index and is bounded, whatever is asked. It never writes, and leaves the recording of reads to its callers.
 */
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { EventList, EventQuery, EventRow, OutcomeName } from '../../contract/console-api.ts';
import type { Tables } from '../store/schema.ts';
import { refuseBackwards } from './asked-time.ts';
import { indexState } from './index-state.ts';
import { seatsCalled } from './seat-names.ts';
import { sentenceOf } from './sentences.ts';

/** Events of a page when nothing else is asked. */
export const DEFAULT_PAGE = 50;
/** Rows that one page may look at where several conditions must fit: it then ends early, with a cursor to go on from. */
export const MOST_LOOKED_AT = 10_000;
/** Rows read at once while looking. */
const LOOK_ROWS = 1000;
const LONGEST_SENTENCE = 400;

const outcomes: Readonly<Record<OutcomeName, number>> = { success: 0, minor: 4, serious: 8, major: 12 };

type Row = Tables['indexed_events'];
type Select = SelectQueryBuilder<Tables, 'indexed_events', Record<string, never>>;

/** A query with its seat resolved and its times as numbers. */
export interface Wanted {
  readonly person?: string | undefined;
  /** Every machine of the seat that was named; none of them is a query that finds nothing. */
  readonly workstationIds?: readonly string[] | undefined;
  readonly app?: string | undefined;
  readonly outcome?: number | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly after?: Place | undefined;
}

/** Where a page ended: the moment and the number of its last event. */
export interface Place {
  readonly at: number;
  readonly eventNo: number;
}

/** The condition whose index the page is read along: the one that is likely to leave the fewest rows. */
const LEADING = ['person', 'workstationIds', 'app', 'outcome'] as const;
type Leading = (typeof LEADING)[number] | 'time';

export interface Search {
  /** A seat that nobody knows finds nothing. */
  find(query: EventQuery): Promise<EventList>;
}

export function openSearch(db: Kysely<Tables>): Search {
  return { find: (query) => find(db, query) };
}

async function find(db: Kysely<Tables>, query: EventQuery): Promise<EventList> {
  const index = await indexState(db);
  const wanted = await resolve(db, query);
  const limit = Number(query.limit ?? DEFAULT_PAGE);
  const { rows, next } = await page(db, wanted, limit);
  return { events: await inWords(db, rows), next: next === null ? null : `${next.at}.${next.eventNo}`, index };
}

async function resolve(db: Kysely<Tables>, query: EventQuery): Promise<Wanted> {
  refuseBackwards(query);
  const { person, seat, app, outcome, from, to, after } = query;
  const seats = seat === undefined ? undefined : await seatsCalled(db, seat);
  const [at, eventNo] = (after ?? '').split('.').map(Number);
  return {
    person,
    workstationIds: seats?.map(({ workstationId }) => workstationId),
    app,
    outcome: outcome === undefined ? undefined : outcomes[outcome],
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    after: at === undefined || eventNo === undefined ? undefined : { at, eventNo },
  };
}

interface Page {
  readonly rows: readonly Row[];
  readonly next: Place | null;
}

/** Reads one page along the leading index; what else must fit is looked at row by row, within a bound. */
export async function page(db: Kysely<Tables>, wanted: Wanted, limit: number): Promise<Page> {
  const leading = LEADING.find((name) => wanted[name] !== undefined) ?? 'time';
  const others = LEADING.filter((name) => name !== leading && wanted[name] !== undefined);
  const step = others.length === 0 ? limit + 1 : LOOK_ROWS;
  const rows: Row[] = [];
  let after = wanted.after;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += step) {
    const found = await readAlong(db, { ...wanted, after }, { leading, limit: step });
    for (const row of found) {
      if (rows.length === limit) return { rows, next: placeOf(rows.at(-1)) };
      if (fits(row, wanted)) rows.push(row);
    }
    after = placeOf(found.at(-1)) ?? after;
    if (found.length < step) return { rows, next: null };
  }
  return { rows, next: after ?? null };
}

/**
 * The next rows along one index. Machines are read each along its own part of the index and merged: asked for several at once,
 * an engine would sort everything of theirs.
 */
async function readAlong(db: Kysely<Tables>, wanted: Wanted, by: { readonly leading: Leading; readonly limit: number }): Promise<Row[]> {
  if (by.leading !== 'workstationIds') return searchStatement(db, wanted, by).execute();
  const found: Row[] = [];
  for (const machine of wanted.workstationIds ?? []) {
    found.push(...(await searchStatement(db, { ...wanted, machine }, by).execute()));
  }
  return found.sort((a, b) => Number(b.at) - Number(a.at) || Number(b.event_no) - Number(a.event_no)).slice(0, by.limit);
}

function placeOf(row: Row | undefined): Place | null {
  return row === undefined ? null : { at: Number(row.at), eventNo: Number(row.event_no) };
}

function fits(row: Row, { person, workstationIds, app, outcome }: Wanted): boolean {
  return (
    (person === undefined || row.person_id === person) &&
    (workstationIds === undefined || workstationIds.includes(row.workstation_id)) &&
    (app === undefined || row.app_id === app) &&
    (outcome === undefined || row.outcome === outcome)
  );
}

/** The one statement of all five searches; a test holds its plan on both engines. Led by machine it is about one of them. */
export function searchStatement(
  db: Kysely<Tables>,
  wanted: Wanted & { readonly machine?: string },
  by: { readonly leading: Leading; readonly limit: number },
) {
  const { person, machine, app, outcome, from, to, after } = wanted;
  let select: Select | SelectQueryBuilder<Tables, 'indexed_events', Row> = db.selectFrom('indexed_events').selectAll();
  if (by.leading === 'person' && person !== undefined) select = select.where('person_id', '=', person);
  if (by.leading === 'workstationIds' && machine !== undefined) select = select.where('workstation_id', '=', machine);
  if (by.leading === 'app' && app !== undefined) select = select.where('app_id', '=', app);
  if (by.leading === 'outcome' && outcome !== undefined) select = select.where('outcome', '=', outcome);
  // Its index is closed to whoever does not say this: see store/derived.ts.
  if (by.leading === 'time') select = select.where('event_no', '>=', sql.lit(0));
  if (from !== undefined) select = select.where('at', '>=', from);
  if (to !== undefined) select = select.where('at', '<=', to);
  // A row value comparison is a range of the index on both engines; two conditions joined by OR are not.
  if (after !== undefined) {
    select = select.where((eb) => eb(eb.refTuple('at', 'event_no'), '<', eb.tuple(after.at, after.eventNo)));
  }
  return select.orderBy('at', 'desc').orderBy('event_no', 'desc').limit(by.limit);
}

async function inWords(db: Kysely<Tables>, rows: readonly Row[]): Promise<EventRow[]> {
  if (rows.length === 0) return [];
  const seats = await db
    .selectFrom('seats')
    .select(['workstation_id', 'name'])
    .where('workstation_id', 'in', [...new Set(rows.map((row) => row.workstation_id))])
    .execute();
  const ids = [...new Set(rows.flatMap(({ person_id }) => (person_id === null ? [] : [person_id])))];
  const persons = ids.length === 0 ? [] : await db.selectFrom('persons').select(['id', 'display_name']).where('id', 'in', ids).execute();
  const seatNames = new Map(seats.map((seat) => [seat.workstation_id, seat.name]));
  const names = new Map(persons.map((person) => [person.id, person.display_name]));
  const spoken = { person: (id: string | null): string => (id === null ? 'Someone unknown' : (names.get(id) ?? id)) };
  return rows.map((row) => ({
    at: new Date(Number(row.at)).toISOString(),
    workstationId: row.workstation_id,
    seat: seatNames.get(row.workstation_id) ?? row.workstation_id,
    incarnation: row.incarnation,
    seq: Number(row.seq),
    type: row.type,
    session: row.session_id,
    person: row.person_id,
    personName: row.person_id === null ? null : (names.get(row.person_id) ?? null),
    app: row.app_id,
    outcome: outcomeName(row.outcome),
    says: sentenceOf(row.type, JSON.parse(row.body), spoken).says.slice(0, LONGEST_SENTENCE),
  }));
}

function outcomeName(outcome: number | null): OutcomeName | null {
  if (outcome === 0) return 'success';
  if (outcome === outcomes.minor) return 'minor';
  if (outcome === outcomes.serious) return 'serious';
  return outcome === outcomes.major ? 'major' : null;
}
