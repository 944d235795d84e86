/** What is new reaches a seat that waits, also when it comes about while the server looks for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seatPaths } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openSite, type Site } from '../compose.ts';
import { createSeatsApp } from './seats-app.ts';

const workstationId = 'a'.repeat(32);
const fingerprintSha256 = 'f'.repeat(64);
let folder: string;
let site: Site;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-updates-'));
  site = await openSite({ stateFolder: folder, database: null, tenant: null });
  const { db } = site.store;
  const sealing_key = Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const seat = { name: 'Bay 4', ward_id: 'icu', machine_id_sha256: '', os: '{}', log_key: '', sealing_key };
  await db
    .insertInto('seats')
    .values({ workstation_id: workstationId, ...seat, enrolled_at: 0, revoked_at: null, last_seen_at: null })
    .execute();
  await db
    .insertInto('seat_certificates')
    .values({ workstation_id: workstationId, fingerprint_sha256: fingerprintSha256, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER })
    .execute();
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
  }));
  const answer = await app.inject({ method: 'GET', url: `${seatPaths.updates}?policy=0&directory=0&wait=55` });
  expect(answer.json()).toMatchObject({ directory: { version: 1 } });
  await app.close();
});
