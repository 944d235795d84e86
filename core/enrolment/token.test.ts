import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatToken, namesAuthority, parseToken } from './token.ts';

const secretBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
const hashBytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

test('a token reads back and names its authority and no other', () => {
  fc.assert(
    fc.property(secretBytes, hashBytes, hashBytes, (secret, hash, other) => {
      const typed = formatToken(secret, hash);
      expect(typed).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){7}[0-9A-HJKMNP-TV-Z]{4}$/);
      const token = parseToken(typed);
      expect(namesAuthority(token, hash)).toBe(true);
      const same70Bits =
        Buffer.from(hash).subarray(0, 8).equals(Buffer.from(other).subarray(0, 8)) && ((hash[8] ?? 0) ^ (other[8] ?? 0)) < 4;
      expect(namesAuthority(token, other)).toBe(same70Bits);
      expect(parseToken(typed.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l'))).toEqual(token);
    }),
  );
});

test('every mistake in one or two characters and every transposition is found', () => {
  const position = fc.integer({ min: 0, max: 31 });
  const shift = fc.integer({ min: 1, max: 31 });
  fc.assert(
    fc.property(secretBytes, hashBytes, position, position, shift, shift, (secret, hash, at, at2, by, by2) => {
      const whole = formatToken(secret, hash).replaceAll('-', '');
      const change = (text: string, index: number, step: number): string =>
        text.slice(0, index) + ALPHABET.charAt((ALPHABET.indexOf(text.charAt(index)) + step) % 32) + text.slice(index + 1);
      expect(() => parseToken(change(whole, at, by))).toThrow(/Type it again/);
      if (at !== at2) expect(() => parseToken(change(change(whole, at, by), at2, by2))).toThrow(/Type it again/);
      const [a, b] = [whole.charAt(at), whole.charAt((at + 1) % 32)];
      if (a !== b && at < 31) expect(() => parseToken(whole.slice(0, at) + b + a + whole.slice(at + 2))).toThrow(/Type it again/);
    }),
    { numRuns: 500 },
  );
});

test.each(['', 'ABCD', 'UUUU-UUUU-UUUU-UUUU-UUUU-UUUU-UUUU-UUUU', '0'.repeat(33), 'é'.repeat(32)])('%j is no token', (typed) => {
  expect(() => parseToken(typed)).toThrow(expect.objectContaining({ code: 'ENROL_TOKEN_MALFORMED' }));
});
