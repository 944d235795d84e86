import { describe, expect, test } from 'vitest';
import { readingOf } from './uid.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const why = (hex: string): string => {
  const reading = readingOf(bytes(hex));
  return reading.ok ? reading.presentation.number : reading.why;
};

describe('the number of a card', () => {
  test('is its UID in upper-case hexadecimal, of every length that badges have', () => {
    for (const uid of ['01020304', '04A1B2C3D4E5F6', 'E00401000A0B0C0D', '0102030405060708090A', `${'AB'.repeat(15)}01`]) {
      expect(readingOf(bytes(`${uid}9000`))).toEqual({ ok: true, presentation: { proof: 'identifier', number: uid } });
    }
  });

  test('escape 44 locked: an overlong or a short UID is refused', () => {
    expect(why(`${'AA'.repeat(17)}9000`)).toBe('number-length');
    expect(why(`${'AA'.repeat(300)}9000`)).toBe('number-length');
    expect(why('0102039000')).toBe('number-length');
  });

  test('is none where the card refuses, says nothing, or says only zeroes', () => {
    expect(why('6A81')).toBe('no-number');
    expect(why('010203046300')).toBe('no-number');
    expect(why('9000')).toBe('no-number');
    expect(why('000000009000')).toBe('no-number');
    expect(why('FFFFFFFFFFFFFF9000')).toBe('no-number');
    expect(why('')).toBe('no-answer');
    expect(why('90')).toBe('no-answer');
  });

  test('is none where it is drawn anew each time, as telephones do', () => {
    expect(why('08A1B2C39000')).toBe('number-random');
    expect(why('08A1B2C3D4E5F69000')).toBe('08A1B2C3D4E5F6');
  });

  test('is read from where the bytes begin', () => {
    const whole = bytes('FFFF010203049000');
    expect(readingOf(whole.subarray(2))).toMatchObject({ ok: true, presentation: { number: '01020304' } });
  });
});
