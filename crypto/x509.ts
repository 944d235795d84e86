/**
 * The one door to @peculiar/x509, which needs reflect-metadata loaded before it and a crypto provider set once. It owns
 * that order and the choice of curve; it must never hold a key.
 */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(globalThis.crypto);

/** ECDSA on P-256 with SHA-256: what every TLS stack and browser takes. */
export const tlsKeyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export { x509 };
