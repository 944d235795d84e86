/**
 * Makes the directory of one seat: the staff of its ward, signed by the site's directory key, then sealed by HPKE to the
 * seat's own key. It never hands out anything unsealed.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Directory } from '../../contract/directory.ts';
import { DIRECTORY_INFO, DIRECTORY_TYPE, type Envelope, type SealedDirectory } from '../../contract/seat-api.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import type { SiteKeys } from '../site/keys.ts';
import type { Tables } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import type { Staff } from './staff.ts';

export interface SeatOfWard {
  readonly workstationId: string;
  readonly name: string;
  readonly wardId: string;
  readonly sealingKey: Buffer;
}

export interface Directories {
  version(): Promise<number>;
  /** The base64 that `UpdatesReply.directory.sealed` carries, and its version. */
  sealFor(seat: SeatOfWard): Promise<{ readonly version: number; readonly sealed: string }>;
}

interface DirectoryParts {
  readonly db: Kysely<Tables>;
  readonly tenant: string;
  readonly keys: SiteKeys;
  readonly crypto: AuditCrypto;
  readonly staff: Staff;
  readonly changes: Changes;
  readonly now: () => number;
}

export function openDirectories(parts: DirectoryParts): Directories {
  const { db, tenant, keys, crypto, staff, changes } = parts;
  return {
    version: () => changes.generation('directory'),
    sealFor: async (seat) => {
      // The version is read first: staff that changes meanwhile is newer than its label and comes once more, never lost.
      const version = await changes.generation('directory');
      const ward = await db.selectFrom('wards').selectAll().where('id', '=', seat.wardId).executeTakeFirstOrThrow();
      const directory: Directory = {
        schema: 'wardlock-directory/1',
        tenant,
        version,
        issuedAt: new Date(parts.now()).toISOString(),
        ward: { id: ward.id, name: ward.name },
        seatName: seat.name,
        badgeKey: keys.badgeKey.toString('base64'),
        newsKey: Buffer.from(crypto.hpkePublicKey(keys.newsSeed)).toString('base64'),
        persons: await staff.ofWard(seat.wardId),
      };
      const payload = Buffer.from(JSON.stringify(directory));
      const envelope: Envelope = {
        payloadType: DIRECTORY_TYPE,
        payload: payload.toString('base64'),
        signatures: [
          {
            keyid: createHash('sha256').update(keys.directory.publicKey).digest('hex'),
            sig: Buffer.from(keys.directory.sign(preAuthenticationEncoding(DIRECTORY_TYPE, payload))).toString('base64'),
          },
        ],
      };
      const info = Buffer.from(`${DIRECTORY_INFO}\n${tenant}\n${seat.workstationId}\n`);
      const sealed = crypto.hpkeSeal(seat.sealingKey, Buffer.from(JSON.stringify(envelope)), { info, aad: new Uint8Array() });
      const body: SealedDirectory = {
        enc: Buffer.from(sealed.enc).toString('base64'),
        ciphertext: Buffer.from(sealed.ciphertext).toString('base64'),
      };
      return { version, sealed: Buffer.from(JSON.stringify(body)).toString('base64') };
    },
  };
}
