/** What people are told of the end of the site's authority, with an authority that was made long ago. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../test/support/test-store.ts';
import { watchAuthorityEnd } from './authority-end.ts';
import { openMetrics } from './http/metrics.ts';
import { openAuthority } from './site/authority.ts';
import type { Store } from './store/store.ts';

const DAY_MS = 86_400_000;
const MADE_AT = Date.UTC(2026, 0, 1);
/** Ten years of 365 days. */
const ENDS_AT = MADE_AT + 3650 * DAY_MS;

let folder: string;
let store: Store;
let authorityPem: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-authority-end-'));
  store = await testStore();
  authorityPem = (await openAuthority(folder, 'clinic', MADE_AT)).authority.certificatePem;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const alarms = () => store.db.selectFrom('alarms').select(['kind', 'detail', 'times']).orderBy('first_at').execute();

test('the end of the authority is an alarm a year before it, once a stage however often it is looked at, and a metric at all times', async () => {
  let time = ENDS_AT - 366 * DAY_MS;
  const warned: string[] = [];
  const operational = { warn: (message: string) => void warned.push(message), error: (message: string) => expect.unreachable(message) };
  const metrics = openMetrics(() => new Map());
  const ending = watchAuthorityEnd({ authorityPem, db: store.db, metrics, operational, now: () => time });
  await ending.look();
  expect([await alarms(), warned]).toEqual([[], []]);
  expect(await metrics.text()).toContain(`wardlock_authority_end_seconds ${ENDS_AT / 1000}`);
  for (const left of [364, 300, 89, 29, -1]) {
    time = ENDS_AT - left * DAY_MS;
    await ending.look();
    await ending.look();
  }
  await ending.close();
  expect(await alarms()).toEqual(
    ['in less than 365 days', 'in less than 90 days', 'in less than 30 days', 'ended on 2035-12-30'].map((words) => ({
      kind: 'SITE_AUTHORITY_ENDS',
      detail: expect.stringContaining(words),
      times: 1,
    })),
  );
  expect(warned).not.toEqual([]);
});

test('a database that is away keeps nobody from serving: the fault is told', async () => {
  const told: string[] = [];
  const operational = { warn: () => undefined, error: (message: string) => void told.push(message) };
  await store.db.schema.dropTable('alarms').execute();
  const metrics = { authorityEnds: () => undefined };
  const ending = watchAuthorityEnd({ authorityPem, db: store.db, metrics, operational, now: () => ENDS_AT });
  await ending.close();
  expect(told).toEqual(['the end of the authority could not be told']);
});
