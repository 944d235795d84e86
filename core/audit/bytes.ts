/**
 * Byte helpers of the audit log: concatenation, comparison, hex and strict base64. Owns no meaning; must never touch
 * `Buffer`, so that the same code runs in the agent, the server, a browser and a stand-alone verifier.
 */
import { WardlockError } from '../errors/index.ts';

export const HASH_BYTES = 32;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const HEX = /^(?:[0-9a-f]{2})*$/;

/**
 * Zeroed memory for many small arrays: an ArrayBuffer for each of them costs more than sealing what is in it. Each piece is given out
 * once; a piece keeps its block alive.
 */
const BLOCK_BYTES = 32 * 1024;
let block = new Uint8Array(BLOCK_BYTES);
let taken = 0;

export function zeroed(length: number): Uint8Array {
  if (length > BLOCK_BYTES / 2) return new Uint8Array(length);
  if (taken + length > BLOCK_BYTES) {
    block = new Uint8Array(BLOCK_BYTES);
    taken = 0;
  }
  taken += length;
  return block.subarray(taken - length, taken);
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Strict UTF-8; `undefined` for bytes that are not text. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Equality of public bytes. Not constant-time: never use it on a secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += String(HEX_OF_BYTE[byte]);
  return out;
}

/** Lower-case hex only, `length` bytes; anything else is refused with AUDIT_INPUT_MALFORMED. */
export function fromHex(text: string, length: number): Uint8Array {
  if (!HEX.test(text) || text.length !== length * 2) {
    throw new WardlockError('AUDIT_INPUT_MALFORMED', `Expected ${length} bytes as lower-case hex.`);
  }
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) out[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return out;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const BASE64_CODES = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const BASE64_END = 0x3d;

/** The same text as ASCII into `into` from `at` on; answers where it ends. */
export function putBase64(bytes: Uint8Array, into: Uint8Array, at: number): number {
  let to = at;
  // Beyond the end a byte counts as zero.
  for (let from = 0; from < bytes.length; from += 3) {
    const word = (Number(bytes[from]) << 16) | (Number(bytes[from + 1]) << 8) | Number(bytes[from + 2]);
    for (let shift = 18; shift >= 0; shift -= 6) {
      into[to] = Number(BASE64_CODES[(word >>> shift) & 0x3f]);
      to += 1;
    }
  }
  for (let missing = (3 - (bytes.length % 3)) % 3; missing > 0; missing -= 1) into[to - missing] = BASE64_END;
  return to;
}

const NO_LETTER = 0xff;
/** The six bits of each ASCII code, NO_LETTER where it is none of the alphabet. */
const BASE64_BITS = new Uint8Array(128).fill(NO_LETTER);
for (const [bits, code] of BASE64_CODES.entries()) BASE64_BITS[code] = bits;

/**
 * Standard alphabet, padded, no spaces and canonical (RFC 4648 section 3.5); `undefined` for anything else. By a table: a checkpoint
 * with its proof has some twenty of them, and an expression before `atob` and a copy after it takes several times as long.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  const letters = text.length - padding;
  if (text.length % 4 !== 0) return undefined;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  let word = 0;
  let bits = 0;
  let to = 0;
  for (let at = 0; at < letters; at += 1) {
    const code = text.charCodeAt(at);
    const six = code < BASE64_BITS.length ? Number(BASE64_BITS[code]) : NO_LETTER;
    if (six === NO_LETTER) return undefined;
    word = ((word << 6) | six) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[to] = word >>> bits;
      to += 1;
    }
  }
  // Bits that fill no byte are zero: there is one text for the same bytes.
  return (word & ((1 << bits) - 1)) === 0 ? out : undefined;
}

const TWO_32 = 2 ** 32;

/** Writes an unsigned integer below 2^32 as 4 big-endian bytes. */
export function putU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** Writes an unsigned integer below 2^53 as 8 big-endian bytes; throws AUDIT_INPUT_MALFORMED for any other number. */
export function putU64(into: Uint8Array, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new WardlockError('AUDIT_INPUT_MALFORMED', 'A number of the audit log is negative or beyond 2^53.');
  }
  putU32(into, at, Math.floor(value / TWO_32));
  putU32(into, at + 4, value % TWO_32);
}

/** Reads 8 big-endian bytes; `undefined` beyond 2^53, which no honest log reaches. */
export function readU64(view: DataView, at: number): number | undefined {
  const value = view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
  return Number.isSafeInteger(value) ? value : undefined;
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** ASCII decimal without leading zeroes, below 2^53 (C2SP tlog-checkpoint); `undefined` otherwise. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
