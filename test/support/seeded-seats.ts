/**
 * Many seats of a site at once, straight into its database: keys, a certificate of the site's own authority, and a row. An
 * enrolment each would be three handshakes more. For load; enrolment itself is tested elsewhere.
 */
import { createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import type { ClientIdentity } from '../../agent/syncer/seat-client.ts';
import { SimRecord } from '../../cli/sim/record.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { Site } from '../../server/compose.ts';

const WARDS: readonly string[] = ['seeded'];
const ROWS_AT_ONCE = 500;
const KEY_BYTES = 32;
const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;

export interface SeededSeat {
  readonly record: SimRecord;
  readonly identity: ClientIdentity;
  /** Private keys, for a process of its own. */
  readonly logSeed: Uint8Array;
  readonly sealingSeed: Uint8Array;
}

/** @param wards that the seats are spread over */
export async function seedSeats(site: Site, count: number, wards = WARDS): Promise<SeededSeat[]> {
  const seats: SeededSeat[] = [];
  await site.store.db
    .insertInto('wards')
    .values(wards.map((id) => ({ id, name: id })))
    .onConflict((c) => c.doNothing())
    .execute();
  for (let from = 0; from < count; from += ROWS_AT_ONCE) {
    const made = await Promise.all(
      Array.from({ length: Math.min(ROWS_AT_ONCE, count - from) }, (_, at) => seed(site, wards[(from + at) % wards.length] ?? 'seeded')),
    );
    await site.store.db.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('seats')
        .values(made.map(({ row }) => row))
        .execute();
      await transaction
        .insertInto('seat_certificates')
        .values(made.map(({ certificate }) => certificate))
        .execute();
    });
    seats.push(...made.map(({ seat }) => seat));
  }
  return seats;
}

async function seed({ authority, tenant, now }: Site, ward_id: string) {
  const [logSeed, sealingSeed] = [nodeCrypto.random(KEY_BYTES), nodeCrypto.random(KEY_BYTES)];
  const record = new SimRecord(recipients, logSeed);
  const { workstationId } = record;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeySpki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const { pem, fingerprintSha256, notAfter } = await authority.certifySeat({ publicKeySpki, tenant, workstationId, now: now() });
  const identity = { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem };
  const row = {
    workstation_id: workstationId,
    name: `Seeded ${workstationId.slice(0, 8)}`,
    ward_id,
    enrolled_at: now(),
    log_key: record.vkey,
    sealing_key: Buffer.from(nodeCrypto.hpkePublicKey(sealingSeed)).toString('base64'),
    machine_id_sha256: hash('sha256', workstationId),
    os: '{}',
    revoked_at: null,
    last_seen_at: null,
  };
  const certificate = { workstation_id: workstationId, fingerprint_sha256: fingerprintSha256, issued_at: now(), not_after: notAfter };
  return { seat: { record, identity, logSeed, sealingSeed }, row, certificate };
}
