/**
 * The five searches over an index of many events, asked as an auditor asks them: a signed-in account at a real server's HTTPS API,
 * the durable record of each read included. First pages and pages deep inside, of persons, seats and times picked at random. Owns the events that it makes up; both engines get the same.
 */
import { randomInt } from 'node:crypto';
import BetterSqlite3 from 'better-sqlite3';
import { type Kysely, sql } from 'kysely';
import { Value } from 'typebox/value';
import { consolePaths, EventList } from '../../../contract/console-api.ts';
import { createSearchIndexes, dropSearchIndexes } from '../../../server/store/derived.ts';
import { openStore } from '../../../server/store/open.ts';
import type { Tables } from '../../../server/store/schema.ts';
import { openBenchSite } from './bench-site.ts';
import { type ConsoleClient, openConsoleClient } from './console-client.ts';

const SEATS = 1000;
const PERSONS = 3000;
const APPS = 40;
/** Events of one session: sign-in, programs, sign-out. */
const SESSION_EVENTS = 20;
const QUERIES = 200;
const START = Date.UTC(2026, 0, 1);
const YEAR_MS = 365 * 86_400_000;
const HOUR_MS = 3_600_000;
const LOG_NUMBERS = 2 ** 32;
const FILL_AT_ONCE = 1_000_000;

export const searchNames = ['person', 'seat', 'app', 'time', 'outcome'] as const;
export type SearchName = (typeof searchNames)[number];
/** Milliseconds of each query, from the request to the last byte of its answer. */
export type SearchTimes = ReadonlyMap<SearchName, readonly number[]>;

export interface SearchPlan {
  /** An empty database, `sqlite:PATH` or `postgres://…`. */
  readonly address: string;
  /** A multiple of a thousand. */
  readonly events: number;
  readonly names: readonly SearchName[];
  readonly say: (text: string) => void;
}

export async function measureSearches({ address, events, names, say }: SearchPlan): Promise<SearchTimes> {
  await fill(address, events, say);
  const site = await openBenchSite(address);
  try {
    const client = await openConsoleClient(site.server, address);
    say(`search: ${QUERIES} of each kind, paced`);
    return await timeSearches(client, names).finally(() => client.close());
  } finally {
    await site.close();
  }
}

async function fill(address: string, events: number, say: (text: string) => void): Promise<void> {
  const store = await openStore(address);
  try {
    say(`search: making ${events} events (${store.engine})`);
    await dropSearchIndexes(store.db);
    await fillSites(store.db, events);
    if (store.engine === 'sqlite') fillSqlite(address.slice('sqlite:'.length), events);
    else await fillPostgres(store.db, events);
    say(`search: making the indices (${store.engine})`);
    await unlimited(store.db, store.engine === 'postgres', createSearchIndexes);
    await unlimited(store.db, store.engine === 'postgres', async (db) => {
      await sql`analyze`.execute(db);
    });
  } finally {
    await store.close();
  }
}

async function timeSearches(client: ConsoleClient, names: readonly SearchName[]): Promise<SearchTimes> {
  const kinds = names.map((name) => ({ name, times: [] as number[], found: 0 }));
  for (let at = 0; at < QUERIES; at += 1) {
    for (const kind of kinds) {
      const query = { ...queryFor(kind.name), ...(at % 2 === 0 || kind.name === 'time' ? {} : { after: `${randomMoment()}.0` }) };
      const { body, ms } = await client.get(`${consolePaths.events}?${new URLSearchParams(query)}`);
      kind.times.push(ms);
      kind.found += Value.Parse(EventList, JSON.parse(body)).events.length;
    }
  }
  for (const { name, found } of kinds) if (found === 0) throw new Error(`the searches by ${name} found nothing`);
  return new Map(kinds.map(({ name, times }) => [name, times]));
}

function queryFor(name: SearchName): Readonly<Record<string, string>> {
  if (name === 'person') return { person: `p.${randomInt(PERSONS)}` };
  if (name === 'seat') return { seat: seatId(randomInt(SEATS)) };
  if (name === 'app') return { app: `app.${randomInt(APPS)}` };
  if (name === 'outcome') return { outcome: (['minor', 'serious', 'major'] as const)[randomInt(3)] ?? 'minor' };
  const from = randomMoment();
  return { from: new Date(from).toISOString(), to: new Date(from + HOUR_MS).toISOString() };
}

/** Healthy seats: nothing of them is silent while searches are timed. */
const pinnedAt = (): number => Date.now();
const randomMoment = (): number => START + randomInt(YEAR_MS);
const seatId = (at: number): string => (at + 1).toString(16).padStart(32, '0');
const INCARNATION = '1'.padStart(16, '0');

async function fillSites(db: Kysely<Tables>, events: number): Promise<void> {
  const perSeat = events / SEATS;
  await db.transaction().execute(async (transaction) => {
    await transaction.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
    for (let at = 0; at < SEATS; at += 1) {
      const workstation_id = seatId(at);
      const log = { workstation_id, incarnation: INCARNATION };
      const seat = { name: `Bay ${at}`, ward_id: 'icu', log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
      const times = { enrolled_at: START, revoked_at: null, last_seen_at: null };
      await transaction
        .insertInto('seats')
        .values({ workstation_id, ...seat, ...times })
        .execute();
      const pinned = { pinned_size: 0, pinned_root: Buffer.alloc(32), pinned_note: '', pinned_at: pinnedAt(), first_at: START };
      const stored = { size: perSeat, frontier: Buffer.alloc(0), verifier: '', note: '' };
      await transaction
        .insertInto('logs')
        .values({ ...log, ...pinned, ...stored })
        .execute();
      const cursor = { log_no: at + 1, next_seq: perSeat, unreadable: 0, fault: null };
      await transaction
        .insertInto('index_cursors')
        .values({ ...log, ...cursor })
        .execute();
    }
    for (let at = 0; at < PERSONS; at += 1) {
      const named = { id: `p.${at}`, display_name: `Person ${at}`, given_name: 'Person', initials: 'P', role: 'nurse' };
      const rights = { pin_box: null, valid_from: null, valid_until: null, revoked: 0 };
      await transaction
        .insertInto('persons')
        .values({ ...named, ...rights })
        .execute();
    }
  });
}

/** The columns of event `i` as SQL: `i` counts through the seats, the seats' events lie evenly over a year. */
function columns(events: number, engine: 'sqlite' | 'postgres'): string {
  const perSeat = events / SEATS;
  const hex = (value: string, digits: number): string =>
    engine === 'sqlite' ? `printf('%0${digits}x', ${value})` : `lpad(to_hex(${value}), ${digits}, '0')`;
  const seat = `(i / ${perSeat})`;
  const seq = `(i % ${perSeat})`;
  const session = hex(`(i / ${SESSION_EVENTS})`, 32);
  const person = `'p.' || ((i / ${SESSION_EVENTS}) * 7919 % ${PERSONS})`;
  const place = `(i % ${SESSION_EVENTS})`;
  const app = `'app.' || (i * 31 % ${APPS})`;
  const isApp = `${place} > 1 and ${place} < ${SESSION_EVENTS - 1}`;
  const type = `case when ${place} = 0 then 'session.started' when ${place} = 1 then 'session.warned' when ${place} = ${SESSION_EVENTS - 1} then 'session.ended'
    when ${place} % 2 = 0 then 'app.launched' else 'app.exited' end`;
  const body = `case when ${place} = 0 then '{"session":"' || ${session} || '","person":"' || ${person} || '","role":"nurse","factors":["badge","pin"],"replaces":null,"policyVersion":1}'
    when ${place} = 1 then '{"session":"' || ${session} || '","idleSeconds":60}'
    when ${place} = ${SESSION_EVENTS - 1} then '{"session":"' || ${session} || '","person":"' || ${person} || '","reason":"logout"}'
    when ${place} % 2 = 0 then '{"session":"' || ${session} || '","app":"' || ${app} || '","rule":"role:nurse","mode":"enforced"}'
    else '{"session":"' || ${session} || '","app":"' || ${app} || '","seconds":60,"exitCode":0,"signal":null}' end`;
  return `${hex(`${seat} + 1`, 32)}, '${INCARNATION}', ${seq}, (${seat} + 1) * ${LOG_NUMBERS} + ${seq},
    ${START} + ${seq} * ${Math.floor(YEAR_MS / perSeat)} + ${seat} * ${Math.floor(YEAR_MS / events)}, ${type}, ${session}, ${person},
    case when ${isApp} then ${app} end,
    case when i % 10007 = 0 then 12 when i % 1009 = 0 then 8 when i % 101 = 0 then 4 else 0 end, ${body}`;
}

const INTO = `insert into indexed_events (workstation_id, incarnation, seq, event_no, at, type, session_id, person_id, app_id, outcome, body)`;

/** Not durably: it is made up again at each run. */
function fillSqlite(path: string, events: number): void {
  const database = new BetterSqlite3(path);
  try {
    database.pragma('synchronous = OFF');
    for (let from = 0; from < events; from += FILL_AT_ONCE) {
      const to = Math.min(events, from + FILL_AT_ONCE);
      database.exec(
        `${INTO} with recursive n(i) as (select ${from} union all select i + 1 from n where i + 1 < ${to}) select ${columns(events, 'sqlite')} from n`,
      );
    }
  } finally {
    database.close();
  }
}

async function fillPostgres(db: Kysely<Tables>, events: number): Promise<void> {
  for (let from = 0; from < events; from += FILL_AT_ONCE) {
    const to = Math.min(events, from + FILL_AT_ONCE);
    const rows = `${INTO} select ${columns(events, 'postgres')} from generate_series(${from}::bigint, ${to - 1}::bigint) as n(i)`;
    await unlimited(db, true, async (transaction) => {
      await sql.raw(rows).execute(transaction);
    });
  }
}

/** Work that may take longer than a statement of the product. */
async function unlimited(db: Kysely<Tables>, postgres: boolean, work: (db: Kysely<Tables>) => Promise<void>): Promise<void> {
  if (!postgres) return work(db);
  await db.transaction().execute(async (transaction) => {
    await sql`select set_config('statement_timeout', '0', true)`.execute(transaction);
    await work(transaction);
  });
}
