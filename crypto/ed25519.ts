/**
 * Ed25519 (RFC 8032). Owns the choice of the quicker way where this runtime has it, tested once against a published answer: a seat signs
 * the head of its log at every commit, a server checks each anchor, and libsodium takes half of OpenSSL's time for either. A signer's
 * secret leaves memory with it. What libsodium refuses OpenSSL decides: libsodium takes fewer of the odd encodings and none that
 * OpenSSL does not, so that which of them count as valid never depends on what a machine could load.
 */
import { getFips, type KeyObject, sign, verify } from 'node:crypto';
import sodium from 'sodium-native';
import type { SignatureVerifier, Signer } from '../core/audit/crypto.ts';
import { checkEd25519PublicKey } from '../core/audit/key-check.ts';
import { ed25519PrivateKey, ed25519PublicKey, rawPublicKey } from './keys.ts';
import { offHeap } from './off-heap.ts';

const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
/** libsodium's: the seed and the public key. */
const SECRET_KEY_BYTES = 64;
const SIGNATURE_BYTES = 64;
/** RFC 8032, section 7.1, test 3. */
const KNOWN = {
  seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
  publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  message: 'af82',
  signature:
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
} as const;

/** Asked once; a validated OpenSSL is asked alone. */
let quick: boolean | undefined;

function isQuick(): boolean {
  quick ??= getFips() !== 1 && givesKnownAnswer();
  return quick;
}

/** @param seed 32 bytes; the caller wipes them. Throws AUDIT_KEY_UNSUITABLE for any other length */
export function ed25519Signer(seed: Uint8Array): Signer {
  return isQuick() && seed.length === SEED_BYTES ? sodiumSigner(seed) : openSslSigner(seed);
}

/** The same by OpenSSL; both give the same bytes. @param seed 32 bytes. Throws AUDIT_KEY_UNSUITABLE for any other length */
export function openSslSigner(seed: Uint8Array): Signer {
  const key = ed25519PrivateKey(seed);
  return { publicKey: rawPublicKey(key), sign: (message) => new Uint8Array(sign(null, message, key)) };
}

/** @param publicKey copied. Throws AUDIT_KEY_UNSUITABLE for one of low order, or that is no key */
export function ed25519Verifier(publicKey: Uint8Array): SignatureVerifier {
  const slow = openSslVerifier(publicKey);
  if (!isQuick()) return slow;
  const key = Uint8Array.from(publicKey);
  const passes = (message: Uint8Array, signature: Uint8Array): boolean =>
    signature.length === SIGNATURE_BYTES && sodium.crypto_sign_verify_detached(signature, message, key);
  return {
    verify: (message, signature) => passes(message, signature) || slow.verify(message, signature),
    verifyAside: async (message, signature) => passes(message, signature) || slow.verifyAside(message, signature),
  };
}

/** Its key is made ready when it is first asked: most are never. */
export function openSslVerifier(publicKey: Uint8Array): SignatureVerifier {
  checkEd25519PublicKey(publicKey);
  const raw = Uint8Array.from(publicKey);
  let made: KeyObject | undefined;
  const key = (): KeyObject => {
    made ??= ed25519PublicKey(raw);
    return made;
  };
  return {
    verify: (message, signature) => signature.length === SIGNATURE_BYTES && verify(null, message, key(), signature),
    verifyAside: (message, signature) =>
      new Promise((resolve, reject) => {
        if (signature.length !== SIGNATURE_BYTES) resolve(false);
        else verify(null, message, key(), signature, (failure, valid) => (failure === null ? resolve(valid) : reject(failure)));
      }),
  };
}

/** Zeroes the secret once nobody can sign with it any more, as node:crypto does with a key's. */
const secrets = new FinalizationRegistry<Uint8Array>((secret) => void secret.fill(0));

function sodiumSigner(seed: Uint8Array): Signer {
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
  const secret = offHeap(SECRET_KEY_BYTES);
  sodium.crypto_sign_seed_keypair(publicKey, secret, seed);
  const signed: Signer['sign'] = (message) => {
    const signature = new Uint8Array(SIGNATURE_BYTES);
    sodium.crypto_sign_detached(signature, message, secret);
    return signature;
  };
  // Not the object below: its parts may be taken apart.
  secrets.register(signed, secret);
  return { publicKey, sign: signed };
}

function givesKnownAnswer(): boolean {
  const { publicKey, sign: signed } = sodiumSigner(Buffer.from(KNOWN.seed, 'hex'));
  const message = Buffer.from(KNOWN.message, 'hex');
  const signature = signed(message);
  return (
    hex(publicKey) === KNOWN.publicKey &&
    hex(signature) === KNOWN.signature &&
    sodium.crypto_sign_verify_detached(signature, message, publicKey) &&
    !sodium.crypto_sign_verify_detached(signature, message.fill(0), publicKey)
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
