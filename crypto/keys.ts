/**
 * Raw 32-byte keys of X25519 and Ed25519 as node:crypto key objects and back. Owns the DER prefixes (RFC 8410); every
 * public key passes the low-order check on its way in.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { checkEd25519PublicKey, checkX25519PublicKey } from '../core/audit/key-check.ts';
import { WardlockError } from '../core/errors/index.ts';

const RAW_BYTES = 32;
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** From 32 raw bytes (RFC 8032). Throws AUDIT_KEY_UNSUITABLE for one of low order, or that is no key. */
export function ed25519PublicKey(raw: Uint8Array): KeyObject {
  checkEd25519PublicKey(raw);
  return publicKey(ED25519_SPKI, raw);
}

/** From 32 raw bytes (RFC 7748). Throws AUDIT_KEY_UNSUITABLE for one of low order, or that is no key. */
export function x25519PublicKey(raw: Uint8Array): KeyObject {
  checkX25519PublicKey(raw);
  return publicKey(X25519_SPKI, raw);
}

/** From a 32-byte seed (RFC 8032). */
export function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  return privateKey(ED25519_PKCS8, seed);
}

/** From 32 raw bytes (RFC 7748). */
export function x25519PrivateKey(raw: Uint8Array): KeyObject {
  return privateKey(X25519_PKCS8, raw);
}

/** The raw 32 bytes of a public key, or of the public half of a private key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  const der = half.export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - RAW_BYTES));
}

function publicKey(prefix: Buffer, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' });
}

function privateKey(prefix: Buffer, raw: Uint8Array): KeyObject {
  if (raw.length !== RAW_BYTES) throw new WardlockError('AUDIT_KEY_UNSUITABLE', `Expected a private key of 32 bytes, got ${raw.length}.`);
  const der = Buffer.concat([prefix, raw]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}
