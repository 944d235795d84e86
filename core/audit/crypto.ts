/**
 * The cryptography that the audit log needs, as ports. Owns no algorithm: `crypto/` implements this on node:crypto, and
 * tests may hand in a broken random source. Secrets live behind handles, so that nothing here can print or copy one.
 */

/** AES-256-GCM under one key (NIST SP 800-38D), nonce of 12 bytes, tag of 16 bytes after the ciphertext. */
export interface AeadKey {
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /**
   * Seals into a record: its first `begin` bytes are the associated data, the last 12 of them the nonce; ciphertext and tag fill the rest.
   * Throws AUDIT_INPUT_MALFORMED where the rest has another length.
   */
  sealRecord(record: Uint8Array, begin: number, plaintext: Uint8Array): void;
  /** `undefined` when the tag does not match: the caller names the fault. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | undefined;
}

/** HMAC-SHA-256 under one key (RFC 2104). */
export interface MacKey {
  /** Over the parts, one after the other. */
  mac(...parts: readonly Uint8Array[]): Uint8Array;
  /** The same into the first 32 bytes of `into`. */
  macInto(into: Uint8Array, ...parts: readonly Uint8Array[]): void;
}

/** Ed25519 (RFC 8032). */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** Checks Ed25519 signatures of one public key. */
export interface SignatureVerifier {
  verify(message: Uint8Array, signature: Uint8Array): boolean;
  /** The same where many signatures of many keys come in: what takes long is done beside the caller's thread. */
  verifyAside(message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** What HPKE binds a message to (RFC 9180 section 5.1.1, base mode). */
export interface HpkeContext {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

export interface HpkeSealed {
  /** The encapsulated key, 32 bytes for X25519. */
  readonly enc: Uint8Array;
  /** Ciphertext and tag. */
  readonly ciphertext: Uint8Array;
}

export interface AuditCrypto {
  sha256(data: Uint8Array): Uint8Array;
  /** The same into `into` from `at` on: nothing is allocated for each of the millions of hashes of a tree. */
  sha256Into(data: Uint8Array, into: Uint8Array, at: number): void;
  /** HKDF-SHA-256 (RFC 5869), 32 bytes out. */
  hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array;
  /** The handle keeps a copy outside the JavaScript heap; the caller wipes `raw`. */
  aeadKey(raw: Uint8Array): AeadKey;
  macKey(raw: Uint8Array): MacKey;
  /** Throws AUDIT_KEY_UNSUITABLE for a low-order or malformed public key. */
  verifier(publicKey: Uint8Array): SignatureVerifier;
  /** A signer from a 32-byte Ed25519 seed. */
  signer(seed: Uint8Array): Signer;
  /** DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; throws AUDIT_KEY_UNSUITABLE for a low-order recipient. */
  hpkeSeal(recipientPublicKey: Uint8Array, plaintext: Uint8Array, context: HpkeContext): HpkeSealed;
  hpkeOpen(recipientPrivateKey: Uint8Array, sealed: HpkeSealed, context: HpkeContext): Uint8Array | undefined;
  /** The X25519 public key of a private key. */
  hpkePublicKey(privateKey: Uint8Array): Uint8Array;
  /** Fresh bytes from the kernel for every call: never a pool, which a restored memory snapshot would replay. */
  random(length: number): Uint8Array;
}
