/**
 * Seals small secrets for the database under the storage key, which is a file outside it: a stolen database alone opens
 * nothing. AES-256-GCM with a random nonce; the purpose is bound as associated data.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HASH_KEY_BYTES = 32;

export interface SecretBox {
  seal(purpose: string, plaintext: Uint8Array): Buffer;
  /** Throws when the bytes were not sealed for this purpose under this key. */
  open(purpose: string, sealed: Uint8Array): Buffer;
  /** The same text gives the same 64 hex digits on every node of the site, and tells nothing without the key. */
  keyedHash(purpose: string, text: string): string;
}

export function secretBox(rawKey: Uint8Array): SecretBox {
  const key = createSecretKey(rawKey);
  const hashKey = createSecretKey(Buffer.from(hkdfSync('sha256', rawKey, '', 'wardlock/keyed-hash', HASH_KEY_BYTES)));
  return {
    seal: (purpose, plaintext) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open: (purpose, sealed) => {
      const bytes = Buffer.from(sealed);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
    },
    keyedHash: (purpose, text) => createHmac('sha256', hashKey).update(`${purpose}\n`).update(text).digest('hex'),
  };
}
