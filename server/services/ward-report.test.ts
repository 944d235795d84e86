/** The report of the wards: what is counted where, over which time, and that it names nobody and reads along one index on the engine at hand. */
import { CompiledQuery, type Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { testStore } from '../../test/support/test-store.ts';
import { insertMany } from '../store/bulk.ts';
import { engineOf } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { INDEX_COLUMNS, type IndexRow } from './index-rows.ts';
import { countedStatement, openWardReports } from './ward-report.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const SESSION = 'a'.repeat(32);
const seatId = (at: number): string => String(at).padStart(32, '0');
const rows: IndexRow[] = [];

function happened(seat: number, hours: number, event: AuditEvent, person: string | null = null): void {
  rows.push({
    ...{ workstation_id: seatId(seat), incarnation: '0'.repeat(16), seq: rows.length, event_no: (seat + 1) * 2 ** 32 + rows.length },
    ...{ at: BEGIN + hours * HOUR, type: event.type, session_id: SESSION, person_id: person, app_id: null, outcome: 0 },
    body: JSON.stringify(event.body),
  });
}

function started(seat: number, hours: number, person: string, ...factors: string[]): void {
  happened(
    seat,
    hours,
    { type: 'session.started', body: { session: SESSION, person, role: 'nurse', factors, policyVersion: 1, replaces: null } },
    person,
  );
}

function returned(seat: number, hours: number, person: string, ...factors: string[]): void {
  happened(seat, hours, { type: 'session.unlocked', body: { session: SESSION, person, factors } }, person);
}

function judged(seat: number, hours: number, reason: string): void {
  const body = { session: SESSION, confidence: reason === 'agreed' ? 'full' : 'low', reason, osIdleSeconds: 0, ownIdleSeconds: 0 };
  happened(seat, hours, { type: 'idle.judged', body });
}

function locked(seat: number, hours: number, reason: string): void {
  happened(seat, hours, { type: 'session.locked', body: { session: SESSION, reason } });
}

/** Seats 0 and 1 are of the intensive care, 2 of the pharmacy, 3 of a ward where nothing happens in that time. */
function aDay(): void {
  // Anna's first shift goes over both seats; nine hours later she has another one.
  started(0, 1, 'n.anna', 'badge', 'pin');
  returned(0, 2, 'n.anna', 'badge');
  started(1, 4, 'n.anna', 'badge', 'pin');
  returned(1, 5, 'n.anna', 'badge', 'pin');
  started(0, 14, 'n.anna', 'badge', 'pin');
  started(0, 15, 'n.ben', 'badge', 'pin');
  started(2, 3, 'p.carl', 'badge');
  for (const hours of [6, 7, 8]) happened(0, hours, { type: 'session.warned', body: { session: SESSION, idleSeconds: 60 } });
  locked(0, 9, 'idle');
  locked(0, 10, 'pressed');
  judged(1, 6, 'clockwork');
  judged(1, 7, 'agreed');
  judged(1, 8, 'never-rests');
  judged(1, 9, 'os-frozen');
  const note = { session: SESSION, person: null, reason: 'arrest', note: '', limitSeconds: 900, policyVersion: 1 };
  happened(2, 11, { type: 'breakglass.started', body: note });
  // Outside of the day: the day before, and its end itself.
  started(2, -1, 'p.carl', 'badge', 'pin');
  started(2, 24, 'p.carl', 'badge', 'pin');
}

let store: Store;
let db: Kysely<Tables>;
beforeAll(async () => {
  store = await testStore();
  ({ db } = store);
  for (const [id, name] of [
    ['rx', 'Pharmacy'],
    ['icu', 'Intensive care'],
    ['er', 'Emergency'],
  ] as const)
    await db.insertInto('wards').values({ id, name }).execute();
  const seat = {
    ...{ enrolled_at: 0, log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}', revoked_at: null, last_seen_at: null },
  };
  for (const [at, ward_id] of ['icu', 'icu', 'rx', 'er'].entries())
    await db
      .insertInto('seats')
      .values({ workstation_id: seatId(at), name: `Bay ${at}`, ward_id, ...seat })
      .execute();
  aDay();
  // More than a page of what is read, and what is not counted between.
  for (let at = 0; at < 1500; at += 1) happened(3, 48 + at / 100, { type: 'session.warned', body: { session: SESSION, idleSeconds: 60 } });
  await db.transaction().execute((transaction) => insertMany(transaction, 'indexed_events', INDEX_COLUMNS, rows));
  await db.executeQuery(CompiledQuery.raw('analyze'));
});
afterAll(() => store.close());

const at = (hours: number): string => new Date(BEGIN + hours * HOUR).toISOString();
const of = (from: number, to: number) => openWardReports(db).report({ from: at(from), to: at(to) });

describe('the report of a day', () => {
  test('counts by ward, and PINs by the shift of a person over all seats of the ward', async () => {
    const { wards } = await of(0, 24);
    const nothing = { seats: 0, people: 0, sessions: 0, returns: 0, pins: 0, pinsPerShift: null, warnings: 0, idleLocks: 0, propped: 0 };
    expect(wards).toEqual([
      { id: 'er', name: 'Emergency', ...nothing, emergencies: 0 },
      {
        ...{ id: 'icu', name: 'Intensive care', seats: 2, people: 2, sessions: 4, returns: 2, pins: 5 },
        // Anna's shifts have 3 and 1, Ben's 1.
        ...{ pinsPerShift: { median: 1, most: 3 }, warnings: 3, idleLocks: 1, propped: 2, emergencies: 0 },
      },
      { id: 'rx', name: 'Pharmacy', ...nothing, seats: 1, people: 1, sessions: 1, emergencies: 1 },
    ]);
  });

  test('names nobody', async () => {
    expect(JSON.stringify(await of(-24, 48))).not.toMatch(/anna|ben|carl/);
  });

  test('goes on from page to page', async () => {
    const { wards } = await of(48, 72);
    expect(wards.find(({ id }) => id === 'er')).toMatchObject({ warnings: 1500, seats: 1 });
  });

  test.each([
    [0, 0],
    [1, 0],
    [0, 31 * 24 + 1],
  ])('from hour %d to hour %d it is refused', async (from, to) => {
    await expect(of(from, to)).rejects.toMatchObject({ code: 'SERVER_REQUEST_MALFORMED' });
  });
});

test('a page is read along the index by time, without a sort', async () => {
  const { sql, parameters } = countedStatement(db, { after: { at: BEGIN, eventNo: -1 }, to: BEGIN + HOUR }, 1000).compile();
  const postgres = engineOf(db) === 'postgres';
  const explain = CompiledQuery.raw((postgres ? 'explain ' : 'explain query plan ') + sql, [...parameters]);
  const { rows: plan } = await db.executeQuery<Record<string, unknown>>(explain);
  const lines = plan.map((row) => String(postgres ? row['QUERY PLAN'] : row['detail'])).join('\n');
  expect(lines).toContain('indexed_events_by_moment');
  expect(lines).not.toMatch(/Sort|TEMP B-TREE/);
});
