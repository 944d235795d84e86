/**
 * A later certificate of the site's authority, as the syncer brought it: taken only where it is of the very key that this seat was
 * enrolled under, recorded before it is believed. Where the record can't take it the present one stays, and it is offered again.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { Result } from '../../contract/boundary.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { authorityEnd, laterAuthority } from '../../crypto/authority.ts';
import type { Recorder } from '../record/recorder.ts';
import type { SeatIdentity } from './seat-identity.ts';

export interface AuthorityPorts {
  readonly identity: Pick<SeatIdentity, 'enrolment' | 'setAuthority'>;
  readonly recorder: Pick<Recorder, 'append' | 'note'>;
  /** The wall clock, but never before what the site signed. */
  readonly trustedWallMs: () => number;
}

/** @throws WardlockError SESSION_NOT_NOW on a seat that is not enrolled, AUDIT_* where it can't be recorded */
export async function offerAuthority(
  { identity, recorder, trustedWallMs }: AuthorityPorts,
  offered: string,
): Promise<Result<SyncBoundary, 'authority'>> {
  const { enrolment } = identity;
  if (enrolment === null) throw new WardlockError('SESSION_NOT_NOW', 'This seat is not enrolled, so it takes nothing from a site.');
  let later: string | null;
  try {
    later = laterAuthority(enrolment.ca, offered, trustedWallMs());
  } catch (failure) {
    if (!isWardlockError(failure)) throw failure;
    recorder.note({ type: 'sync.incident', body: { code: failure.code } });
    return { outcome: 'refused', code: failure.code, message: failure.message };
  }
  if (later === null) return { outcome: 'unchanged', ca: enrolment.ca };
  const sha256 = createHash('sha256').update(new X509Certificate(later).raw).digest('hex');
  await recorder.append({ type: 'authority.renewed', body: { until: new Date(authorityEnd(later)).toISOString(), sha256 } });
  identity.setAuthority(later);
  return { outcome: 'applied', ca: later };
}
