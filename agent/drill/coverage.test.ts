/** Which escapes a drill answers for: each of the lists of session and of programs is played or listed by hand, none is forgotten. */
import { describe, expect, test } from 'vitest';
import { byHand } from './by-hand.ts';
import { seatAttempts, sessionAttempts } from './compose.ts';

const SESSION = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 16, 17, 18, 20, 21, 33, 43, 44, 45, 47, 48, 52, 53, 58, 59, 60, 61, 62];
const PROGRAMS = [22, 23, 25, 27, 28, 29, 31, 32, 34, 35, 36, 37, 38, 39, 40, 41, 46, 63, 64, 65, 66];

describe('the bypass drill', () => {
  test('plays each escape or says what to do by hand', () => {
    const played = [...sessionAttempts(null), ...seatAttempts(false)].map(({ escape }) => escape);
    const answered = new Set([...played, ...byHand.map(({ escape }) => escape)]);
    expect([...SESSION, ...PROGRAMS].filter((escape) => !answered.has(escape))).toEqual([]);
  });

  test('leaves out what needs a seat, with the reason, where there is none', () => {
    for (const { escape, leftOut } of [...sessionAttempts(null), ...seatAttempts(false)])
      expect(leftOut, `escape ${escape}`).toMatch(/^[A-Z].*\.$/u);
  });
});
