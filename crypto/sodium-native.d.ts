/** What Wardlock uses of sodium-native, which comes without types. */
declare module 'sodium-native' {
  const sodium: {
    /** Writes 32 and 64 bytes. */
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
    /** Writes 64 bytes. */
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
    /** Throws for a signature or a key of another length. */
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  };
  export default sodium;
}
