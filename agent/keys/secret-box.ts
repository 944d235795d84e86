/**
 * Small secrets and documents at rest: AES-256-GCM under one key, with a context that binds the box to its use. Owns the
 * format (magic, nonce, ciphertext and tag); must never open a box in another context.
 */
import { concat, utf8 } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { NONCE_BYTES } from '../../core/audit/entry.ts';

export interface SecretBox {
  /** `context` names what this is, such as `staff-directory`; the same words open it. */
  seal(plaintext: Uint8Array, context: string): Uint8Array;
  /** `undefined` for a box that is damaged, of another key or of another context. */
  open(box: Uint8Array, context: string): Uint8Array | undefined;
}

const MAGIC = utf8('WLBOX\u0001');

/** The handle keeps its own copy of `key`; wipe yours. */
export function secretBox(crypto: Pick<AuditCrypto, 'aeadKey' | 'random'>, key: Uint8Array): SecretBox {
  const aead = crypto.aeadKey(key);
  const aad = (context: string) => concat(MAGIC, utf8(context));
  return {
    seal(plaintext, context) {
      const nonce = crypto.random(NONCE_BYTES);
      return concat(MAGIC, nonce, aead.seal(nonce, plaintext, aad(context)));
    },
    open(box, context) {
      const body = MAGIC.length + NONCE_BYTES;
      if (box.length < body || MAGIC.some((byte, at) => box[at] !== byte)) return undefined;
      return aead.open(box.subarray(MAGIC.length, body), box.subarray(body), aad(context));
    },
  };
}
