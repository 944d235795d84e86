/**
 * The hashes of enrolment that seat, syncer and server must agree on. Domain-separated, so that none can stand for
 * another. It must never return a secret.
 */
import { hash } from 'node:crypto';

/** What names a token without revealing it: 32 hex characters. `secret` is the token's secret part as typed. */
export function tokenId(secret: string): string {
  return hash('sha256', `wardlock-token-id\n${secret}`).slice(0, 32);
}

/** What the server keeps of a token's secret. 80 random bits need no slow hash. */
export function tokenSecretHash(secret: string): string {
  return hash('sha256', `wardlock-token-secret\n${secret}`);
}

/** A workstation's id: the first 16 bytes of SHA-256 over its Ed25519 log key, so that nobody can pick another's. */
export function workstationIdOf(logPublicKey: Uint8Array): string {
  return hash('sha256', logPublicKey).slice(0, 32);
}
