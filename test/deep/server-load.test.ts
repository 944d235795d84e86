/** The whole fleet at the door of one real server: real keys, a mutual-TLS connection each, real wire bytes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSeatClient, readAnswer, type SeatClient } from '../../agent/syncer/seat-client.ts';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { judgeStored } from '../../cli/sim/judge.ts';
import { processUsage } from '../../cli/sim/process-usage.ts';
import type { SimRecord } from '../../cli/sim/record.ts';
import { BATCH_BYTES, EntriesReply, seatPaths } from '../../contract/seat-api.ts';
import { backoffDelay } from '../../core/sync/backoff.ts';
import { openSite, type Site } from '../../server/compose.ts';
import { codeOf, FaultServer } from '../support/fault-server.ts';
import { type SeededSeat, seedSeats } from '../support/seeded-seats.ts';

const SEATS = 1000;
const EVENTS = 60;
const BATCH = 256;
/** Bodies in hand and a thousand connections; a body held for each seat that was turned away would be far more. */
const MOST_SERVER_MIB = 700;

let server: FaultServer;
let site: Site;
let seats: SeededSeat[];

beforeAll(async () => {
  server = await FaultServer.start();
  site = await openSite({ stateFolder: server.state, database: null, tenant: null });
  seats = await seedSeats(site, SEATS);
  for (const { record } of seats) {
    record.newEpoch();
    record.append(EVENTS);
  }
});
afterAll(async () => {
  await site.close();
  await server.end();
});

test('fault 50: a thousand seats return at once: bounded refusals with Retry-After, nothing lost, nothing twice', async () => {
  const usage = processUsage(server.ready.pid);
  const refusals: number[] = [];
  await Promise.all(
    seats.map(async ({ record, identity }) => {
      const client = openSeatClient(server.ready.seats, site.authority.certificatePem, identity);
      refusals.push(await bringAll(record, client).finally(() => client.close()));
    }),
  );
  const refused = refusals.reduce((sum, one) => sum + one, 0);
  expect(
    await judgeStored(
      site.store.db,
      seats.map(({ record }) => record),
    ),
  ).toEqual({ events: SEATS * (EVENTS + 1), lost: 0, twice: 0 });
  expect(refused).toBeGreaterThan(0);
  // Each seat was let in after a few tries: nobody starved.
  expect(Math.max(...refusals)).toBeLessThan(20);
  expect(usage().peakMib).toBeLessThan(MOST_SERVER_MIB);
}, 240_000);

/** Sends everything as fast as the server takes it; answers how often it was turned away. */
async function bringAll(record: SimRecord, client: SeatClient): Promise<number> {
  let refused = 0;
  for (let size = 0; size < record.size; ) {
    const { start, ...run } = record.log.run(size, { entries: BATCH, bytes: BATCH_BYTES });
    const answer = await client.call({
      method: 'PUT',
      path: `${seatPaths.entries}/${record.incarnation}/${start}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: encodeEntries(run),
      timeoutMs: 120_000,
    });
    if (answer.status === 429) {
      refused += 1;
      expect(codeOf(answer)).toBe('SERVER_TOO_MANY');
      expect(answer.retryAfterMs).toBeGreaterThan(0);
      await new Promise((next) => setTimeout(next, backoffDelay(1, Math.random(), answer.retryAfterMs)));
    } else size = readAnswer(answer, EntriesReply).size;
  }
  return refused;
}
