/** Both ways to sign give the same bytes: Ed25519 is deterministic. */
import { expect, test } from 'vitest';
import { ed25519Signer, openSslSigner } from './ed25519.ts';
import { kernelRandom } from './random.ts';

test('a signer of libsodium signs as OpenSSL does, whatever the message, after its seed was wiped', () => {
  for (const length of [0, 1, 63, 64, 150, 5_000]) {
    const seed = kernelRandom(32);
    const [quick, ordinary] = [ed25519Signer(seed), openSslSigner(seed)];
    seed.fill(0);
    const message = kernelRandom(length);
    expect(quick.publicKey).toEqual(ordinary.publicKey);
    expect(quick.sign(message)).toEqual(ordinary.sign(message));
  }
});

test.each([0, 31, 33, 64])('a seed of %i bytes is refused', (length) => {
  expect(() => ed25519Signer(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_UNSUITABLE' }));
});
