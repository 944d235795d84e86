/** Of which machine an export is, when several have the name that was asked for. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import { beginLog } from './new-logs.ts';

const old = 'a'.repeat(32);
const present = 'b'.repeat(32);
const incarnation = '0'.repeat(16);
const at = (year: number): number => Date.UTC(year, 5, 1);
const span = (from: number, to: number) => ({ from: new Date(at(from)).toISOString(), to: new Date(at(to)).toISOString() });
let folder: string;
let site: Site;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-exports-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  await site.store.db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  await recorded(old, 2019, [2020, 2024]);
  await recorded(present, 2023, [2024, 2026]);
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

/** A machine called Bay 1 with an event in each of these years. */
async function recorded(workstation_id: string, enrolled: number, years: readonly number[]): Promise<void> {
  const { db } = site.store;
  const seat = { name: 'Bay 1', ward_id: 'icu', log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}', revoked_at: null };
  await db
    .insertInto('seats')
    .values({ workstation_id, enrolled_at: at(enrolled), last_seen_at: null, ...seat })
    .execute();
  await beginLog(db, { workstationId: workstation_id, incarnation }, at(enrolled));
  for (const [seq, year] of years.entries()) {
    const event = { type: 'session.locked', session_id: null, person_id: null, app_id: null, outcome: 0, body: '{}' };
    await db
      .insertInto('indexed_events')
      .values({ workstation_id, incarnation, seq, event_no: enrolled * 10 + seq, at: at(year), ...event })
      .execute();
  }
}

test('where two machines of the name recorded something, it is refused with both ids: half an answer would look whole', async () => {
  const asked = site.exports.open({ seat: 'Bay 1', ...span(2018, 2027) });
  await expect(asked).rejects.toMatchObject({ code: 'SERVER_SEAT_AMBIGUOUS' });
  await expect(asked).rejects.toThrow(`${old} (enrolled 2019-06-01), ${present} (enrolled 2023-06-01)`);
});

test('the refusal of a name that many machines have is still one sentence of the length that an answer may have', async () => {
  for (const [year, digit] of ['c', 'd', 'e', 'f'].entries()) await recorded(digit.repeat(32), 2030 + year, [2025]);
  const refused = site.exports.open({ seat: 'Bay 1', ...span(2018, 2027) });
  await expect(refused).rejects.toThrow(/^6 machines .{1,380}see: seat list\. Export each by its id\.$/);
});

test('where one of them did, it is that one; by its id it is always that one', async () => {
  expect((await site.exports.open({ seat: 'Bay 1', ...span(2020, 2023) })).workstationId).toBe(old);
  expect((await site.exports.open({ seat: 'Bay 1', ...span(2025, 2027) })).workstationId).toBe(present);
  for (const id of [old, present]) expect((await site.exports.open({ seat: id, ...span(2018, 2027) })).workstationId).toBe(id);
});

test('nobody of that name, and nothing in that time, are not found', async () => {
  for (const asked of [
    { seat: 'Bay 2', ...span(2018, 2027) },
    { seat: 'Bay 1', ...span(2021, 2022) },
  ])
    await expect(site.exports.open(asked)).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
});
