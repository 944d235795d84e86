/**
 * AES-256-GCM by Node's own OpenSSL: a cipher object of node:crypto for each nonce costs ten times what sealing an entry does. Owns one context for sealing, one for opening and the memory between them,
 * per thread; no key stays in them once another one is made.
 * Where it can't be had, or fails its test, node-gcm.ts does the same.
 */
import type { KeyObject } from 'node:crypto';
import { WardlockError } from '../../core/errors/index.ts';
import { offHeap } from '../off-heap.ts';
import { ADDRESS, bound, type Call, fixedMemory } from './bound.ts';

const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/** Most bytes of associated data and text together; an entry has at most some 16 KiB. What is larger goes the ordinary way. */
export const ROOM_BYTES = 32 * 1024;
/** EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG of openssl/evp.h. */
const GET_TAG = 0x10;
const SET_TAG = 0x11;

/** Where things lie in the memory that OpenSSL is given. `OUT` has room for the text and what OpenSSL may add to it. */
const KEY_AT = 0;
const NONCE_AT = KEY_AT + KEY_BYTES;
const LENGTH_AT = 64;
const IN_AT = 128;
const OUT_AT = IN_AT + ROOM_BYTES;
const MEMORY_BYTES = OUT_AT + ROOM_BYTES + 64;

interface Functions {
  readonly newContext: Call;
  readonly reset: Call;
  readonly cipher: Call;
  readonly init: Call;
  readonly update: Call;
  readonly final: Call;
  readonly control: Call;
}

/** What is not secret: the nonce, of 12 bytes, and the associated data. */
interface Public {
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

export interface NativeGcm {
  /** Ciphertext and tag. */
  seal(key: KeyObject, beside: Public, plaintext: Uint8Array): Uint8Array;
  /** Writes them into a record from `begin` on: what is before is the associated data, its last 12 bytes the nonce. */
  sealRecord(key: KeyObject, record: Uint8Array, begin: number, plaintext: Uint8Array): void;
  /** `undefined` when the tag does not match. */
  open(key: KeyObject, beside: Public, sealed: Uint8Array): Uint8Array | undefined;
  /** Takes every key out of the contexts. */
  forget(): void;
}

/** Binds the functions; throws where this runtime does not export them, as Electron does not. */
export function nativeGcm(): NativeGcm {
  const { newContext, reset, cipher, init, update, final, control } = bind();
  const { memory, base } = fixedMemory(MEMORY_BYTES);
  const algorithm = Number(cipher());
  const sides = { open: Number(newContext()), seal: Number(newContext()) };
  if (algorithm === 0 || sides.open === 0 || sides.seal === 0) throw unavailable('gave no context');
  const loaded: { open: KeyObject | undefined; seal: KeyObject | undefined } = { open: undefined, seal: undefined };

  const must = (result: unknown): void => {
    if (result !== 1) throw unavailable('refused a call');
  };
  const load = (side: 'open' | 'seal', key: KeyObject): void => {
    const raw = key.export();
    memory.set(raw, KEY_AT);
    raw.fill(0);
    try {
      must(init(sides[side], algorithm, 0, base + KEY_AT, 0, side === 'seal' ? 1 : 0));
      loaded[side] = key;
    } finally {
      memory.fill(0, KEY_AT, KEY_AT + KEY_BYTES);
    }
  };
  /** Key, nonce and associated data, which are in memory; answers where the text goes. */
  const begin = (side: 'open' | 'seal', key: KeyObject, nonceAt: number, aadBytes: number): number => {
    if (loaded[side] !== key) load(side, key);
    must(init(sides[side], 0, 0, 0, base + nonceAt, side === 'seal' ? 1 : 0));
    if (aadBytes > 0) must(update(sides[side], 0, base + LENGTH_AT, base + IN_AT, aadBytes));
    return IN_AT + aadBytes;
  };
  const beginBeside = (side: 'open' | 'seal', key: KeyObject, { nonce, aad }: Public): number => {
    memory.set(nonce, NONCE_AT);
    memory.set(aad, IN_AT);
    return begin(side, key, NONCE_AT, aad.length);
  };
  const crypt = (context: number, at: number, length: number): void => {
    if (length > 0) must(update(context, base + OUT_AT, base + LENGTH_AT, base + at, length));
  };
  /** An event in clear stays nowhere. */
  const wipe = (end: number, length: number): void => {
    memory.fill(0, IN_AT, end);
    memory.fill(0, OUT_AT, OUT_AT + length);
  };
  /** Entries have few lengths: the part of the memory that holds a result of the last one. */
  let result = memory.subarray(OUT_AT, OUT_AT);
  /** `take` gets ciphertext and tag where they lie. */
  const sealAt = (at: number, plaintext: Uint8Array, take: (sealed: Uint8Array) => void): void => {
    const { length } = plaintext;
    memory.set(plaintext, at);
    try {
      crypt(sides.seal, at, length);
      must(final(sides.seal, base + OUT_AT + length, base + LENGTH_AT));
      must(control(sides.seal, GET_TAG, TAG_BYTES, base + OUT_AT + length));
      if (result.length !== length + TAG_BYTES) result = memory.subarray(OUT_AT, OUT_AT + length + TAG_BYTES);
      take(result);
    } finally {
      wipe(at + length, length);
    }
  };

  return {
    seal(key, beside, plaintext) {
      const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
      sealAt(beginBeside('seal', key, beside), plaintext, (found) => sealed.set(found));
      return sealed;
    },
    sealRecord(key, record, textAt, plaintext) {
      memory.set(record, IN_AT);
      sealAt(begin('seal', key, IN_AT + textAt - NONCE_BYTES, textAt), plaintext, (found) => record.set(found, textAt));
    },
    open(key, beside, sealed) {
      const length = sealed.length - TAG_BYTES;
      const at = beginBeside('open', key, beside);
      memory.set(sealed, at);
      try {
        crypt(sides.open, at, length);
        must(control(sides.open, SET_TAG, TAG_BYTES, base + at + length));
        if (final(sides.open, base + OUT_AT + length, base + LENGTH_AT) !== 1) return undefined;
        // In memory of its own: it may be a key, and must not live as long as what happens to lie beside it.
        const text = offHeap(length);
        text.set(memory.subarray(OUT_AT, OUT_AT + length));
        return text;
      } finally {
        wipe(at + length, length);
      }
    },
    forget() {
      for (const side of ['open', 'seal'] as const) {
        if (loaded[side] === undefined) continue;
        loaded[side] = undefined;
        must(reset(sides[side]));
      }
    },
  };
}

function bind(): Functions {
  return {
    newContext: bound(`${ADDRESS} EVP_CIPHER_CTX_new()`),
    reset: bound(`int EVP_CIPHER_CTX_reset(${ADDRESS} context)`),
    cipher: bound(`${ADDRESS} EVP_aes_256_gcm()`),
    init: bound(
      `int EVP_CipherInit_ex(${ADDRESS} context, ${ADDRESS} cipher, ${ADDRESS} engine, ${ADDRESS} key, ${ADDRESS} nonce, int sealing)`,
    ),
    update: bound(`int EVP_CipherUpdate(${ADDRESS} context, ${ADDRESS} out, ${ADDRESS} written, ${ADDRESS} in, int length)`),
    final: bound(`int EVP_CipherFinal_ex(${ADDRESS} context, ${ADDRESS} out, ${ADDRESS} written)`),
    control: bound(`int EVP_CIPHER_CTX_ctrl(${ADDRESS} context, int what, int length, ${ADDRESS} value)`),
  };
}

function unavailable(what: string): WardlockError {
  return new WardlockError('AUDIT_KEYS_UNAVAILABLE', `OpenSSL's AES-256-GCM ${what}.`);
}
