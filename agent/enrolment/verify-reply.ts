/**
 * The agent's own check of an enrolment's answer, which the syncer brought and which is believed only as far as the
 * token's fingerprint and the CA's signature carry. It must never use the network or trust the syncer's word.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { Value } from 'typebox/value';
import { ENROLMENT_TYPE, Enrolment, EnrolReply } from '../../contract/seat-api.ts';
import { namesAuthority, parseToken } from '../../core/enrolment/token.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';

export interface ReplyToCheck {
  /** As received: JSON of an `EnrolReply`. */
  readonly reply: Uint8Array;
  /** The token that a person typed at this seat. */
  readonly token: string;
  /** SHA-256 of the claim's bytes, hex. */
  readonly claimSha256: string;
  readonly workstationId: string;
}

/** @throws WardlockError ENROL_WRONG_SERVER when another authority answered, ENROL_REPLY_INVALID for anything else */
export function verifyEnrolmentReply({ reply, token, claimSha256, workstationId }: ReplyToCheck): Enrolment {
  const body = parseJson(reply);
  if (!Value.Check(EnrolReply, body)) throw new WardlockError('ENROL_REPLY_INVALID');
  const key = authorityKey(Buffer.from(body.ca, 'base64'));
  const spki = key.export({ type: 'spki', format: 'der' });
  if (!namesAuthority(parseToken(token), createHash('sha256').update(spki).digest())) throw new WardlockError('ENROL_WRONG_SERVER');
  const payload = Buffer.from(body.envelope.payload, 'base64');
  const signed = preAuthenticationEncoding(body.envelope.payloadType, payload);
  const valid = body.envelope.signatures.some(({ sig }) =>
    verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(sig, 'base64')),
  );
  if (!valid || body.envelope.payloadType !== ENROLMENT_TYPE) throw new WardlockError('ENROL_REPLY_INVALID');
  const enrolment = parseJson(payload);
  if (!Value.Check(Enrolment, enrolment)) throw new WardlockError('ENROL_REPLY_INVALID');
  if (enrolment.claimSha256 !== claimSha256 || enrolment.workstationId !== workstationId) {
    throw new WardlockError('ENROL_REPLY_INVALID', 'This answer belongs to another machine or to an earlier attempt. Ask for a new token.');
  }
  return enrolment;
}

function authorityKey(der: Buffer): X509Certificate['publicKey'] {
  try {
    return new X509Certificate(der).publicKey;
  } catch (cause) {
    throw new WardlockError('ENROL_REPLY_INVALID', undefined, { cause });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new WardlockError('ENROL_REPLY_INVALID', undefined, { cause });
  }
}
