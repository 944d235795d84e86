/** Which certificates of a seat stay known, and how soon it may have another. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { MOST_CERTIFICATES, MOST_RENEWALS, putCertificate, RENEWAL_WINDOW_MS, renewalWait } from './seat-certificates.ts';

const seat = 'a'.repeat(32);
const other = 'b'.repeat(32);
const DAY_MS = 86_400_000;
const LIFE_MS = 90 * DAY_MS;
const START = 1_800_000_000_000;

let store: Store;
beforeEach(async () => {
  store = await testStore();
  await store.db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const names = { name: 'Bay 4', ward_id: 'icu', machine_id_sha256: '', os: '{}', log_key: '', sealing_key: '' };
  const rows = [seat, other].map((workstation_id) => ({ workstation_id, ...names, enrolled_at: 0, revoked_at: null, last_seen_at: null }));
  await store.db.insertInto('seats').values(rows).execute();
});
afterEach(() => store.close());

function put(name: string, issuedAt: number, askedWith: string | null, workstationId = seat): Promise<void> {
  return putCertificate(store.db, workstationId, { fingerprintSha256: name, notAfter: issuedAt + LIFE_MS, issuedAt }, askedWith);
}

async function known(workstationId = seat): Promise<string[]> {
  const rows = await store.db
    .selectFrom('seat_certificates')
    .selectAll()
    .where('workstation_id', '=', workstationId)
    .orderBy('issued_at')
    .execute();
  return rows.map(({ fingerprint_sha256 }) => fingerprint_sha256);
}

test('a former certificate stays as long as it holds; past its end it goes once the seat has shown a later one', async () => {
  await put('of another seat', START, null, other);
  await put('first', START, null);
  await put('second', START + 61 * DAY_MS, 'first');
  expect(await known()).toEqual(['first', 'second']);
  // Away for so long that both have ended: the seat shows the one that it has.
  await put('third', START + 300 * DAY_MS, 'second');
  expect(await known()).toEqual(['second', 'third']);
  expect(await known(other)).toEqual(['of another seat']);
});

test('answers that were lost leave no more than so many, and never take away the one that is asked with', async () => {
  await put('first', START, null);
  for (let at = 1; at < 3 * MOST_CERTIFICATES; at += 1) await put(`lost ${at}`, START + 200 * DAY_MS + at, 'first');
  const left = await known();
  expect(left.length).toBe(MOST_CERTIFICATES);
  expect(left[0]).toBe('first');
  expect(left.at(-1)).toBe(`lost ${3 * MOST_CERTIFICATES - 1}`);
});

test('so many in a window, then a wait until the first of them is older than that; the other seat waits for nothing', async () => {
  for (let at = 0; at < MOST_RENEWALS; at += 1) {
    expect(await renewalWait(store.db, seat, START + at)).toBe(0);
    await put(`${at}`, START + at, null);
  }
  const wait = await renewalWait(store.db, seat, START + MOST_RENEWALS);
  expect(wait).toBe(RENEWAL_WINDOW_MS / 1000);
  expect(await renewalWait(store.db, other, START + MOST_RENEWALS)).toBe(0);
  expect(await renewalWait(store.db, seat, START + RENEWAL_WINDOW_MS)).toBe(0);
  // A clock that was set back makes nobody wait for it.
  expect(await renewalWait(store.db, seat, START - DAY_MS)).toBe(0);
});
