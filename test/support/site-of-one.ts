/**
 * A site with one seat in its database, whose log the test writes itself: real keys and signatures, no network, no agent. For what
 * the server does with the log of a seat that nobody else disturbs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimRecord } from '../../cli/sim/record.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openSite, type Site } from '../../server/compose.ts';
import type { App } from '../../server/http/app.ts';
import { createSeatsApp } from '../../server/http/seats-app.ts';
import { testDatabase } from './test-store.ts';

export interface SiteOfOne {
  readonly site: Site;
  /** The seat's log; it has not begun yet. */
  readonly record: SimRecord;
  /** The seats' side of the server, for requests of this seat. */
  seatsApp(): Promise<App>;
  remove(): Promise<void>;
}

export async function siteOfOne(): Promise<SiteOfOne> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-site-'));
  const site = await openSite({ stateFolder: folder, database: await testDatabase(), tenant: null });
  const key = (): Uint8Array => nodeCrypto.hpkePublicKey(nodeCrypto.random(32));
  const record = new SimRecord([key(), key()]);
  const { workstationId: workstation_id, vkey: log_key } = record;
  const { db } = site.store;
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const sealing_key = Buffer.from(key()).toString('base64');
  const rest = { name: 'Bay 4', ward_id: 'icu', enrolled_at: 0, machine_id_sha256: '', os: '{}', revoked_at: null, last_seen_at: null };
  await db
    .insertInto('seats')
    .values({ workstation_id, log_key, sealing_key, ...rest })
    .execute();
  const fingerprint_sha256 = 'f'.repeat(64);
  await db
    .insertInto('seat_certificates')
    .values({ workstation_id, fingerprint_sha256, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER })
    .execute();
  return {
    site,
    record,
    seatsApp: () => createSeatsApp(site, null, () => ({ workstationId: workstation_id, fingerprintSha256: fingerprint_sha256, until: 0 })),
    remove: async () => {
      await site.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
