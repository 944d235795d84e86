/**
 * A signed document for one reader: a DSSE envelope under Ed25519, sealed by HPKE. Whoever carries it can neither read nor
 * change it. It owns the wrapping; what is inside is checked against its schema by whoever opens it.
 */
import { createHash } from 'node:crypto';
import { Value } from 'typebox/value';
import { Sealed } from '../contract/people.ts';
import { Envelope } from '../contract/seat-api.ts';
import type { AuditCrypto, Signer } from '../core/audit/crypto.ts';
import { preAuthenticationEncoding } from '../core/envelope/dsse.ts';

type Crypto = Pick<AuditCrypto, 'hpkeSeal' | 'hpkeOpen' | 'verifier'>;

export interface Wrapping {
  /** Payload type of the envelope (dsse v1). */
  readonly type: string;
  /** HPKE `info`: what it is for and between whom. */
  readonly info: Uint8Array;
}

const NOTHING = new Uint8Array();
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** Seals bytes to an X25519 public key of 32 bytes. */
export function sealTo(crypto: Pick<Crypto, 'hpkeSeal'>, publicKey: Uint8Array, plaintext: Uint8Array, info: Uint8Array): Sealed {
  const { enc, ciphertext } = crypto.hpkeSeal(publicKey, plaintext, { info, aad: NOTHING });
  return { enc: Buffer.from(enc).toString('base64'), ciphertext: Buffer.from(ciphertext).toString('base64') };
}

/** Undefined for what was not sealed to this key, or for something else. */
export function openSealed(
  crypto: Pick<Crypto, 'hpkeOpen'>,
  privateKey: Uint8Array,
  { enc, ciphertext }: Sealed,
  info: Uint8Array,
): Uint8Array | undefined {
  try {
    return crypto.hpkeOpen(privateKey, { enc: bytesOf(enc), ciphertext: bytesOf(ciphertext) }, { info, aad: NOTHING });
  } catch {
    return undefined;
  }
}

/** The two ends of a document that is made: who signs it, and whose key it is sealed to. */
interface MakersEnds {
  readonly signer: Signer;
  readonly publicKey: Uint8Array;
}

/** The base64 that a `sealed` field carries. */
export function wrap(crypto: Pick<Crypto, 'hpkeSeal'>, document: object, ends: MakersEnds, wrapping: Wrapping): string {
  return wrapBytes(crypto, Buffer.from(JSON.stringify(document)), ends, wrapping);
}

/** The same for a document that is there as its JSON. */
export function wrapBytes(crypto: Pick<Crypto, 'hpkeSeal'>, payload: Buffer, ends: MakersEnds, { type, info }: Wrapping): string {
  const keyid = createHash('sha256').update(ends.signer.publicKey).digest('hex');
  const sig = Buffer.from(ends.signer.sign(preAuthenticationEncoding(type, payload))).toString('base64');
  const envelope: Envelope = { payloadType: type, payload: payload.toString('base64'), signatures: [{ keyid, sig }] };
  const sealed = sealTo(crypto, ends.publicKey, Buffer.from(JSON.stringify(envelope)), info);
  return Buffer.from(JSON.stringify(sealed)).toString('base64');
}

/** The document as it was signed, still to be checked against its schema; undefined where anything of it is not right. */
export function unwrap(
  crypto: Crypto,
  wrapped: string,
  ends: { readonly privateKey: Uint8Array; readonly signedBy: Uint8Array },
  { type, info }: Wrapping,
): unknown {
  const sealed = parse(bytesOf(wrapped));
  if (!Value.Check(Sealed, sealed)) return undefined;
  const envelope = parse(openSealed(crypto, ends.privateKey, sealed, info));
  if (!Value.Check(Envelope, envelope) || envelope.payloadType !== type) return undefined;
  const payload = bytesOf(envelope.payload);
  const signed = preAuthenticationEncoding(type, payload);
  const verifier = crypto.verifier(ends.signedBy);
  return envelope.signatures.some(({ sig }) => verifier.verify(signed, bytesOf(sig))) ? parse(payload) : undefined;
}

function parse(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
