/**
 * HPKE (RFC 9180), base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM or AES-256-GCM.
 * Owns the key schedule on node:crypto, which is synchronous and faster than the library measured against it
 * (docs/audit-log.md); the product seals with suite 0x0020/0x0001/0x0002 only. Every secret on the way is wiped: from any of them
 * and the stored envelope one comes to what was sealed.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { HpkeContext, HpkeSealed } from '../core/audit/crypto.ts';
import { isX25519PublicKey } from '../core/audit/key-check.ts';
import { rawPublicKey, x25519PrivateKey, x25519PublicKey } from './keys.ts';

const KEM_ID = Buffer.from([0x00, 0x20]);
const KDF_ID = Buffer.from([0x00, 0x01]);
const KEM_SUITE = Buffer.concat([Buffer.from('KEM'), KEM_ID]);
const VERSION = Buffer.from('HPKE-v1');
const MODE_BASE = Buffer.from([0x00]);
const EMPTY = Buffer.alloc(0);
const HASH_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Aead {
  readonly id: Buffer;
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm';
  readonly keyBytes: number;
}
export const HPKE_AES_128_GCM: Aead = { id: Buffer.from([0x00, 0x01]), cipher: 'aes-128-gcm', keyBytes: 16 };
export const HPKE_AES_256_GCM: Aead = { id: Buffer.from([0x00, 0x02]), cipher: 'aes-256-gcm', keyBytes: 32 };

/** SealBase (section 6.1). `ephemeral` is for known-answer tests alone; the product never passes it. */
export function hpkeSeal(
  recipient: Uint8Array,
  plaintext: Uint8Array,
  context: HpkeContext,
  options: { readonly aead?: Aead; readonly ephemeral?: KeyObject } = {},
): HpkeSealed {
  const { aead = HPKE_AES_256_GCM, ephemeral = generateKeyPairSync('x25519').privateKey } = options;
  const enc = rawPublicKey(createPublicKey(ephemeral));
  const shared = diffieHellman({ privateKey: ephemeral, publicKey: x25519PublicKey(recipient) });
  const { key, nonce } = schedule(extractAndExpand(shared, Buffer.concat([enc, recipient])), context.info, aead);
  const cipher = createCipheriv(aead.cipher, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context.aad);
  const ciphertext = new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  key.fill(0);
  return { enc, ciphertext };
}

/** OpenBase; `undefined` when anything about the message does not hold. */
export function hpkeOpen(
  recipientPrivateKey: Uint8Array,
  sealed: HpkeSealed,
  context: HpkeContext,
  aead = HPKE_AES_256_GCM,
): Uint8Array | undefined {
  if (sealed.ciphertext.length < TAG_BYTES || !isX25519PublicKey(sealed.enc)) return undefined;
  const privateKey = x25519PrivateKey(recipientPrivateKey);
  const shared = diffieHellman({ privateKey, publicKey: x25519PublicKey(sealed.enc) });
  const { key, nonce } = schedule(extractAndExpand(shared, Buffer.concat([sealed.enc, rawPublicKey(privateKey)])), context.info, aead);
  const split = sealed.ciphertext.length - TAG_BYTES;
  const decipher = createDecipheriv(aead.cipher, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(context.aad);
  decipher.setAuthTag(sealed.ciphertext.subarray(split));
  const plaintext = decipher.update(sealed.ciphertext.subarray(0, split));
  key.fill(0);
  try {
    decipher.final();
    return Uint8Array.from(plaintext);
  } catch {
    return undefined;
  } finally {
    plaintext.fill(0);
  }
}

function extractAndExpand(shared: Buffer, kemContext: Buffer): Buffer {
  const prk = labeledExtract(KEM_SUITE, EMPTY, 'eae_prk', shared);
  shared.fill(0);
  const secret = labeledExpand(KEM_SUITE, prk, { label: 'shared_secret', info: kemContext, length: HASH_BYTES });
  prk.fill(0);
  return secret;
}

function schedule(sharedSecret: Buffer, info: Uint8Array, aead: Aead): { readonly key: Buffer; readonly nonce: Buffer } {
  const suite = Buffer.concat([Buffer.from('HPKE'), KEM_ID, KDF_ID, aead.id]);
  const pskIdHash = labeledExtract(suite, EMPTY, 'psk_id_hash', EMPTY);
  const infoHash = labeledExtract(suite, EMPTY, 'info_hash', info);
  const context = Buffer.concat([MODE_BASE, pskIdHash, infoHash]);
  const secret = labeledExtract(suite, sharedSecret, 'secret', EMPTY);
  sharedSecret.fill(0);
  const keys = {
    key: labeledExpand(suite, secret, { label: 'key', info: context, length: aead.keyBytes }),
    nonce: labeledExpand(suite, secret, { label: 'base_nonce', info: context, length: NONCE_BYTES }),
  };
  secret.fill(0);
  return keys;
}

function labeledExtract(suite: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  return createHmac('sha256', salt).update(VERSION).update(suite).update(label).update(ikm).digest();
}

interface Expansion {
  readonly label: string;
  readonly info: Uint8Array;
  /** In bytes. */
  readonly length: number;
}

/** One block of HKDF-Expand: every length asked for here is at most 32 bytes. */
function labeledExpand(suite: Buffer, prk: Buffer, { label, info, length }: Expansion): Buffer {
  const lengthBytes = Buffer.from([length >>> 8, length & 0xff]);
  const block = createHmac('sha256', prk)
    .update(lengthBytes)
    .update(VERSION)
    .update(suite)
    .update(label)
    .update(info)
    .update(Buffer.from([1]));
  return block.digest().subarray(0, length);
}
