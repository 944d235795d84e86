/** The five searches: what they find, page by page, and that every page is read along an index on the engine at hand. */
import { CompiledQuery, type Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventQuery } from '../../contract/console-api.ts';
import { testStore } from '../../test/support/test-store.ts';
import { insertMany } from '../store/bulk.ts';
import { createSearchIndexes } from '../store/derived.ts';
import { engineOf } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { INDEX_COLUMNS, type IndexRow } from './index-rows.ts';
import { MOST_LOOKED_AT, openSearch, searchStatement } from './search.ts';

const SEATS = 8;
const ROWS = 12_000;
const BEGIN = Date.UTC(2026, 0, 1);
const PIECE = 500;
const APPS = ['pacs', 'web', null, 'mail', null];
/** Bay 3 was enrolled again: the last machine has its name. */
const nameOf = (at: number): string => `Bay ${at === SEATS - 1 ? 3 : at}`;
const seatId = (at: number): string => String(at).padStart(32, '0');

/** Several rows a moment, so that pages break within one. */
const rows: IndexRow[] = Array.from({ length: ROWS }, (_, at) => {
  const seat = (at * 7) % SEATS;
  const app = APPS[at % APPS.length] ?? null;
  return {
    workstation_id: seatId(seat),
    incarnation: '0'.repeat(16),
    seq: at,
    event_no: (seat + 1) * 2 ** 32 + at,
    at: BEGIN + Math.floor(at / 3) * 1000,
    type: app === null ? 'session.locked' : 'app.refused',
    session_id: null,
    person_id: at % 3 === 0 ? null : `p.${at % 11}`,
    app_id: app,
    outcome: app === null ? 0 : 4,
    body: app === null ? '{"session":null,"reason":"idle"}' : `{"session":null,"app":"${app}","reason":"x","code":"LAUNCH_APP_UNKNOWN"}`,
  };
});

let store: Store;
let db: Kysely<Tables>;
beforeAll(async () => {
  store = await testStore();
  ({ db } = store);
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const seat = {
    ward_id: 'icu',
    log_key: '',
    sealing_key: '',
    machine_id_sha256: '',
    os: '{}',
    revoked_at: null,
    last_seen_at: null,
  };
  for (let at = 0; at < SEATS; at += 1) {
    await db
      .insertInto('seats')
      .values({ workstation_id: seatId(at), name: nameOf(at), enrolled_at: at, ...seat })
      .execute();
  }
  for (let from = 0; from < rows.length; from += PIECE) {
    await db
      .transaction()
      .execute((transaction) => insertMany(transaction, 'indexed_events', INDEX_COLUMNS, rows.slice(from, from + PIECE)));
  }
  await db.executeQuery(CompiledQuery.raw('analyze'));
});
afterAll(() => store.close());

const newestFirst = (a: IndexRow, b: IndexRow): number => b.at - a.at || b.event_no - a.event_no;
const place = ({ workstation_id, seq }: IndexRow): string => `${workstation_id}/${seq}`;

async function all(query: EventQuery): Promise<string[]> {
  const search = openSearch(db);
  const found: string[] = [];
  let after: string | undefined;
  do {
    const { events, next } = await search.find({ ...query, limit: '200', ...(after === undefined ? {} : { after }) });
    found.push(...events.map(({ workstationId, seq }) => `${workstationId}/${seq}`));
    after = next ?? undefined;
  } while (after !== undefined);
  return found;
}

describe('what is found', () => {
  const cases: [EventQuery, (row: IndexRow) => boolean][] = [
    [{ person: 'p.4' }, ({ person_id }) => person_id === 'p.4'],
    [{ seat: 'Bay 1' }, ({ workstation_id }) => workstation_id === seatId(1)],
    // Both machines of that name, in one order.
    [{ seat: 'Bay 3' }, ({ workstation_id }) => [seatId(3), seatId(7)].includes(workstation_id)],
    [{ seat: 'Bay 3', app: 'web' }, (row) => [seatId(3), seatId(7)].includes(row.workstation_id) && row.app_id === 'web'],
    [{ seat: seatId(3) }, ({ workstation_id }) => workstation_id === seatId(3)],
    [{ seat: seatId(5) }, ({ workstation_id }) => workstation_id === seatId(5)],
    [{ app: 'mail' }, ({ app_id }) => app_id === 'mail'],
    [{ outcome: 'minor' }, ({ outcome }) => outcome === 4],
    [
      { from: new Date(BEGIN + 100_000).toISOString(), to: new Date(BEGIN + 200_000).toISOString() },
      ({ at }) => at >= BEGIN + 100_000 && at <= BEGIN + 200_000,
    ],
    [
      { person: 'p.4', app: 'web', seat: 'Bay 1' },
      (row) => row.person_id === 'p.4' && row.app_id === 'web' && row.workstation_id === seatId(1),
    ],
    [{ person: 'p.5', to: new Date(BEGIN + 500_000).toISOString() }, (row) => row.person_id === 'p.5' && row.at <= BEGIN + 500_000],
  ];
  test.each(cases)('%o: all of it, once, newest first, over all pages', async (query, fits) => {
    const wanted = rows.filter(fits).sort(newestFirst).map(place);
    expect(wanted.length).toBeGreaterThan(5);
    expect(await all(query)).toEqual(wanted);
  });

  test('nobody, an unknown seat and an unknown application are empty answers', async () => {
    for (const query of [{ person: 'p.99' }, { seat: 'Bay 99' }, { app: 'solitaire' }, { outcome: 'major' as const }]) {
      expect(await openSearch(db).find(query)).toMatchObject({ events: [], next: null });
    }
  });

  test('each event is told in words, with the seat as people call it', async () => {
    const { events } = await openSearch(db).find({ app: 'pacs', limit: '1' });
    expect(events[0]).toMatchObject({
      app: 'pacs',
      outcome: 'minor',
      says: 'pacs was refused (x).',
      seat: expect.stringMatching(/^Bay \d$/),
    });
  });

  test('conditions that fit almost nothing end a page after a bounded look, with a cursor to go on from', async () => {
    const seen: number[] = [];
    const counting = { person: 'p.99', outcome: 'success' as const };
    expect(MOST_LOOKED_AT).toBeLessThan(ROWS);
    const first = await openSearch(db).find({ outcome: 'minor', from: new Date(BEGIN).toISOString() });
    seen.push(first.events.length);
    expect(seen).toEqual([50]);
    expect((await openSearch(db).find(counting)).next).toBeNull();
  });
});

type Asked = Parameters<typeof searchStatement>[1];
const indexOf = { person: 'person', workstationIds: 'seat', app: 'app', outcome: 'outcome', time: 'moment' } as const;

/** What the engine's plan names that reads more than the page: a walk over the table or another search's index, a filter, a sort. */
async function faultsOf(wanted: Asked, leading: Parameters<typeof searchStatement>[2]['leading']): Promise<string[]> {
  const { sql, parameters } = searchStatement(db, wanted, { leading, limit: 51 }).compile();
  const postgres = engineOf(db) === 'postgres';
  const prefix = postgres ? 'explain ' : 'explain query plan ';
  const { rows: plan } = await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(prefix + sql, [...parameters]));
  const lines = plan.map((row) => String(postgres ? row['QUERY PLAN'] : row['detail']));
  const bad = postgres ? /Seq Scan|Sort|Filter: (?!\(event_no >= 0\))/ : /^SCAN (?!.*USING INDEX)|TEMP B-TREE/;
  const index = `indexed_events_by_${indexOf[leading]}`;
  return [...lines.filter((line) => bad.test(line)), ...(lines.some((line) => line.includes(index)) ? [] : [`not by ${index}`])];
}

describe('how it is read', () => {
  const after = { at: BEGIN + 2_000_000, eventNo: 2 ** 33 };
  const time = { from: BEGIN + 1_000_000, to: BEGIN + 3_000_000 };
  const searches: [string, Asked, Parameters<typeof searchStatement>[2]['leading']][] = [
    ['person', { person: 'p.4' }, 'person'],
    ['seat', { machine: seatId(3) }, 'workstationIds'],
    ['app', { app: 'mail' }, 'app'],
    ['outcome', { outcome: 4 }, 'outcome'],
    ['time', {}, 'time'],
  ];
  describe.each(searches)('by %s', (_name, wanted, leading) => {
    test.each([
      ['the first page', {}],
      ['a page deep inside', { after }],
      ['a span of time', time],
      ['a page of a span of time', { ...time, after }],
    ])('%s is read along one index, without a walk over the table and without a sort', async (_what, more) => {
      expect(await faultsOf({ ...wanted, ...more }, leading)).toEqual([]);
    });
  });

  test('without its index a search is found out: the test above can fail', async () => {
    await db.schema.dropIndex('indexed_events_by_person').execute();
    expect(await faultsOf({ person: 'p.4' }, 'person')).not.toEqual([]);
    await db.schema.dropIndex('indexed_events_by_moment').execute();
    expect(await faultsOf({}, 'time')).not.toEqual([]);
    for (const name of ['seat', 'app', 'outcome']) await db.schema.dropIndex(`indexed_events_by_${name}`).execute();
    await createSearchIndexes(db);
    await db.executeQuery(CompiledQuery.raw('analyze'));
    expect(await faultsOf({ person: 'p.4' }, 'person')).toEqual([]);
  });
});
