/**
 * The ports of core/audit on node:crypto, shared by agent, server and command line. Owns handles to keys; must never log
 * or export one. May import core and nothing else of the project.
 */
import { hkdfSync } from 'node:crypto';
import type { AeadKey, AuditCrypto, MacKey } from '../core/audit/crypto.ts';
import { WardlockError } from '../core/errors/index.ts';
import { gcmKey } from './aes-gcm.ts';
import { ed25519Signer, ed25519Verifier } from './ed25519.ts';
import { hpkeOpen, hpkeSeal } from './hpke.ts';
import { rawPublicKey, x25519PrivateKey } from './keys.ts';
import { kernelRandom } from './random.ts';
import { sha256, sha256Into } from './sha256.ts';

export { hpkeOpen, hpkeSeal } from './hpke.ts';
export { kernelRandom } from './random.ts';

const KEY_BYTES = 32;
const HASH_BYTES = 32;
/** RFC 2104 for SHA-256. */
const HMAC_BLOCK_BYTES = 64;
const HMAC_INNER = 0x36;
const HMAC_OUTER = 0x5c;
const MAC_SCRATCH_BYTES = 1024;

export const nodeCrypto: AuditCrypto = {
  sha256,
  sha256Into,
  hkdf: (ikm, salt, info) => new Uint8Array(hkdfSync('sha256', ikm, salt, info, KEY_BYTES)),
  aeadKey,
  macKey,
  verifier: ed25519Verifier,
  signer: ed25519Signer,
  hpkeSeal,
  hpkeOpen,
  hpkePublicKey: (privateKey) => rawPublicKey(x25519PrivateKey(privateKey)),
  random: kernelRandom,
};

function aeadKey(raw: Uint8Array): AeadKey {
  checkSecret(raw);
  return gcmKey(raw);
}

/**
 * HMAC over two one-shot hashes: half the time of a Hmac object. Its pads stay in the JavaScript heap; the only such key
 * here makes nonces together with fresh bytes, and opens nothing.
 */
function macKey(raw: Uint8Array): MacKey {
  checkSecret(raw);
  // The caller wipes `raw`: nothing below may read it later.
  const padded = (filler: number, room: number): Uint8Array => {
    const block = new Uint8Array(HMAC_BLOCK_BYTES + room).fill(filler, 0, HMAC_BLOCK_BYTES);
    for (const [at, byte] of raw.entries()) block[at] = byte ^ filler;
    return block;
  };
  const outer = padded(HMAC_OUTER, HASH_BYTES);
  let inner = padded(HMAC_INNER, MAC_SCRATCH_BYTES);
  const macInto: MacKey['macInto'] = (into, ...parts) => {
    let end = HMAC_BLOCK_BYTES;
    for (const part of parts) end += part.length;
    if (end > inner.length) inner = grown(inner, end);
    end = HMAC_BLOCK_BYTES;
    for (const part of parts) {
      inner.set(part, end);
      end += part.length;
    }
    sha256Into(inner.subarray(0, end), outer, HMAC_BLOCK_BYTES);
    // Parts of it were an event in clear.
    inner.fill(0, HMAC_BLOCK_BYTES, end);
    sha256Into(outer, into, 0);
  };
  return {
    macInto,
    mac(...parts) {
      const mac = new Uint8Array(HASH_BYTES);
      macInto(mac, ...parts);
      return mac;
    },
  };
}

/** The same pad with more room behind it. */
function grown(pad: Uint8Array, bytes: number): Uint8Array {
  const block = new Uint8Array(bytes);
  block.set(pad.subarray(0, HMAC_BLOCK_BYTES));
  pad.fill(0);
  return block;
}

function checkSecret(raw: Uint8Array): void {
  if (raw.length !== KEY_BYTES) throw new WardlockError('AUDIT_KEY_UNSUITABLE', `Expected a secret key of 32 bytes, got ${raw.length}.`);
}
