/** What people are told of the ends of the site's authority, with one that was made long ago, and that it is renewed meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../test/support/test-store.ts';
import { watchAuthorityEnd } from './authority-end.ts';
import { openMetrics } from './http/metrics.ts';
import { openServerLog } from './services/server-log.ts';
import { type Authority, openAuthority } from './site/authority.ts';
import type { Store } from './store/store.ts';

const DAY_MS = 86_400_000;
const MADE_AT = Date.UTC(2026, 0, 1);
/** Ten years of 365 days. */
const LIFE_MS = 3650 * DAY_MS;
const ENDS_AT = MADE_AT + LIFE_MS;
/** When it is renewed: three years before. */
const DUE_AT = ENDS_AT - 1095 * DAY_MS;

let folder: string;
let store: Store;
let authority: Authority;
let time: number;
let said: { readonly info: string[]; readonly warn: string[]; readonly error: string[] };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-authority-end-'));
  store = await testStore();
  ({ authority } = await openAuthority(folder, 'clinic', MADE_AT));
  [time, said] = [MADE_AT, { info: [], warn: [], error: [] }];
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const operational = {
  info: (message: string) => void said.info.push(message),
  warn: (message: string) => void said.warn.push(message),
  error: (message: string) => void said.error.push(message),
};
const alarms = () => store.db.selectFrom('alarms').select(['kind', 'detail', 'times']).orderBy('first_at').execute();
const watched = (log = openServerLog(store.db, () => time)) => {
  const metrics = openMetrics(() => new Map());
  return { metrics, ending: watchAuthorityEnd({ authority, db: store.db, log, metrics, operational, now: () => time }) };
};
const alarmOf = (words: string) => ({ kind: 'SITE_AUTHORITY_ENDS', detail: expect.stringContaining(words), times: 1 });

test('it is renewed three years before its end; from a year before the end of the former certificate on that is an alarm, once a stage', async () => {
  const { metrics, ending } = watched();
  time = DUE_AT - DAY_MS;
  await ending.look();
  expect([authority.end, said]).toEqual([ENDS_AT, { info: [], warn: [], error: [] }]);
  expect(await metrics.text()).toContain(`wardlock_authority_end_seconds ${ENDS_AT / 1000}`);
  time = DUE_AT;
  await ending.look();
  expect([authority.end, said.info]).toEqual([DUE_AT + LIFE_MS, ['the authority of this site has a later certificate']]);
  expect(await metrics.text()).toContain(`wardlock_authority_end_seconds ${(DUE_AT + LIFE_MS) / 1000}`);
  time = ENDS_AT - 366 * DAY_MS;
  await ending.look();
  expect([await alarms(), said.warn, said.error]).toEqual([[], [], []]);
  for (const left of [364, 300, 89, 29, -1]) {
    time = ENDS_AT - left * DAY_MS;
    await ending.look();
    await ending.look();
  }
  await ending.close();
  expect(await alarms()).toEqual(
    ['ends on 2035-12-30, in less than 365 days. Seats fetch', 'less than 90 days', 'less than 30 days', 'ended on 2035-12-30. What'].map(
      alarmOf,
    ),
  );
  expect(said.info.length).toBe(1);
});

test('where it can not be renewed the reason is in the log each time, and its own end is the alarm', async () => {
  const { ending } = watched({
    append: () => Promise.reject(new Error('no room')),
    firstFault: async () => null,
    read: () => Promise.reject(new Error('not read here')),
  });
  time = ENDS_AT - 366 * DAY_MS;
  await ending.look();
  expect([authority.end, await alarms()]).toEqual([ENDS_AT, []]);
  for (const left of [364, 89, 29, -1]) {
    time = ENDS_AT - left * DAY_MS;
    await ending.look();
  }
  expect(await alarms()).toEqual(
    ['less than 365 days, and the server could not renew it', 'less than 90 days', 'less than 30 days', 'ended on 2035-12-30'].map(alarmOf),
  );
  expect(new Set(said.error)).toEqual(new Set(['the authority of this site could not be renewed']));
  expect(said.error.length).toBe(5);
});

test('a database that is away keeps nobody from serving: the fault is told', async () => {
  await store.db.schema.dropTable('alarms').execute();
  await store.db.schema.dropTable('settings').execute();
  const { ending } = watched();
  time = ENDS_AT;
  await ending.look();
  await ending.close();
  expect(said.error).toEqual(['the authority of this site could not be renewed', 'the end of the authority could not be told']);
});
