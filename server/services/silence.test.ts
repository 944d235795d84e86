import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { ensureLog, pin } from './logs.ts';
import { ANCHOR_INTERVAL_MS, MISSED_ANCHORS, watchSilence } from './silence.ts';

let store: Store;
let time = 1_000_000;
const id = 'a'.repeat(32);
const log = { workstationId: id, incarnation: 'b'.repeat(16) };

beforeEach(async () => {
  time = 1_000_000;
  store = await testStore();
  await store.db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const keys = { log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
  await store.db
    .insertInto('seats')
    .values({ workstation_id: id, name: 'Bay 4', ward_id: 'icu', enrolled_at: time, revoked_at: null, last_seen_at: null, ...keys })
    .execute();
  await ensureLog(store.db, log, time);
});
afterEach(() => store.close());

const alarms = () => store.db.selectFrom('alarms').select(['kind', 'detail']).execute();

test('fault 51: uploads suppressed: an alarm after three missed anchors, once, and none for a seat that anchors', async () => {
  const watch = watchSilence(
    store.db,
    () => time,
    () => undefined,
    () => true,
  );
  for (let minute = 0; minute < 10; minute += 1) {
    time += ANCHOR_INTERVAL_MS;
    await pin(store.db, log, { from: 0, stored: 0, size: 0, root: new Uint8Array(32), note: '', at: time });
    expect(await watch.look()).toBe(0);
  }
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS + 1;
  expect(await watch.look()).toBe(1);
  await watch.look();
  expect((await alarms()).map(({ kind }) => kind)).toEqual(['SEAT_SILENT']);
  await store.db.updateTable('seats').set({ revoked_at: time }).execute();
  expect(await watch.look()).toBe(0);
  watch.close();
});

test('a server that was away gives its seats time to come back before it calls them silent', async () => {
  time += 86_400_000;
  const watch = watchSilence(
    store.db,
    () => time,
    () => undefined,
    () => true,
  );
  expect(await watch.look()).toBe(0);
  time += MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
  expect(await watch.look()).toBe(1);
  watch.close();
});
