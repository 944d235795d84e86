/** Two anchors of one seat that are answered in the other order than they came: the first one is no alarm. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimRecord } from '../../cli/sim/record.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import type { App } from './app.ts';
import { createSeatsApp } from './seats-app.ts';

const TICK_MS = 3;

let folder: string;
let site: Site;
let app: App;
let record: SimRecord;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-late-anchor-'));
  site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  const key = (): Uint8Array => nodeCrypto.hpkePublicKey(nodeCrypto.random(32));
  record = new SimRecord([key(), key()]);
  record.newEpoch();
  const { workstationId: workstation_id, vkey: log_key } = record;
  const { db } = site.store;
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const rest = { name: 'Bay 4', ward_id: 'icu', enrolled_at: 0, machine_id_sha256: '', os: '{}', revoked_at: null, last_seen_at: null };
  await db
    .insertInto('seats')
    .values({ workstation_id, log_key, sealing_key: Buffer.from(key()).toString('base64'), ...rest })
    .execute();
  const fingerprint_sha256 = 'f'.repeat(64);
  await db
    .insertInto('seat_certificates')
    .values({ workstation_id, fingerprint_sha256, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER })
    .execute();
  app = await createSeatsApp(site, null, () => ({ workstationId: workstation_id, fingerprintSha256: fingerprint_sha256 }));
});
afterEach(async () => {
  await app.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
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
