/** Both ways to sign give the same bytes, since Ed25519 is deterministic, and both ways to check take the same signatures. */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { VECTORS_NEEDED, vectorsPresent, vectorText } from '../test/audit/vectors.ts';
import { ed25519Signer, ed25519Verifier, openSslSigner, openSslVerifier } from './ed25519.ts';
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

test('what a seat signed is taken, and no altered signature, message or key, by either way to ask', async () => {
  const signer = ed25519Signer(kernelRandom(32));
  const other = ed25519Verifier(ed25519Signer(kernelRandom(32)).publicKey);
  const [message, verifier] = [kernelRandom(150), ed25519Verifier(signer.publicKey)];
  const signature = signer.sign(message);
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  const asked = async (by: typeof verifier, ...[what, signed]: [Uint8Array, Uint8Array]): Promise<readonly boolean[]> => [
    by.verify(what, signed),
    await by.verifyAside(what, signed),
  ];
  expect(await asked(verifier, message, signature)).toEqual([true, true]);
  for (const at of [0, 31, 32, 63]) expect(await asked(verifier, message, flipped(signature, at))).toEqual([false, false]);
  for (const length of [0, 63, 65]) expect(await asked(verifier, message, new Uint8Array(length))).toEqual([false, false]);
  expect(await asked(verifier, flipped(message, 149), signature)).toEqual([false, false]);
  expect(await asked(other, message, signature)).toEqual([false, false]);
});

test('a verifier keeps its key, whatever becomes of the bytes that it was given', () => {
  const { publicKey, sign } = ed25519Signer(kernelRandom(32));
  const [message, given] = [kernelRandom(10), Uint8Array.from(publicKey)];
  const verifiers = [ed25519Verifier(given), openSslVerifier(given)];
  given.fill(7);
  expect(verifiers.map((verifier) => verifier.verify(message, sign(message)))).toEqual([true, true]);
});

test.skipIf(!vectorsPresent)(`odd encodings of CCTV are judged as OpenSSL alone judges them ${VECTORS_NEEDED}`, async () => {
  const Vector = Type.Object({
    key: Type.String(),
    sig: Type.String(),
    msg: Type.String(),
    flags: Type.Union([Type.Null(), Type.Array(Type.String())]),
  });
  const vectors = Value.Parse(Type.Array(Vector), JSON.parse(vectorText('cctv/ed25519vectors.json')));
  let taken = 0;
  for (const { key, sig, msg, flags } of vectors) {
    if (flags?.includes('low_order_A') === true || flags?.includes('non_canonical_A') === true) continue;
    const [message, signature] = [Buffer.from(msg), Buffer.from(sig, 'hex')];
    const [either, openSsl] = [ed25519Verifier(Buffer.from(key, 'hex')), openSslVerifier(Buffer.from(key, 'hex'))];
    const expected = openSsl.verify(message, signature);
    expect(either.verify(message, signature)).toBe(expected);
    expect(await either.verifyAside(message, signature)).toBe(expected);
    if (expected) taken += 1;
  }
  expect(taken).toBeGreaterThan(0);
});
