/** The product's cryptography with a fixed stream for a kernel: the same seed makes the same log, byte for byte. Test helper only. */
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { hpkeSeal } from '../../crypto/hpke.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { x25519PrivateKey } from '../../crypto/keys.ts';
import { generator } from './generator.ts';

export function seededCrypto(seed: number): AuditCrypto {
  const next = generator(seed);
  const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => next(256));
  return {
    ...nodeCrypto,
    random,
    hpkeSeal: (recipient, plaintext, context) => hpkeSeal(recipient, plaintext, context, { ephemeral: x25519PrivateKey(random(32)) }),
  };
}
