/** node:crypto as this project uses it, against Wycheproof, CCTV and RFC 9180. The runtime is the one that ships: Node. */
import { diffieHellman, generateKeyPairSync } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { isX25519PublicKey } from '../core/audit/key-check.ts';
import { isWardlockError } from '../core/errors/index.ts';
import { VECTORS_NEEDED, vectorGzip, vectorsPresent, vectorText } from '../test/audit/vectors.ts';
import { HPKE_AES_128_GCM, HPKE_AES_256_GCM, hpkeOpen, hpkeSeal } from './hpke.ts';
import { nodeCrypto } from './index.ts';
import { x25519PrivateKey, x25519PublicKey } from './keys.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const asHex = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : Buffer.from(bytes).toString('hex'));
const Result = Type.Union([Type.Literal('valid'), Type.Literal('invalid'), Type.Literal('acceptable')]);

function wycheproof<T extends TSchema>(name: string, group: T): readonly Static<T>[] {
  return Value.Parse(Type.Object({ testGroups: Type.Array(group) }), JSON.parse(vectorText(`wycheproof/${name}_test.json`))).testGroups;
}

test.skipIf(!vectorsPresent)(`AES-256-GCM of Wycheproof ${VECTORS_NEEDED}`, () => {
  const Vector = Type.Object({
    tcId: Type.Number(),
    key: Type.String(),
    iv: Type.String(),
    aad: Type.String(),
    msg: Type.String(),
    ct: Type.String(),
    tag: Type.String(),
    result: Result,
  });
  let seen = 0;
  for (const group of wycheproof(
    'aes_gcm',
    Type.Object({ keySize: Type.Number(), ivSize: Type.Number(), tagSize: Type.Number(), tests: Type.Array(Vector) }),
  )) {
    if (group.keySize !== 256 || group.ivSize !== 96 || group.tagSize !== 128) continue;
    for (const { tcId, key, iv, aad, msg, ct, tag, result } of group.tests) {
      const handle = nodeCrypto.aeadKey(hex(key));
      expect(asHex(handle.open(hex(iv), hex(ct + tag), hex(aad))), `tcId ${tcId}`).toBe(result === 'valid' ? msg : undefined);
      if (result === 'valid') expect(asHex(handle.seal(hex(iv), hex(msg), hex(aad)))).toBe(ct + tag);
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(50);
});

test.skipIf(!vectorsPresent)(`Ed25519 of Wycheproof ${VECTORS_NEEDED}`, () => {
  const Vector = Type.Object({ tcId: Type.Number(), msg: Type.String(), sig: Type.String(), result: Result });
  const Group = Type.Object({ publicKey: Type.Object({ pk: Type.String() }), tests: Type.Array(Vector) });
  for (const group of wycheproof('ed25519', Group)) {
    const verifier = nodeCrypto.verifier(hex(group.publicKey.pk));
    for (const { tcId, msg, sig, result } of group.tests)
      expect(verifier.verify(hex(msg), hex(sig)), `tcId ${tcId}`).toBe(result === 'valid');
  }
});

const CctvVector = Type.Object({
  number: Type.Number(),
  key: Type.String(),
  sig: Type.String(),
  msg: Type.String(),
  flags: Type.Union([Type.Null(), Type.Array(Type.String())]),
});

const cctvVectors = () => Value.Parse(Type.Array(CctvVector), JSON.parse(vectorText('cctv/ed25519vectors.json')));

test.skipIf(!vectorsPresent)(`low-order Ed25519 keys of CCTV are refused, whatever they would verify ${VECTORS_NEEDED}`, () => {
  let refused = 0;
  for (const { number, key, flags } of cctvVectors()) {
    const mustRefuse = flags?.includes('low_order_A') === true || flags?.includes('non_canonical_A') === true;
    if (!mustRefuse) continue;
    refused += 1;
    expect(() => nodeCrypto.verifier(hex(key)), `vector ${number}`).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_UNSUITABLE' }));
  }
  expect(refused).toBeGreaterThan(300);
});

test.skipIf(!vectorsPresent)(
  `of the other edge cases of CCTV only those verify whose R is canonical, without the cofactor ${VECTORS_NEEDED}`,
  () => {
    let seen = 0;
    for (const { number, key, sig, msg, flags } of cctvVectors()) {
      const has = (flag: string): boolean => flags?.includes(flag) === true;
      if (has('low_order_A') || has('non_canonical_A')) continue;
      seen += 1;
      const refused = has('non_canonical_R') || has('low_order_residue');
      // An R of low order, which only the owner of the key can choose: node's OpenSSL refuses it, Electron's BoringSSL does not.
      if (has('low_order_R') && !refused) continue;
      const verifies = nodeCrypto.verifier(hex(key)).verify(new TextEncoder().encode(msg), hex(sig));
      expect(verifies, `vector ${number}`).toBe(!refused);
    }
    expect(seen).toBeGreaterThan(300);
  },
);

test.skipIf(!vectorsPresent)(`HKDF-SHA-256 of Wycheproof, 32 bytes ${VECTORS_NEEDED}`, () => {
  const Vector = Type.Object({
    tcId: Type.Number(),
    ikm: Type.String(),
    salt: Type.String(),
    info: Type.String(),
    size: Type.Number(),
    okm: Type.String(),
    result: Result,
  });
  let seen = 0;
  for (const { tests } of wycheproof('hkdf_sha256', Type.Object({ tests: Type.Array(Vector) }))) {
    for (const { tcId, ikm, salt, info, size, okm, result } of tests) {
      if (size < 32 || result !== 'valid') continue;
      expect(asHex(nodeCrypto.hkdf(hex(ikm), hex(salt), hex(info))), `tcId ${tcId}`).toBe(okm.slice(0, 64));
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(20);
});

test.skipIf(!vectorsPresent)(`HMAC-SHA-256 of Wycheproof with 32-byte keys ${VECTORS_NEEDED}`, () => {
  const Vector = Type.Object({ tcId: Type.Number(), key: Type.String(), msg: Type.String(), tag: Type.String(), result: Result });
  let seen = 0;
  for (const { keySize, tests } of wycheproof('hmac_sha256', Type.Object({ keySize: Type.Number(), tests: Type.Array(Vector) }))) {
    if (keySize !== 256) continue;
    for (const { tcId, key, msg, tag, result } of tests) {
      expect(asHex(nodeCrypto.macKey(hex(key)).mac(hex(msg)))?.startsWith(tag), `tcId ${tcId}`).toBe(result === 'valid');
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(20);
});

test.skipIf(!vectorsPresent)(`X25519 public keys of Wycheproof that lead to a zero secret are refused ${VECTORS_NEEDED}`, () => {
  const Vector = Type.Object({ tcId: Type.Number(), public: Type.String(), shared: Type.String(), flags: Type.Array(Type.String()) });
  let refused = 0;
  for (const { tests } of wycheproof('x25519', Type.Object({ tests: Type.Array(Vector) }))) {
    for (const { tcId, public: key, shared } of tests) {
      if (!/^0+$/.test(shared)) continue;
      refused += 1;
      const attempt = () => nodeCrypto.hpkeSeal(hex(key), hex('00'), { info: hex(''), aad: hex('') });
      expect(attempt, `tcId ${tcId}`).toThrow(expect.objectContaining({ code: 'AUDIT_KEY_UNSUITABLE' }));
    }
  }
  expect(refused).toBeGreaterThan(5);
});

test.skipIf(!vectorsPresent)(`X25519 of Wycheproof: the shared secret of every other public key that is taken ${VECTORS_NEEDED}`, () => {
  const Vector = Type.Object({
    tcId: Type.Number(),
    public: Type.String(),
    private: Type.String(),
    shared: Type.String(),
    flags: Type.Array(Type.String()),
  });
  let seen = 0;
  for (const { tests } of wycheproof('x25519', Type.Object({ tests: Type.Array(Vector) }))) {
    for (const { tcId, public: theirs, private: ours, shared, flags } of tests) {
      if (/^0+$/.test(shared)) continue;
      if (!isX25519PublicKey(hex(theirs))) {
        expect(flags, `tcId ${tcId}`).toContain('NonCanonicalPublic');
        continue;
      }
      seen += 1;
      const secret = diffieHellman({ privateKey: x25519PrivateKey(hex(ours)), publicKey: x25519PublicKey(hex(theirs)) });
      expect(asHex(secret), `tcId ${tcId}`).toBe(shared);
    }
  }
  expect(seen).toBeGreaterThan(400);
});

test.skipIf(!vectorsPresent)(`HPKE base mode of RFC 9180, X25519 with both AES-GCM suites ${VECTORS_NEEDED}`, () => {
  const Encryption = Type.Object({ aad: Type.String(), ct: Type.String(), pt: Type.String() });
  const Vector = Type.Object({
    mode: Type.Number(),
    kem_id: Type.Number(),
    kdf_id: Type.Number(),
    aead_id: Type.Number(),
    info: Type.String(),
    skRm: Type.String(),
    skEm: Type.Optional(Type.String()),
    pkRm: Type.String(),
    enc: Type.String(),
    encryptions: Type.Array(Encryption),
  });
  const all = Value.Parse(Type.Array(Vector), JSON.parse(vectorGzip('circl/vectors_rfc9180_5f503c5.json.gz')));
  const ours = all.filter((vector) => vector.mode === 0 && vector.kem_id === 0x20 && vector.kdf_id === 1 && vector.aead_id <= 2);
  expect(ours.map((vector) => vector.aead_id).sort()).toEqual([1, 2]);
  for (const { aead_id, info, skRm, skEm = '', pkRm, enc, encryptions } of ours) {
    const aead = aead_id === 1 ? HPKE_AES_128_GCM : HPKE_AES_256_GCM;
    const [first] = encryptions;
    if (first === undefined) throw new RangeError('a vector without encryptions');
    const context = { info: hex(info), aad: hex(first.aad) };
    const sealed = hpkeSeal(hex(pkRm), hex(first.pt), context, { aead, ephemeral: x25519PrivateKey(hex(skEm)) });
    expect({ enc: asHex(sealed.enc), ct: asHex(sealed.ciphertext) }).toEqual({ enc, ct: first.ct });
    expect(asHex(hpkeOpen(hex(skRm), sealed, context, aead))).toBe(first.pt);
    // Single shot only, and nothing is exported: a message of any other sequence number is none of ours.
    for (const { aad, ct } of encryptions.slice(1)) {
      const later = { enc: hex(enc), ciphertext: hex(ct) };
      expect(hpkeOpen(hex(skRm), later, { info: hex(info), aad: hex(aad) }, aead)).toBeUndefined();
    }
    expect(encryptions.length).toBeGreaterThan(200);
  }
});

test('HPKE agrees with @hpke/core in both directions', async () => {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const secret = nodeCrypto.random(32);
  const context = { info: nodeCrypto.random(40), aad: nodeCrypto.random(70) };
  const keys = await suite.kem.importKey('raw', exact(secret), false);
  const publicKey = await suite.kem.importKey('raw', exact(nodeCrypto.hpkePublicKey(secret)));
  const plaintext = nodeCrypto.random(32);
  const ours = nodeCrypto.hpkeSeal(nodeCrypto.hpkePublicKey(secret), plaintext, context);
  const opener = await suite.createRecipientContext({ recipientKey: keys, enc: exact(ours.enc), info: exact(context.info) });
  expect(new Uint8Array(await opener.open(exact(ours.ciphertext), exact(context.aad)))).toEqual(plaintext);
  const sealer = await suite.createSenderContext({ recipientPublicKey: publicKey, info: exact(context.info) });
  const ciphertext = new Uint8Array(await sealer.seal(exact(plaintext), exact(context.aad)));
  expect(nodeCrypto.hpkeOpen(secret, { enc: new Uint8Array(sealer.enc), ciphertext }, context)).toEqual(plaintext);
});

test('an HPKE message that was touched anywhere does not open', () => {
  const { privateKey } = generateKeyPairSync('x25519');
  expect(privateKey.asymmetricKeyType).toBe('x25519');
  const secret = nodeCrypto.random(32);
  const context = { info: hex('01'), aad: hex('02') };
  const sealed = nodeCrypto.hpkeSeal(nodeCrypto.hpkePublicKey(secret), hex('aabb'), context);
  const other = { ...sealed, ciphertext: Uint8Array.from(sealed.ciphertext, (byte, at) => (at === 0 ? byte ^ 1 : byte)) };
  expect(nodeCrypto.hpkeOpen(secret, other, context)).toBeUndefined();
  expect(nodeCrypto.hpkeOpen(secret, sealed, { ...context, aad: hex('03') })).toBeUndefined();
  expect(nodeCrypto.hpkeOpen(secret, { ...sealed, enc: new Uint8Array(32) }, context)).toBeUndefined();
  expect(nodeCrypto.hpkeOpen(secret, { ...sealed, ciphertext: hex('00') }, context)).toBeUndefined();
});

test('keys and nonces of a wrong length are refused with a code', () => {
  const codes = [
    () => nodeCrypto.aeadKey(hex('00')),
    () => nodeCrypto.macKey(hex('00')),
    () => nodeCrypto.signer(hex('00')),
    () => nodeCrypto.verifier(hex('00')),
    () => nodeCrypto.aeadKey(nodeCrypto.random(32)).seal(hex('00'), hex('00'), hex('00')),
  ].map((attempt) => {
    try {
      attempt();
      return 'nothing thrown';
    } catch (error) {
      return isWardlockError(error) ? error.code : String(error);
    }
  });
  expect(codes).toEqual([
    'AUDIT_KEY_UNSUITABLE',
    'AUDIT_KEY_UNSUITABLE',
    'AUDIT_KEY_UNSUITABLE',
    'AUDIT_KEY_UNSUITABLE',
    'AUDIT_INPUT_MALFORMED',
  ]);
});

function exact(bytes: Uint8Array): ArrayBuffer {
  const out = new ArrayBuffer(bytes.length);
  new Uint8Array(out).set(bytes);
  return out;
}
