/**
 * AES-256-GCM under one key (NIST SP 800-38D) as the port of core/audit. Owns the choice of the quicker way where this runtime has
 * it, tested once against a published answer, and the ordinary one elsewhere; the key itself is a handle outside the JavaScript heap.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { AeadKey } from '../core/audit/crypto.ts';
import { WardlockError } from '../core/errors/index.ts';
import { openByNode, sealByNode } from './node-gcm.ts';
import { type NativeGcm, NONCE_BYTES, nativeGcm, ROOM_BYTES, TAG_BYTES } from './openssl/gcm.ts';

/** Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B. */
const KNOWN = {
  key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
  nonce: 'cafebabefacedbaddecaf888',
  plaintext: 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  sealed:
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
    '76fc6ece0f4e1768cddf8853bb2d551b',
} as const;

/** One for each thread; null where there is none. */
let native: NativeGcm | null | undefined;

/** The handle keeps a copy outside the JavaScript heap; the caller wipes `raw`, of 32 bytes. */
export function gcmKey(raw: Uint8Array): AeadKey {
  if (native === undefined) native = quickest();
  // Who makes a key is done with the one before: of a past epoch nothing may stay in memory.
  native?.forget();
  return keyOn(native, createSecretKey(raw));
}

function keyOn(quick: NativeGcm | null, key: KeyObject): AeadKey {
  const fitting = (bytes: number): NativeGcm | undefined => (quick !== null && bytes <= ROOM_BYTES ? quick : undefined);
  return {
    sealRecord(record, begin, plaintext) {
      if (begin < NONCE_BYTES || record.length !== begin + plaintext.length + TAG_BYTES)
        throw new WardlockError('AUDIT_INPUT_MALFORMED', 'A record has 16 bytes more than its nonce, associated data and plaintext.');
      const native = fitting(record.length);
      if (native !== undefined) native.sealRecord(key, record, begin, plaintext);
      else record.set(sealByNode(key, record.subarray(begin - NONCE_BYTES, begin), plaintext, record.subarray(0, begin)), begin);
    },
    seal(nonce, plaintext, aad) {
      checkNonce(nonce);
      const native = fitting(plaintext.length + aad.length);
      return native === undefined ? sealByNode(key, nonce, plaintext, aad) : native.seal(key, { nonce, aad }, plaintext);
    },
    open(nonce, sealed, aad) {
      checkNonce(nonce);
      if (sealed.length < TAG_BYTES) return undefined;
      const native = fitting(sealed.length + aad.length);
      return native === undefined ? openByNode(key, nonce, sealed, aad) : native.open(key, { nonce, aad }, sealed);
    },
  };
}

function quickest(): NativeGcm | null {
  try {
    const candidate = nativeGcm();
    return givesKnownAnswer(candidate) ? candidate : null;
  } catch {
    // A runtime that exports no OpenSSL, or a system without koffi: node:crypto serves, more slowly.
    return null;
  }
}

function givesKnownAnswer(candidate: NativeGcm): boolean {
  const [nonce, plaintext, aad, sealed] = [KNOWN.nonce, KNOWN.plaintext, KNOWN.aad, KNOWN.sealed].map(bytesOf);
  if (nonce === undefined || plaintext === undefined || aad === undefined || sealed === undefined) return false;
  const key = keyOn(candidate, createSecretKey(bytesOf(KNOWN.key)));
  const altered = sealed.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
  const holds =
    Buffer.from(sealed).equals(key.seal(nonce, plaintext, aad)) &&
    Buffer.from(plaintext).equals(key.open(nonce, sealed, aad) ?? new Uint8Array(0)) &&
    key.open(nonce, altered, aad) === undefined;
  candidate.forget();
  return holds;
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== NONCE_BYTES) throw new WardlockError('AUDIT_INPUT_MALFORMED', 'An AES-GCM nonce has 12 bytes here.');
}
