/**
 * What the witness keeps of a log beside the main one (a run of the emergency log, a log that was replaced) once its head was
 * shown, before an entry of it came: the biggest head, and an alarm that names the log when the seat falls short of it.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SimRecord } from '../../cli/sim/record.ts';
import { type SiteOfOne, siteOfOne } from '../../test/support/site-of-one.ts';
import type { Site } from '../compose.ts';
import { ENTRIES_AWAY_MS, watchSilence } from './silence.ts';
import type { Shown } from './witness.ts';

let one: SiteOfOne;
let site: Site;
/** Its log is one beside the main one: the server makes no difference. */
let record: SimRecord;

beforeEach(async () => {
  one = await siteOfOne();
  ({ site, record } = one);
  record.newEpoch();
  record.append(3);
});
afterEach(() => one.remove());

const show = (oldSize = 0) => hand({ body: record.anchorBody(oldSize), arrivedAt: Date.now() });
const hand = (shown: Shown) => site.witness.addCheckpoint({ workstationId: record.workstationId, logKey: record.vkey }, shown);

const send = (start: number, entries = 1000) => {
  const { workstationId, vkey, incarnation } = record;
  return site.intake.take({ workstationId, logKey: vkey, incarnation, ...record.log.run(start, { entries, bytes: 1_000_000 }) });
};

const alarms = async () =>
  (await site.store.db.selectFrom('alarms').selectAll().execute()).filter(({ kind }) => kind !== 'SEAT_LOG_REPLACED');

const kept = () => site.store.db.selectFrom('logs').select(['incarnation', 'pinned_size', 'size']).execute();

test('fault 46: an end that the seat lost after its head was shown is named, though no entry of it ever came', async () => {
  const before = record.log;
  record.append(4);
  expect(await show()).toMatchObject({ status: 200 });
  record.log = before;
  expect(await show()).toEqual({ status: 409, size: 8 });
  // The rest goes up all the same, and the head stays what it was.
  expect(await send(0, 1)).toMatchObject({ outcome: 'stored', size: 1 });
  expect(await send(1)).toMatchObject({ outcome: 'stored', size: 4 });
  const [alarm, ...others] = await alarms();
  expect(others).toEqual([]);
  expect(alarm).toMatchObject({ kind: 'SEAT_LOG_ROLLED_BACK', workstation_id: record.workstationId });
  expect(alarm?.detail).toContain(`shows 4 entries of log ${record.incarnation}, of which 8 are anchored`);
  expect((await kept()).map((row) => [row.incarnation, Number(row.pinned_size), Number(row.size)])).toEqual([[record.incarnation, 8, 4]]);
});

test('a head that came before a larger one and is handled after it is late and no sign of a store that went back', async () => {
  const late = { body: record.anchorBody(0), arrivedAt: Date.now() - 1 };
  const later = { body: record.anchorBody(0), arrivedAt: Date.now() - 1 };
  record.append(4);
  expect(await show()).toMatchObject({ status: 200 });
  // The seat gave up on both, and another node had taken the next head before they came out of their wait.
  expect(await hand(late)).toEqual({ status: 409, size: 8 });
  expect(await hand(later)).toEqual({ status: 409, size: 8 });
  expect(await alarms()).toEqual([]);
  expect(await hand({ ...late, arrivedAt: Date.now() + 1 })).toEqual({ status: 409, size: 8 });
  expect((await alarms()).map(({ kind, times }) => [kind, Number(times)])).toEqual([['SEAT_LOG_ROLLED_BACK', 1]]);
});

test('a head that was shown under a clock that ran ahead excuses no smaller one once the clock is right', async () => {
  const smaller = record.anchorBody(0);
  record.append(4);
  expect(await show()).toMatchObject({ status: 200 });
  await site.store.db
    .updateTable('logs')
    .set({ pinned_at: Date.now() + 5 * 3_600_000 })
    .execute();
  expect(await hand({ body: smaller, arrivedAt: Date.now() })).toEqual({ status: 409, size: 8 });
  expect((await alarms()).map(({ kind }) => kind)).toEqual(['SEAT_LOG_ROLLED_BACK']);
});

test('fault 46: the shown end that never arrives is an alarm that names the log, whatever else the seat sends', async () => {
  expect(await show()).toMatchObject({ status: 200 });
  let time = 0;
  const now = (): number => time;
  const watch = watchSilence({ db: site.store.db, now, elapsed: now, onFault: () => undefined, mayLook: () => true });
  await send(0, 1);
  await watch.look();
  time += ENTRIES_AWAY_MS + 1;
  await watch.look();
  await watch.close();
  const away = (await alarms()).filter(({ kind }) => kind === 'SEAT_ENTRIES_AWAY');
  expect(away.map(({ detail }) => detail)).toEqual([expect.stringContaining(`log ${record.incarnation}, but its entries from 1 on`)]);
});

test('fault 46: another end in the place of the shown one is refused, kept as evidence and named', async () => {
  const before = record.log;
  record.append(2);
  expect(await show()).toMatchObject({ status: 200 });
  record.log = before;
  record.append(2);
  expect(await show(6)).toEqual({ status: 409, size: 6 });
  await send(0, 1);
  await expect(send(1)).rejects.toMatchObject({ code: 'INTAKE_UNVERIFIED' });
  expect((await alarms()).map(({ kind }) => kind)).toContain('SEAT_LOG_ROLLED_BACK');
  expect(await site.store.db.selectFrom('evidence').select('start').execute()).toHaveLength(1);
  expect((await kept()).map(({ size }) => Number(size))).toEqual([1]);
});

test('the same head again and again, and heads that grow, leave one row of the log and no alarm', async () => {
  expect(await show()).toMatchObject({ status: 200 });
  for (let at = 0; at < 3; at += 1) expect(await show(4)).toMatchObject({ status: 200 });
  record.append(1);
  expect(await Promise.all([show(4), show(4)])).toContainEqual(expect.objectContaining({ status: 200 }));
  await send(0, 1);
  await send(1);
  expect(await alarms()).toEqual([]);
  expect((await kept()).map((row) => [Number(row.pinned_size), Number(row.size)])).toEqual([[5, 5]]);
});
