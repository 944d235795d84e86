import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('keys are sorted by code units at every depth and nothing is padded', () => {
  expect(canonicalJson({ b: [1, { z: null, a: true }], a: 'x', '€': 1, '\r': 2 })).toBe(
    '{"\\r":2,"a":"x","b":[1,{"a":true,"z":null}],"€":1}',
  );
});

test('escapes are those of RFC 8785', () => {
  expect(canonicalJson('\u000f\u2028"\\/\n')).toBe('"\\u000f\u2028\\"\\\\/\\n"');
});

test.each([1.5, Number.NaN, 2 ** 53, '\ud800'])('%s has no canonical form here and is refused', (value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
});
