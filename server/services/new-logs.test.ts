/** How many logs one seat may begin, at the witness and at the intake, and that what is known goes on beyond it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimLog } from '../../cli/sim/log.ts';
import type { SimRecord } from '../../cli/sim/record.ts';
import { fromHex, logKeyName, WORKSTATION_BYTES } from '../../core/audit/index.ts';
import { type SiteOfOne, siteOfOne } from '../../test/support/site-of-one.ts';
import type { Site } from '../compose.ts';
import { MOST_LOGS_OF_A_SEAT } from './new-logs.ts';

/** Rows of one statement, for SQLite's bound of its parameters. */
const ROWS = 1024;

let one: SiteOfOne;
let site: Site;
let record: SimRecord;

beforeEach(async () => {
  one = await siteOfOne();
  ({ site, record } = one);
  beginAnother();
});
afterEach(() => one.remove());

/** A new log under the keys of the same seat. */
function beginAnother(): void {
  const workstation = fromHex(record.workstationId, WORKSTATION_BYTES);
  record.log = SimLog.begin(workstation, { name: logKeyName(workstation), signer: record.signer });
  record.newEpoch();
}

/** As if so many had come before. */
async function haveOthers(count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, at) => ({
    workstation_id: record.workstationId,
    incarnation: at.toString(16).padStart(16, '0'),
    ...{ pinned_size: 0, pinned_root: Buffer.alloc(32), pinned_note: '', pinned_at: 0 },
    ...{ size: 0, frontier: Buffer.alloc(0), verifier: '', note: '', first_at: 0 },
  }));
  for (let from = 0; from < all.length; from += ROWS) {
    await site.store.db
      .insertInto('logs')
      .values(all.slice(from, from + ROWS))
      .execute();
  }
}

const show = () =>
  site.witness.addCheckpoint(
    { workstationId: record.workstationId, logKey: record.vkey },
    { body: record.anchorBody(0), arrivedAt: Date.now() },
  );

const send = (start: number) => {
  const { workstationId, vkey, incarnation } = record;
  return site.intake.take({ workstationId, logKey: vkey, incarnation, ...record.log.run(start, { entries: 1000, bytes: 1_000_000 }) });
};

const logs = async (): Promise<number> => (await site.store.db.selectFrom('logs').select('incarnation').execute()).length;
const alarms = async () =>
  (await site.store.db.selectFrom('alarms').selectAll().execute()).filter(({ kind }) => kind === 'SEAT_LOGS_TOO_MANY');

test('the last log that a seat may begin is taken, the next is refused and named once, and the known one goes on', async () => {
  await haveOthers(MOST_LOGS_OF_A_SEAT - 1);
  expect(await show()).toMatchObject({ status: 200 });
  expect(await send(0)).toMatchObject({ outcome: 'stored', size: 1 });
  const known = record.log;

  beginAnother();
  await expect(show()).rejects.toMatchObject({ code: 'INTAKE_TOO_MANY_LOGS' });
  await expect(send(0)).rejects.toMatchObject({ code: 'INTAKE_TOO_MANY_LOGS' });
  expect(await logs()).toBe(MOST_LOGS_OF_A_SEAT);
  expect(await alarms()).toMatchObject([{ workstation_id: record.workstationId, times: 1 }]);

  record.log = known;
  record.append(2);
  expect(await send(1)).toMatchObject({ outcome: 'stored', size: 3 });
});

test('many new logs at once make as many as there is room for', async () => {
  await haveOthers(MOST_LOGS_OF_A_SEAT - 2);
  const requests = Array.from({ length: 6 }, () => {
    beginAnother();
    return show();
  });
  const ends = await Promise.allSettled(requests);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(await logs()).toBe(MOST_LOGS_OF_A_SEAT);
});
