/**
 * Makes the directory of one seat: the staff of its ward, signed by the site's directory key, then sealed by HPKE to the
 * seat's own key. It never hands out anything unsealed.
 */
import type { Kysely } from 'kysely';
import type { Directory } from '../../contract/directory.ts';
import { sealInfo } from '../../contract/people.ts';
import { DIRECTORY_INFO, DIRECTORY_TYPE } from '../../contract/seat-api.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { wrapBytes } from '../../crypto/sealed-envelope.ts';
import type { SiteKeys } from '../site/keys.ts';
import type { Tables } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import { concerning } from './scopes.ts';
import type { Staff } from './staff.ts';
import { openStaffCache } from './staff-cache.ts';

export interface SeatOfWard {
  readonly workstationId: string;
  readonly name: string;
  readonly wardId: string;
  readonly sealingKey: Buffer;
}

export interface Directories {
  /** The number of the last change of any ward's staff. */
  version(): Promise<number>;
  /** The base64 that `UpdatesReply.directory.sealed` carries, and its version. */
  sealFor(seat: SeatOfWard): Promise<{ readonly version: number; readonly sealed: string }>;
}

interface DirectoryParts {
  readonly db: Kysely<Tables>;
  readonly tenant: string;
  readonly keys: SiteKeys;
  readonly crypto: AuditCrypto;
  readonly staff: Pick<Staff, 'ofScope'>;
  readonly changes: Changes;
  readonly now: () => number;
}

export function openDirectories(parts: DirectoryParts): Directories {
  const { db, keys, crypto, staff, changes } = parts;
  const cache = openStaffCache({
    marks: async (wardId) => (await concerning(db, { workstationId: '', wardId })).directoryMarks,
    read: async (ward) => (await staff.ofScope(ward)).map((person) => JSON.stringify(person)).join(','),
  });
  const newsKey = Buffer.from(crypto.hpkePublicKey(keys.newsSeed)).toString('base64');
  return {
    version: () => changes.generation('directory'),
    sealFor: async (seat) => {
      for (;;) {
        // The version is read first: staff that changes meanwhile is newer than its label and comes once more, never lost.
        const version = await changes.generation('directory');
        const { directoryMarks } = await concerning(db, seat);
        const persons = await cache.staffOf(seat.wardId, directoryMarks);
        if (persons !== null) return { version, sealed: await seal(parts, seat, { version, newsKey, persons }) };
      }
    },
  };
}

interface Contents {
  readonly version: number;
  readonly newsKey: string;
  /** As JSON, without the brackets. */
  readonly persons: string;
}

async function seal(
  { db, tenant, keys, crypto, now }: DirectoryParts,
  seat: SeatOfWard,
  { version, newsKey, persons }: Contents,
): Promise<string> {
  const ward = await db.selectFrom('wards').selectAll().where('id', '=', seat.wardId).executeTakeFirstOrThrow();
  const head: Omit<Directory, 'persons'> = {
    schema: 'wardlock-directory/1',
    tenant,
    version,
    issuedAt: new Date(now()).toISOString(),
    ward: { id: ward.id, name: ward.name },
    seatName: seat.name,
    badgeKey: keys.badgeKey.toString('base64'),
    newsKey,
  };
  const payload = Buffer.from(`${JSON.stringify(head).slice(0, -1)},"persons":[${persons}]}`);
  const ends = { signer: keys.directory, publicKey: seat.sealingKey };
  return wrapBytes(crypto, payload, ends, { type: DIRECTORY_TYPE, info: sealInfo(DIRECTORY_INFO, tenant, seat.workstationId) });
}
