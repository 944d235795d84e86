/** Health, readiness and metrics through the real apps: what they say, and that no label carries what a peer sent. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consolePaths } from '../../contract/console-api.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import type { App } from './app.ts';
import { createConsoleApp } from './console-app.ts';

let folder: string;
let site: Site;
let app: App;
beforeEach(async ({ onTestFinished }) => {
  const made = await mkdtemp(join(tmpdir(), 'wardlock-metrics-'));
  // Also where the site does not open: then there is nothing to close.
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  folder = made;
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  app = await createConsoleApp(site, null);
});
afterEach(async () => {
  await app.close();
  await site.close();
});

const get = (url: string) => app.inject({ method: 'GET', url });

test('alive and ready while the database answers; not ready once the server is stopping', async () => {
  expect((await get(consolePaths.health)).json()).toEqual({ alive: true });
  const ready = await get(consolePaths.ready);
  expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true }]);
  site.stopping.abort();
  const stopping = await get(consolePaths.ready);
  expect([stopping.statusCode, stopping.json()]).toEqual([503, { ready: false }]);
  expect((await get(consolePaths.health)).statusCode).toBe(200);
});

test('not ready, and no word of the database, when the database does not answer', async () => {
  await site.store.db.schema.dropTable('settings').execute();
  const answer = await get(consolePaths.ready);
  expect([answer.statusCode, answer.json()]).toEqual([503, { ready: false }]);
});

test('metrics count answers, entries and refusals, and carry nothing that a peer chose', async () => {
  await get('/api/sessions?person=n.ada');
  await get('/nowhere/n.ada');
  site.metrics.stored(7);
  site.refused.count('192.0.2.7', 'SERVER_SEAT_UNKNOWN');
  const answer = await get(consolePaths.metrics);
  expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
  expect(answer.body).toContain('wardlock_request_seconds_count{listener="console",method="GET",route="/api/sessions",status="401"} 1');
  expect(answer.body).toContain('wardlock_entries_stored_total 7');
  expect(answer.body).toContain('wardlock_refused_peers{code="SERVER_SEAT_UNKNOWN"} 1');
  expect(answer.body).not.toMatch(/n\.ada|192\.0\.2\.7|nowhere/);
});
