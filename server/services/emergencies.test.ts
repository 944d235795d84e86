/** Close-out of emergency accesses: what waits, what a person may find, and that nothing closes or is forgotten by itself. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { type Alarms, openAlarms } from './alarms.ts';
import { CLOSE_OUT_DAYS, type Emergencies, openEmergencies } from './emergencies.ts';
import { type IndexRow, writeIndex } from './index-rows.ts';
import { openServerLog } from './server-log.ts';

const DAY_MS = 86_400_000;
const seat = 'a'.repeat(32);
const other = 'b'.repeat(32);
let store: Store;
let emergencies: Emergencies;
let alarms: Alarms;
let time = 0;

beforeEach(async () => {
  time = 1_700_000_000_000;
  store = await testStore();
  const { db } = store;
  const now = (): number => time;
  const log = openServerLog(db, now);
  alarms = openAlarms(db, log, now);
  emergencies = openEmergencies({ db, log, now, onFault: () => undefined, mayLook: () => false });
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const keys = { ward_id: 'icu', log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}', enrolled_at: 0 };
  for (const [workstation_id, name] of [
    [seat, 'Bay 1'],
    [other, 'Bay 2'],
  ] as const) {
    await db
      .insertInto('seats')
      .values({ workstation_id, name, ...keys, revoked_at: null, last_seen_at: null })
      .execute();
    await db
      .insertInto('index_cursors')
      .values({
        workstation_id,
        incarnation: '0'.repeat(16),
        log_no: workstation_id === seat ? 1 : 2,
        next_seq: 0,
        unreadable: 0,
        fault: null,
      })
      .execute();
  }
});
afterEach(async () => {
  await emergencies.stop();
  await store.close();
});

const iso = (at: number): string => new Date(at).toISOString();
const session = (no: number): string => no.toString(16).padStart(32, '0');
const started = (no: number, note = '') => ({
  session: session(no),
  person: null,
  reason: 'code-blue',
  note,
  limitSeconds: 900,
  policyVersion: 3,
});

/** As the reader writes what a seat recorded. */
async function index(
  type: string,
  body: { readonly session: string; readonly person: string | null },
  workstation_id = seat,
): Promise<void> {
  const cursor = await store.db
    .selectFrom('index_cursors')
    .select(['next_seq', 'log_no'])
    .where('workstation_id', '=', workstation_id)
    .executeTakeFirstOrThrow();
  const [seq, logNo] = [Number(cursor.next_seq), Number(cursor.log_no)];
  const log = { workstationId: workstation_id, incarnation: '0'.repeat(16) };
  const row: IndexRow = {
    workstation_id,
    incarnation: log.incarnation,
    seq,
    event_no: logNo * 2 ** 32 + seq,
    at: time,
    type,
    session_id: body.session,
    person_id: body.person,
    app_id: null,
    outcome: 0,
    body: JSON.stringify(body),
  };
  await writeIndex(store.db, log, { from: seq, next: seq + 1, rows: [row], unopened: 0, logNo });
}
async function access(no: number, workstation = seat): Promise<void> {
  await index('breakglass.started', started(no), workstation);
  await index('breakglass.ended', { session: session(no), person: null }, workstation);
}
const closeOut = (no: number, workstationId = seat) =>
  emergencies.close({ workstationId, session: session(no), finding: 'justified', note: '', by: 'iris' });
const waiting = async () => (await emergencies.list({})).emergencies.map((row) => row.session);
const late = async () => (await alarms.open()).alarms.filter(({ kind }) => kind === 'EMERGENCY_NOT_CLOSED');

test('an emergency access waits, with its reason, until a person closes it out; other sessions do not', async () => {
  await index('breakglass.started', started(1, 'bay 3 collapsed'));
  await index('session.started', { session: session(2), person: 'n.ada' });
  const [found] = (await emergencies.list({})).emergencies;
  expect(found).toMatchObject({
    seat: 'Bay 1',
    session: session(1),
    person: null,
    reason: 'code-blue',
    note: 'bay 3 collapsed',
    endedAt: null,
  });
  expect(found).toMatchObject({ policyVersion: 3, overdue: false, closeOut: null });
  await expect(closeOut(1)).rejects.toMatchObject({ code: 'SERVER_EMERGENCY_RUNNING' });
  await index('breakglass.ended', { session: session(1), person: null });
  await emergencies.close({ workstationId: seat, session: session(1), finding: 'not-justified', note: 'No code was called.', by: 'iris' });
  expect(await emergencies.list({})).toMatchObject({ open: 0, emergencies: [], next: null });
  const closed = await emergencies.list({ state: 'closed' });
  const said = { finding: 'not-justified', note: 'No code was called.', by: 'iris', at: iso(time) };
  expect(closed.emergencies).toMatchObject([{ session: session(1), overdue: false, closeOut: said }]);
});

test('each access names its witnesses, each once, whichever log of the seat holds that; no other access does', async () => {
  const role = { role: 'nurse', pin_box: null, valid_from: null, valid_until: null, revoked: 0 };
  await store.db
    .insertInto('persons')
    .values({ id: 'n.ada', display_name: 'Ada Reyes', given_name: 'Ada', initials: 'AR', ...role })
    .execute();
  await index('breakglass.started', started(1));
  await index('breakglass.witnessed', { session: session(1), person: 'n.ada' });
  time += 1;
  await index('breakglass.witnessed', { session: session(1), person: 'n.ada' });
  // As the emergency log took it, while the store could not.
  const witnessed = { type: 'breakglass.witnessed', session_id: session(1), person_id: 'n.ben', app_id: null, outcome: 0, body: '{}' };
  await store.db
    .insertInto('indexed_events')
    .values({ workstation_id: seat, incarnation: 'f'.repeat(16), seq: 0, event_no: 0, at: time, ...witnessed })
    .execute();
  await index('breakglass.witnessed', { session: session(1), person: 'n.cay' }, other);
  await index('breakglass.ended', { session: session(1), person: null });
  time += 1;
  await access(2);
  await access(1, other);
  const at = iso(time - 2);
  expect((await emergencies.list({})).emergencies.map(({ seat: name, witnesses }) => [name, witnesses])).toEqual([
    [
      'Bay 1',
      [
        { person: 'n.ada', personName: 'Ada Reyes', at },
        { person: 'n.ben', personName: null, at: iso(time - 1) },
      ],
    ],
    ['Bay 2', []],
    ['Bay 1', []],
  ]);
});

test('a close-out is an event of the log of the server, with who, what and which; once is once', async () => {
  await access(1);
  await closeOut(1);
  await expect(closeOut(1)).rejects.toMatchObject({ code: 'SERVER_EMERGENCY_CLOSED' });
  const rows = await store.db.selectFrom('server_events').select(['type', 'actor', 'body']).execute();
  expect(rows.map(({ type, actor, body }) => ({ type, actor, body: JSON.parse(body) }))).toEqual([
    {
      type: 'emergency.closed',
      actor: 'iris',
      body: { workstation: seat, session: session(1), person: null, startedAt: iso(time), finding: 'justified', note: '' },
    },
  ]);
});

test('of two people who close one out at once one does, and one is told', async () => {
  await access(1);
  const both = await Promise.allSettled([closeOut(1), closeOut(1)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await store.db.selectFrom('server_events').select('type').execute()).toEqual([{ type: 'emergency.closed' }]);
});

test('what is not justified needs a note; what is no emergency access is not found', async () => {
  await access(1);
  await index('session.started', { session: session(2), person: 'n.ada' });
  for (const finding of ['not-justified', 'cannot-tell'] as const) {
    const close = emergencies.close({ workstationId: seat, session: session(1), finding, note: '  ', by: 'iris' });
    await expect(close).rejects.toMatchObject({ code: 'SERVER_EMERGENCY_UNEXPLAINED' });
  }
  await expect(closeOut(2)).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
  await expect(closeOut(1, other)).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
  expect(await waiting()).toEqual([session(1)]);
});

test('one whose end never came can be closed out a day later', async () => {
  await index('breakglass.started', started(1));
  time += DAY_MS;
  await closeOut(1);
  expect(await waiting()).toEqual([]);
});

test('one that waits too long is an alarm of its seat, the oldest at a time, which its close-out ends', async () => {
  await access(1);
  time += 1000;
  await access(2);
  await access(3, other);
  time += CLOSE_OUT_DAYS * DAY_MS - 1000;
  expect(await emergencies.look()).toBe(0);
  time += 1001;
  expect(await emergencies.look()).toBe(2);
  expect(await emergencies.look()).toBe(2);
  expect((await late()).map(({ seat, times }) => [seat, times])).toEqual(
    expect.arrayContaining([
      ['Bay 1', 1],
      ['Bay 2', 1],
    ]),
  );
  expect((await late()).find(({ seat }) => seat === 'Bay 1')?.detail).toContain(session(1));
  expect((await emergencies.list({})).emergencies.every(({ overdue }) => overdue)).toBe(true);
  await closeOut(1);
  expect((await late()).map(({ seat }) => seat)).toEqual(['Bay 2']);
  await emergencies.look();
  expect((await late()).find(({ seat }) => seat === 'Bay 1')?.detail).toContain(session(2));
});

test('fault 30: one of a clock that is years ahead is late at once, not in years', async () => {
  time += 2000 * DAY_MS;
  await access(1);
  time -= 2000 * DAY_MS;
  expect(await emergencies.look()).toBe(1);
});

test('an index that is built again asks for nothing twice', async () => {
  await access(1);
  await access(2);
  await closeOut(1);
  for (const table of ['indexed_events', 'indexed_sessions'] as const) await store.db.deleteFrom(table).execute();
  await store.db.updateTable('index_cursors').set({ next_seq: 0 }).execute();
  await access(1);
  await access(2);
  expect(await waiting()).toEqual([session(2)]);
});

test('the list comes in pages, each access once', async () => {
  for (let no = 1; no <= 60; no += 1) {
    if (no % 7 === 0) time += 1000;
    await access(no);
  }
  const first = await emergencies.list({});
  expect([first.open, first.emergencies.length]).toEqual([60, 50]);
  const second = await emergencies.list({ after: first.next ?? '' });
  expect(second.next).toBeNull();
  const all = [...first.emergencies, ...second.emergencies].map((row) => row.session);
  expect(all).toEqual(Array.from({ length: 60 }, (_, at) => session(at + 1)));
});
