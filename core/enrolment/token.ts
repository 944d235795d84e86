/**
 * The enrolment token as a person reads it aloud: 8 groups of 4 Crockford base32 characters. It owns the code and its
 * check symbols; it must never log, store or compare a secret.
 *
 * 16 characters secret (80 bits), 14 characters of the server CA's key fingerprint (70 bits), 2 check symbols.
 */
import { WardlockError } from '../errors/index.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SECRET_LENGTH = 16;
const FINGERPRINT_LENGTH = 14;
const DATA_LENGTH = SECRET_LENGTH + FINGERPRINT_LENGTH;
const TOKEN_LENGTH = DATA_LENGTH + 2;
/** GF(32) by x^5 + x^2 + 1; 2 generates its 31 non-zero elements. */
const FIELD_POLYNOMIAL = 0b100101;

export interface EnrolmentToken {
  /** 16 characters of Crockford base32: 80 bits. */
  readonly secret: string;
  /** The first 70 bits of SHA-256 over the CA key's SubjectPublicKeyInfo, as 14 characters. */
  readonly caFingerprint: string;
}

/** Writes a token. `secret` is 10 random bytes, `caSpkiSha256` is SHA-256 of the CA's SubjectPublicKeyInfo (DER). */
export function formatToken(secret: Uint8Array, caSpkiSha256: Uint8Array): string {
  if (secret.length * 8 !== SECRET_LENGTH * 5 || caSpkiSha256.length !== 32)
    throw new TypeError('10 bytes of secret and 32 of fingerprint');
  const data = base32(secret, SECRET_LENGTH) + base32(caSpkiSha256, FINGERPRINT_LENGTH);
  const whole = data + checkSymbols(data);
  return whole.match(/.{4}/g)?.join('-') ?? whole;
}

/**
 * Reads a token as typed: case, spaces, hyphens and the letters O, I, L are forgiven (Crockford). The two check symbols
 * find every one- or two-character mistake and every transposition.
 * @throws WardlockError ENROL_TOKEN_MALFORMED
 */
export function parseToken(typed: string): EnrolmentToken {
  const whole = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  const data = whole.slice(0, DATA_LENGTH);
  const readable = whole.length === TOKEN_LENGTH && [...whole].every((character) => ALPHABET.includes(character));
  if (!readable || checkSymbols(data) !== whole.slice(DATA_LENGTH)) throw new WardlockError('ENROL_TOKEN_MALFORMED');
  return { secret: data.slice(0, SECRET_LENGTH), caFingerprint: data.slice(SECRET_LENGTH) };
}

/** Whether the key whose SubjectPublicKeyInfo hashes to `caSpkiSha256` is the one that the token names. */
export function namesAuthority(token: EnrolmentToken, caSpkiSha256: Uint8Array): boolean {
  return caSpkiSha256.length === 32 && base32(caSpkiSha256, FINGERPRINT_LENGTH) === token.caFingerprint;
}

function base32(bytes: Uint8Array, characters: number): string {
  let out = '';
  for (let i = 0; i < characters; i++) {
    const bit = i * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    out += ALPHABET.charAt((pair >> (11 - (bit & 7))) & 31);
  }
  return out;
}

/** Two Reed-Solomon sums over GF(32), of d(i) and of 2^i * d(i): distance 3, so any two wrong characters are found. */
function checkSymbols(data: string): string {
  let plain = 0;
  let weighted = 0;
  for (let i = data.length - 1; i >= 0; i--) {
    const digit = ALPHABET.indexOf(data.charAt(i));
    plain ^= digit;
    weighted = double(weighted) ^ digit;
  }
  return ALPHABET.charAt(plain) + ALPHABET.charAt(weighted);
}

function double(element: number): number {
  const shifted = element << 1;
  return shifted & 32 ? shifted ^ FIELD_POLYNOMIAL : shifted;
}
