/** Two anchors of one seat that are answered in the other order than they came: the first one is no alarm. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SimRecord } from '../../cli/sim/record.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { type SiteOfOne, siteOfOne } from '../../test/support/site-of-one.ts';
import type { Site } from '../compose.ts';
import type { App } from './app.ts';

const TICK_MS = 3;

let one: SiteOfOne;
let site: Site;
let app: App;
let record: SimRecord;

beforeEach(async () => {
  one = await siteOfOne();
  ({ site, record } = one);
  record.newEpoch();
  app = await one.seatsApp();
});
afterEach(async () => {
  await app.close();
  await one.remove();
});

/** In one piece, or as a stream that is whole when the test says so. */
const anchor = (payload: Readable | string) => {
  const headers = { 'content-type': 'text/plain', ...(typeof payload === 'string' ? {} : { 'transfer-encoding': 'chunked' }) };
  return app.inject({ method: 'POST', url: seatPaths.addCheckpoint, headers, payload });
};
const alarms = async (): Promise<string[]> => (await site.store.db.selectFrom('alarms').select('kind').execute()).map(({ kind }) => kind);

test('a request counts from when it came, not from when it was whole or judged', async () => {
  const body = record.anchorBody(0);
  const asked = Promise.withResolvers<void>();
  const slow = new Readable({ read: () => asked.resolve() });
  const first = anchor(slow);
  await asked.promise;
  // Within one millisecond nobody can tell which came first, and it would be an alarm.
  await sleep(TICK_MS);
  record.append(3);
  expect((await anchor(record.anchorBody(0))).statusCode).toBe(200);
  slow.push(body);
  slow.push(null);
  expect((await first).statusCode).toBe(409);
  expect(await alarms()).toEqual([]);
  expect((await anchor(body)).statusCode).toBe(409);
  expect(await alarms()).toEqual(['SEAT_LOG_ROLLED_BACK']);
});
