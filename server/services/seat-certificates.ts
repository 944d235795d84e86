/**
 * The certificates by which a seat is known: written down as they are issued, bounded in rate and number. It must never take
 * away the one that a seat asks with, because the answer with the new one may be lost on its way.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';

/** A seat asks once in two months; a few more when answers are lost. */
export const MOST_RENEWALS = 4;
export const RENEWAL_WINDOW_MS = 3_600_000;
/** Kept for one seat, those that ended among them. More than can be issued in one window. */
export const MOST_CERTIFICATES = 8;
const MS_PER_SECOND = 1000;

export interface Issued {
  readonly fingerprintSha256: string;
  readonly notAfter: number;
  readonly issuedAt: number;
}

/** Seconds until this seat may have another certificate; 0 when it may now. Counted in the database, so at all nodes together. */
export async function renewalWait(db: Kysely<Tables>, workstationId: string, now: number): Promise<number> {
  const recent = await db
    .selectFrom('seat_certificates')
    .select('issued_at')
    .where('workstation_id', '=', workstationId)
    .where('issued_at', '>', now - RENEWAL_WINDOW_MS)
    .where('issued_at', '<=', now)
    .orderBy('issued_at', 'desc')
    .limit(MOST_RENEWALS)
    .execute();
  const oldest = recent[MOST_RENEWALS - 1];
  return oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest.issued_at + RENEWAL_WINDOW_MS - now) / MS_PER_SECOND));
}

/** Whether this database was told of it; a restore from a backup may have lost it. */
export async function isKnown(db: Kysely<Tables>, workstationId: string, fingerprintSha256: string): Promise<boolean> {
  const row = await db
    .selectFrom('seat_certificates')
    .select('issued_at')
    .where('workstation_id', '=', workstationId)
    .where('fingerprint_sha256', '=', fingerprintSha256)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * From this commit on the seat is known by this certificate too, and no longer by those that nobody needs.
 * @param askedWith fingerprint of the certificate that the seat showed; null at an enrolment
 */
export async function putCertificate(
  db: Kysely<Tables>,
  workstationId: string,
  { fingerprintSha256, notAfter, issuedAt }: Issued,
  askedWith: string | null,
): Promise<void> {
  const row = { workstation_id: workstationId, fingerprint_sha256: fingerprintSha256, issued_at: issuedAt, not_after: notAfter };
  await db.insertInto('seat_certificates').values(row).execute();
  const rows = await db
    .selectFrom('seat_certificates')
    .select(['fingerprint_sha256', 'issued_at', 'not_after'])
    .where('workstation_id', '=', workstationId)
    .orderBy('issued_at', 'desc')
    .limit(MOST_CERTIFICATES + 1)
    .execute();
  const shown = rows.find((one) => one.fingerprint_sha256 === askedWith);
  const kept = new Set([fingerprintSha256, askedWith]);
  const others = rows.filter((one) => !kept.has(one.fingerprint_sha256));
  // Whoever shows a newer one does not need what ended before it; nobody else shall come back with that.
  const needed = others.filter((one) => shown === undefined || one.issued_at > shown.issued_at || one.not_after > issuedAt);
  const keep = new Set(needed.slice(0, MOST_CERTIFICATES - kept.size));
  const gone = others.filter((one) => !keep.has(one)).map((one) => one.fingerprint_sha256);
  if (gone.length === 0) return;
  await db.deleteFrom('seat_certificates').where('workstation_id', '=', workstationId).where('fingerprint_sha256', 'in', gone).execute();
}
