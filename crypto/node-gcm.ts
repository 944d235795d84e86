/** AES-256-GCM by node:crypto, which every runtime has. Owns nothing but the calls. */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { TAG_BYTES } from './openssl/gcm.ts';

const CIPHER = 'aes-256-gcm';

/** Ciphertext and its tag of 16 bytes. @param nonce 12 bytes, never twice under one key */
export function sealByNode(key: KeyObject, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** `undefined` when the tag does not match. */
export function openByNode(key: KeyObject, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  const split = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(split));
  const plaintext = decipher.update(sealed.subarray(0, split));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  // Not as a Buffer: its slice shares memory, and what is wiped in one place must not live on in another.
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
}
