/**
 * The agent's part in a drill: what it is about, and the seat's signature under the outcome. The agent can not see what was tried, so
 * it signs only what names this very seat and policy; that root of this machine asked is all that the signature says more.
 */
import type { Result } from '../../contract/boundary.ts';
import type { CliBoundary } from '../../contract/cli.ts';
import { DRILL_TYPE, type DrillCertificate } from '../../contract/drill.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SeatAgent } from '../seat-agent.ts';

export function drillFacts({ parts, site, runtime }: SeatAgent): Result<CliBoundary, 'drillFacts'> {
  const { enrolment } = parts.identity;
  return {
    seat: enrolment === null ? null : { workstationId: enrolment.workstationId, name: enrolment.seatName },
    policyVersion: site.policy?.version ?? null,
    mode: parts.launcher.mode.name,
    isOpen: runtime.openSession !== null || runtime.heldSession !== null,
  };
}

/** The bytes that a signature covers. */
export function drillBytes(certificate: DrillCertificate): Uint8Array {
  return preAuthenticationEncoding(DRILL_TYPE, new TextEncoder().encode(canonicalJson(certificate)));
}

/** @throws DRILL_NOT_READY for a certificate of another seat or policy, or of practice */
export function certify(seat: SeatAgent, certificate: DrillCertificate): Result<CliBoundary, 'certify'> {
  const facts = drillFacts(seat);
  const isMine =
    facts.seat !== null &&
    certificate.seat?.workstationId === facts.seat.workstationId &&
    certificate.policyVersion === facts.policyVersion;
  if (!isMine || certificate.practice)
    throw new WardlockError('DRILL_NOT_READY', 'The seat signs only what names this seat and its policy.');
  const { identity } = seat.parts;
  return { logKey: identity.logKey, signature: Buffer.from(identity.signer.sign(drillBytes(certificate))).toString('base64') };
}
