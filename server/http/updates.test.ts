/** What is new reaches a seat that waits, also when it comes about while the server looks for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seatPaths, type UpdatesReply } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import { seatScope } from '../services/scopes.ts';
import type { Statement } from '../store/engine.ts';
import { createSeatsApp } from './seats-app.ts';

const workstationId = 'a'.repeat(32);
const fingerprintSha256 = 'f'.repeat(64);
const sealing_key = Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
const ada = { id: 'n.ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: ['04A1B2C3'], wards: ['icu'] };
let folder: string;
let site: Site;
let statements: string[];

/** Seats of a ward, each with a certificate. */
async function putSeats(ward: string, ids: readonly string[]): Promise<void> {
  const { db } = site.store;
  await db.insertInto('wards').values({ id: ward, name: ward }).execute();
  const seat = { name: 'Bay 4', ward_id: ward, machine_id_sha256: '', os: '{}', log_key: '', sealing_key };
  await db
    .insertInto('seats')
    .values(ids.map((workstation_id) => ({ workstation_id, ...seat, enrolled_at: 0, revoked_at: null, last_seen_at: null })))
    .execute();
  const certificate = { fingerprint_sha256: fingerprintSha256, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER };
  await db
    .insertInto('seat_certificates')
    .values(ids.map((workstation_id) => ({ workstation_id, ...certificate })))
    .execute();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-updates-'));
  statements = [];
  const onStatement = ({ query }: Statement): void => void statements.push(query.sql);
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null, onStatement });
  await putSeats('icu', [workstationId]);
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

test('a change between the look and the wait is not slept through', { timeout: 20_000 }, async () => {
  // Whoever waits first makes the server read once more; this seat is not the first.
  await site.changes.wait(10_000, new AbortController().signal);
  let looks = 0;
  const version = async (): Promise<number> => {
    const found = await site.directories.version();
    looks += 1;
    if (looks === 1) {
      await site.staff.put([{ id: 'n.ada', displayName: 'Ada Reyes', givenName: 'Ada', role: 'nurse', badges: [] }]);
    }
    return found;
  };
  const app = await createSeatsApp({ ...site, directories: { ...site.directories, version } }, null, () => ({
    workstationId,
    fingerprintSha256,
    until: 0,
  }));
  const answer = await app.inject({ method: 'GET', url: `${seatPaths.updates}?policy=0&directory=0&wait=55` });
  expect(answer.json()).toMatchObject({ directory: { version: 1 } });
  await app.close();
});

/** Long polls of many seats that wait; each is in `answered` once it has its answer. */
async function manyWaiting(seats: readonly string[], knows: { readonly directory: number }) {
  // Whoever waits first makes the server read once more and wakes all.
  await site.changes.wait(10_000, new AbortController().signal);
  const app = await createSeatsApp(site, null, ({ headers }) => ({
    workstationId: String(headers['x-seat']),
    fingerprintSha256,
    until: 0,
  }));
  const answered = new Map<string, UpdatesReply>();
  statements.length = 0;
  const all = seats.map(async (seat) => {
    const url = `${seatPaths.updates}?policy=0&directory=${knows.directory}&wait=55`;
    const answer = await app.inject({ method: 'GET', url, headers: { 'x-seat': seat } });
    answered.set(seat, answer.json());
  });
  const looks = (): number => statements.filter((sql) => sql.includes('from "seat_calls"')).length;
  while (looks() < seats.length) await new Promise((later) => setTimeout(later, 5));
  statements.length = 0;
  return { app, answered, all: Promise.all(all) };
}

const idsOf = (letter: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${letter}${at}`.padStart(32, '0'));

test('a change of one ward reaches each of its thousand seats, is read once, leaves room for others, and no other ward hears of it', {
  timeout: 60_000,
}, async () => {
  const [here, there] = [idsOf('b', 1000), idsOf('c', 20)];
  await putSeats('er', here);
  await putSeats('lab', there);
  await site.staff.put([{ ...ada, wards: ['er', 'icu'] }]);
  const { app, answered, all } = await manyWaiting([...here, ...there], { directory: 1 });
  await site.staff.put([{ ...ada, wards: ['er', 'icu'], revoked: true }]);
  let between = 0;
  const report = { kind: 'policy', version: 1, outcome: 'applied', code: null, message: null };
  while (answered.size < here.length) {
    await app.inject({ method: 'POST', url: seatPaths.reports, headers: { 'x-seat': workstationId }, payload: report });
    if (answered.size > 0 && answered.size < here.length) between += 1;
  }
  expect(between).toBeGreaterThan(10);
  expect(new Set(answered.keys())).toEqual(new Set(here));
  expect([...answered.values()].every(({ directory }) => directory?.version === 2)).toBe(true);
  // Those who work everywhere, and those of the ward: once each.
  expect(statements.filter((sql) => sql.includes('from "former_pins"')).length).toBe(2);
  site.stopping.abort();
  await all;
  expect(there.map((seat) => answered.get(seat)?.directory)).toEqual(there.map(() => null));
  await app.close();
});

test('who works everywhere concerns every ward; a list that says again what is known concerns nobody', async () => {
  await putSeats('lab', ['c'.repeat(32)]);
  await site.staff.put([{ ...ada, wards: [] }]);
  const { app, answered, all } = await manyWaiting([workstationId, 'c'.repeat(32)], { directory: 1 });
  await site.staff.put([{ ...ada, wards: [] }]);
  expect(await site.directories.version()).toBe(1);
  await site.staff.put([{ ...ada, wards: [], badges: [] }]);
  await all;
  expect([...answered.values()].map(({ directory }) => directory?.version)).toEqual([2, 2]);
  await app.close();
});

test('a person who goes to another ward concerns the former one too', async () => {
  await putSeats('lab', ['c'.repeat(32)]);
  await site.staff.put([ada]);
  const { app, answered, all } = await manyWaiting([workstationId, 'c'.repeat(32)], { directory: 1 });
  await site.staff.put([{ ...ada, wards: ['lab'] }]);
  await all;
  expect([...answered.values()].map(({ directory }) => directory?.version)).toEqual([2, 2]);
  expect(await site.staff.ofWard('icu')).toEqual([]);
  await app.close();
});

test('a seat that is revoked while it waits is refused at once, and no other seat looks', async () => {
  const { app, all } = await manyWaiting([workstationId], { directory: 0 });
  await putSeats('lab', ['c'.repeat(32)]);
  const url = `${seatPaths.updates}?policy=0&directory=0&wait=55`;
  const revoked = app.inject({ method: 'GET', url, headers: { 'x-seat': 'c'.repeat(32) } });
  while (!statements.some((sql) => sql.includes('from "seat_calls"'))) await new Promise((later) => setTimeout(later, 5));
  statements.length = 0;
  await site.seats.revoke('c'.repeat(32));
  expect((await revoked).json()).toMatchObject({ code: 'SERVER_SEAT_REVOKED' });
  expect(statements.filter((sql) => sql.includes('"not_after"')).length).toBe(1);
  site.stopping.abort();
  await all;
  await app.close();
});

test('a seat that is moved gets the staff of its new ward at once, though that changed long before; no other seat looks, nor any after an enrolment', async () => {
  await putSeats('lab', ['c'.repeat(32)]);
  await site.staff.put([{ ...ada, wards: ['lab'] }]);
  await site.staff.put([{ ...ada, id: 'n.ben', badges: [], wards: ['icu'] }]);
  const { app, answered, all } = await manyWaiting([workstationId, 'c'.repeat(32)], { directory: 2 });
  // As after an enrolment: there is nothing new.
  site.changes.wake();
  await site.store.db.transaction().execute(async (transaction) => {
    await transaction.updateTable('seats').set({ ward_id: 'lab' }).where('workstation_id', '=', workstationId).execute();
    await site.changes.staffMoved(transaction, new Set([seatScope(workstationId)]));
  });
  site.changes.wake();
  while (answered.size === 0) await new Promise((later) => setTimeout(later, 5));
  expect([...answered].map(([seat, { directory }]) => [seat, directory?.version])).toEqual([[workstationId, 3]]);
  expect(statements.filter((sql) => sql.includes('"not_after"')).length).toBe(1);
  site.stopping.abort();
  await all;
  await app.close();
});
