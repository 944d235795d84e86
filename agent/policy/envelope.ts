/**
 * Who may speak for the site's policy: the signature of a DSSE envelope by one of the policy keys that the enrolment named.
 * The one place to be replaced when a threshold of signers decides (TUF); it judges no content.
 */
import { createHash } from 'node:crypto';
import { Value } from 'typebox/value';
import { DIRECTORY_TYPE, Envelope, POLICY_TYPE } from '../../contract/seat-api.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { nodeCrypto } from '../../crypto/index.ts';

/** The bytes that were signed, or undefined when nobody who may sign did. */
export type VerifyEnvelope = (envelope: Uint8Array) => Uint8Array | undefined;

export const policyVerifier = (publicKeys: readonly string[]): VerifyEnvelope => verifierOf(POLICY_TYPE, publicKeys);
export const directoryVerifier = (publicKey: string): VerifyEnvelope => verifierOf(DIRECTORY_TYPE, [publicKey]);

/** Ed25519 over PAE(type, payload) (DSSE v1), by a key that is named by the SHA-256 of its 32 raw bytes. */
function verifierOf(payloadType: string, publicKeys: readonly string[]): VerifyEnvelope {
  const keys = new Map(
    publicKeys.map((encoded) => {
      const raw = new Uint8Array(Buffer.from(encoded, 'base64'));
      return [createHash('sha256').update(raw).digest('hex'), nodeCrypto.verifier(raw)] as const;
    }),
  );
  return (bytes) => {
    const envelope = parseJson(bytes);
    if (!Value.Check(Envelope, envelope) || envelope.payloadType !== payloadType) return undefined;
    const payload = new Uint8Array(Buffer.from(envelope.payload, 'base64'));
    const signed = preAuthenticationEncoding(payloadType, payload);
    const valid = envelope.signatures.some(
      ({ keyid, sig }) => keys.get(keyid)?.verify(signed, new Uint8Array(Buffer.from(sig, 'base64'))) === true,
    );
    return valid ? payload : undefined;
  };
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
