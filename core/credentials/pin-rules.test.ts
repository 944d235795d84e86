/** PINs that nobody may choose, and that enough are left to choose from. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pinWeakness } from './pin-rules.ts';

test.each([
  ['12345', 'short'],
  ['12a456', 'form'],
  ['', 'form'],
  ['1234567890123', 'form'],
  ['111111', 'repeat'],
  ['121212', 'repeat'],
  ['112112', 'repeat'],
  ['112233', 'repeat'],
  ['110100', 'repeat'],
  ['123456', 'sequence'],
  ['654321', 'sequence'],
  ['890123', 'sequence'],
  ['241285', 'date'],
  ['122485', 'date'],
  ['851224', 'date'],
  ['290200', 'date'],
  ['24121985', 'date'],
  ['19851224', 'date'],
  ['147258', 'common'],
  ['246810', 'common'],
] as const)('%s is refused as %s', (pin, why) => {
  expect(pinWeakness(pin, 6)).toBe(why);
});

test.each(['271828', '314159', '161803', '805917', '19851332', '40718263', '930281754612'])('%s is taken', (pin) => {
  expect(pinWeakness(pin, 6)).toBeNull();
});

test('four digits are judged by the same rules', () => {
  expect(['1985', '2412', '1224', '1111', '1212', '2345', '2580'].map((pin) => pinWeakness(pin, 4))).toEqual([
    'date',
    'date',
    'date',
    'repeat',
    'repeat',
    'sequence',
    'common',
  ]);
  expect(pinWeakness('8073', 4)).toBeNull();
});

test('at most one PIN of eight is lost to the rules, so that guessing them away gains nothing', () => {
  let refused = 0;
  const LOOKED_AT = 50_000;
  // A prime as the step: every ending is met as often as any other.
  for (let at = 0; at < LOOKED_AT; at++) if (pinWeakness(String((at * 19) % 1_000_000).padStart(6, '0'), 6) !== null) refused += 1;
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(LOOKED_AT / 8);
});

test('nothing that anybody types makes it fail', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 12 }), (typed, least) => {
      const why = pinWeakness(typed, least);
      expect(why === null || typeof why === 'string').toBe(true);
    }),
  );
});
