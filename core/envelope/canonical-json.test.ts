import fc from 'fast-check';
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

test.each(['{"1":0,"a":"\\ud800"}', '{"1":0,"\\udfff":1}', '{"1":[0.5]}', '{"__proto__":0,"b":1.5}'])('%s is refused as well', (text) => {
  expect(() => canonicalJson(JSON.parse(text))).toThrow(TypeError);
});

test('keys that JavaScript orders by number, and those it takes for a prototype, keep their place', () => {
  const text = '{"-":0,"10":{"2":[],"a":1},"9":[{"__proto__":null,"b":2}],"a":-0}';
  expect(canonicalJson(JSON.parse(text))).toBe(text.replace('-0', '0'));
});

test('any document: keys in order, nothing lost, the same for any order that it was made in', () => {
  const document = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 3 }), fc.nat(20).map(String)), tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  fc.assert(
    fc.property(document, (value) => {
      const read = JSON.parse(JSON.stringify(value));
      const text = canonicalJson(read);
      expect(JSON.parse(text)).toEqual(read);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(canonicalJson(backwards(read))).toBe(text);
      expect(text).toBe(reference(read));
    }),
  );
});

/** The same document, each object made in the opposite order. */
function backwards(value: unknown): never {
  if (Array.isArray(value)) return value.map(backwards) as never;
  if (typeof value !== 'object' || value === null) return value as never;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, backwards(inner)]),
  ) as never;
}

/** RFC 8785 as its section 3.2 says it. */
function reference(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(reference).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${reference(inner)}`).join(',')}}`;
}
