import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { type Alarms, MOST_OF_A_KIND, openAlarms, raiseAlarm } from './alarms.ts';
import { openServerLog } from './server-log.ts';

let store: Store;
let alarms: Alarms;
let time = 0;
const seat = 'a'.repeat(32);
const other = 'b'.repeat(32);

beforeEach(async () => {
  time = 1_700_000_000_000;
  store = await testStore();
  alarms = openAlarms(
    store.db,
    openServerLog(store.db, () => time),
    () => time,
  );
});
afterEach(() => store.close());

async function raise(detail: string, workstationId: string | null = seat, kind = 'X'): Promise<void> {
  time += 1000;
  await raiseAlarm(store.db, { workstationId, kind, detail, at: time });
}
const open = async () => (await alarms.open()).alarms;
const rows = () => store.db.selectFrom('alarms').selectAll().execute();
const iso = (at: number): string => new Date(at).toISOString();

test('the same alarm again is one row that counts, with its first and last time', async () => {
  for (let at = 0; at < 3; at += 1) await raise('found');
  await raise('found', null);
  expect(await open()).toMatchObject([
    { workstationId: null, seat: null, kind: 'X', times: 1 },
    { workstationId: seat, detail: 'found', times: 3, firstAt: iso(time - 3000), lastAt: iso(time - 1000) },
  ]);
});

test('one seat has a bounded number of rows of a kind, whatever it makes up, and nothing of it goes uncounted', async () => {
  for (let at = 0; at < 500; at += 1) await raise(`log ${at}`);
  await raise('its only one', other);
  await raise('of the site', null, 'Y');
  const stored = await rows();
  expect(stored.filter(({ workstation_id }) => workstation_id === seat)).toHaveLength(MOST_OF_A_KIND + 1);
  expect(stored.reduce((sum, { times }) => sum + Number(times), 0)).toBe(502);
  const listed = await alarms.open();
  expect(listed.kinds).toEqual([
    { kind: 'Y', open: 1, seats: 1 },
    { kind: 'X', open: MOST_OF_A_KIND + 2, seats: 2 },
  ]);
  expect(listed.alarms.find(({ times }) => times > 1)).toMatchObject({ detail: 'log 499', times: 500 - MOST_OF_A_KIND });
  expect(listed.alarms.map(({ detail }) => detail)).toEqual(expect.arrayContaining(['its only one', 'of the site']));
});

test('no number of seats with many alarms pushes out the only one of another', async () => {
  await raise('the one that matters', other);
  for (let place = 0; place < 40; place += 1)
    for (let at = 0; at < 5; at += 1) await raise(`log ${at}`, place.toString(16).padStart(32, '0'));
  const listed = await alarms.open();
  expect(listed.kinds).toEqual([{ kind: 'X', open: 201, seats: 41 }]);
  expect(listed.alarms.length).toBeLessThan(201);
  expect(listed.alarms.map(({ detail }) => detail)).toContain('the one that matters');
});

test('who acknowledged what and when is recorded; an alarm that happens again stands up again', async () => {
  await raise('found');
  await raise('found');
  const [first] = await open();
  time += 1000;
  expect(await alarms.acknowledge({ id: first?.id ?? '', by: 'iris', times: 2 })).toEqual({ kind: 'X', workstationId: seat });
  expect(await alarms.open()).toEqual({ kinds: [], alarms: [] });
  expect(await rows()).toMatchObject([{ acknowledged_by: 'iris', acknowledged_at: time }]);
  const events = await store.db.selectFrom('server_events').select(['type', 'actor', 'at', 'body']).execute();
  expect(events).toMatchObject([{ type: 'alarm.acknowledged', actor: 'iris', at: time }]);
  expect(JSON.parse(events[0]?.body ?? '')).toMatchObject({ alarm: first?.id, kind: 'X', workstation: seat, times: 2 });
  await expect(alarms.acknowledge({ id: first?.id ?? '', by: 'iris', times: null })).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
  await raise('found');
  expect(await open()).toMatchObject([{ detail: 'found', times: 3 }]);
});

test('what happened again after somebody looked is not waved through, and nothing is recorded', async () => {
  await raise('found');
  const [seen] = await open();
  await raise('found');
  await expect(alarms.acknowledge({ id: seen?.id ?? '', by: 'iris', times: seen?.times ?? 0 })).rejects.toMatchObject({
    code: 'SERVER_ALARM_MOVED',
  });
  expect(await open()).toHaveLength(1);
  expect(await store.db.selectFrom('server_events').select('seq').execute()).toEqual([]);
  await expect(alarms.acknowledge({ id: 'none', by: 'iris', times: null })).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
});

test('where a seat has all its rows, a new alarm takes the place of the oldest that somebody acknowledged, never of one that stands', async () => {
  for (let at = 0; at < MOST_OF_A_KIND; at += 1) await raise(`log ${at}`);
  for (const { id, detail } of await open())
    if (detail === 'log 3' || detail === 'log 5') await alarms.acknowledge({ id, by: 'iris', times: 1 });
  await raise('new');
  const details = (await rows()).map(({ detail }) => detail);
  expect(details).toHaveLength(MOST_OF_A_KIND);
  expect(details).toContain('log 5');
  expect(details).not.toContain('log 3');
  expect((await open()).map(({ detail }) => detail)).toContain('new');
});

test('a silence that lasts is no further time, also once somebody has acknowledged it; the next one is', async () => {
  for (let at = 0; at < 3; at += 1) await raise('silent since 01:00', seat, 'SEAT_SILENT');
  const [silent] = await open();
  expect(silent).toMatchObject({ times: 1 });
  await alarms.acknowledge({ id: silent?.id ?? '', by: 'iris', times: 1 });
  await raise('silent since 01:00', seat, 'SEAT_SILENT');
  expect(await open()).toEqual([]);
  await raise('silent since 02:00', seat, 'SEAT_SILENT');
  expect(await open()).toHaveLength(1);
});

test('alarms that are raised at the same moment are all counted', async () => {
  await Promise.all(Array.from({ length: 40 }, (_, at) => raise(`log ${at % 20}`)));
  const stored = await rows();
  expect(stored.reduce((sum, { times }) => sum + Number(times), 0)).toBe(40);
  expect(stored.length).toBe(MOST_OF_A_KIND + 1);
});
