/** OpenSSL called directly means the same as node:crypto, whatever the size, and keeps nothing in clear behind. */
import { createSecretKey } from 'node:crypto';
import process from 'node:process';
import { expect, test } from 'vitest';
import { gcmKey } from '../aes-gcm.ts';
import { openByNode, sealByNode } from '../node-gcm.ts';
import { kernelRandom } from '../random.ts';
import { sha256, sha256ByNode } from '../sha256.ts';
import { DIGEST_ROOM_BYTES, nativeSha256 } from './digest.ts';
import { NONCE_BYTES, nativeGcm, ROOM_BYTES, TAG_BYTES } from './gcm.ts';

const SIZES = [0, 1, 15, 16, 17, 84, 316, 4_096, ROOM_BYTES - 20, ROOM_BYTES, ROOM_BYTES + 1, 3 * ROOM_BYTES];
const isElectron = process.versions.electron !== undefined;

test('the runtime that ships has it, and Electron is told so', () => {
  if (isElectron) {
    expect(() => nativeGcm()).toThrow(expect.objectContaining({ code: 'AUDIT_KEYS_UNAVAILABLE' }));
    expect(() => nativeSha256()).toThrow(expect.objectContaining({ code: 'AUDIT_KEYS_UNAVAILABLE' }));
  } else {
    expect(nativeGcm()).toHaveProperty('seal');
    expect(nativeSha256()).toBeTypeOf('function');
  }
});

test('what one seals the other opens, for texts and associated data of any length', () => {
  const raw = kernelRandom(32);
  const key = createSecretKey(raw);
  const handle = gcmKey(raw);
  for (const size of SIZES) {
    for (const aad of [new Uint8Array(0), kernelRandom(84)]) {
      const nonce = kernelRandom(NONCE_BYTES);
      const plaintext = kernelRandom(size);
      const sealed = handle.seal(nonce, plaintext, aad);
      expect(Buffer.from(sealed).equals(sealByNode(key, nonce, plaintext, aad)), `${size} bytes`).toBe(true);
      expect(Buffer.from(openByNode(key, nonce, sealed, aad) ?? []).equals(plaintext)).toBe(true);
      expect(Buffer.from(handle.open(nonce, sealed, aad) ?? []).equals(plaintext)).toBe(true);
      for (const at of [0, sealed.length - TAG_BYTES, sealed.length - 1]) {
        const altered = Uint8Array.from(sealed);
        altered[at] = (altered[at] ?? 0) ^ 1;
        expect(handle.open(nonce, altered, aad), `${size} bytes, altered at ${at}`).toBeUndefined();
      }
      expect(handle.open(nonce, sealed, kernelRandom(12))).toBeUndefined();
    }
  }
  expect(handle.open(kernelRandom(NONCE_BYTES), new Uint8Array(TAG_BYTES - 1), new Uint8Array(0))).toBeUndefined();
});

test('keys take turns without a trace of each other, and one whose raw bytes were wiped goes on', () => {
  const raws = Array.from({ length: 4 }, () => kernelRandom(32));
  const keys = raws.map((raw) => createSecretKey(raw));
  const handles = raws.map((raw) => gcmKey(raw));
  for (const raw of raws) raw.fill(0);
  const nonce = kernelRandom(NONCE_BYTES);
  const text = kernelRandom(100);
  for (let turn = 0; turn < 12; turn += 1) {
    const handle = handles[turn % 4];
    const key = keys[turn % 4];
    if (handle === undefined || key === undefined) throw new RangeError('no such key');
    expect(Buffer.from(handle.seal(nonce, text, nonce)).equals(sealByNode(key, nonce, text, nonce))).toBe(true);
  }
});

test('a place of another size than the ciphertext is refused', () => {
  const handle = gcmKey(kernelRandom(32));
  for (const [bytes, begin] of [
    [NONCE_BYTES + 20, NONCE_BYTES],
    [NONCE_BYTES + 22, NONCE_BYTES],
    [NONCE_BYTES + 20, NONCE_BYTES - 1],
  ] as const)
    expect(() => handle.sealRecord(new Uint8Array(bytes), begin, kernelRandom(5))).toThrow(
      expect.objectContaining({ code: 'AUDIT_INPUT_MALFORMED' }),
    );
});

test('a record is sealed behind its associated data, which ends with the nonce', () => {
  const raw = kernelRandom(32);
  const [key, handle] = [createSecretKey(raw), gcmKey(raw)];
  for (const size of SIZES) {
    for (const begin of [NONCE_BYTES, 84]) {
      const record = new Uint8Array(begin + size + TAG_BYTES);
      const aad = kernelRandom(begin);
      const plaintext = kernelRandom(size);
      record.set(aad);
      handle.sealRecord(record, begin, plaintext);
      const sealed = sealByNode(key, aad.subarray(begin - NONCE_BYTES), plaintext, aad);
      expect(Buffer.from(record).equals(Buffer.concat([aad, sealed])), `${size} bytes behind ${begin}`).toBe(true);
    }
  }
});

test('digests agree for messages of any length', () => {
  for (const size of [...SIZES, 55, 56, 63, 64, 65, DIGEST_ROOM_BYTES]) {
    const message = kernelRandom(size);
    const expected = new Uint8Array(32);
    sha256ByNode(message, expected, 0);
    expect(sha256(message), `${size} bytes`).toEqual(expected);
  }
});
