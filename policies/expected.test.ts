/** People who write a policy are shown no regular expression: each pattern of the schema has a sentence, and its example fits. */
import { expect, test } from 'vitest';
import { EXPECTED } from './expected.ts';
import { jsonSchemaText } from './json-schema.ts';
import { misfits } from './misfits.ts';
import { PolicyDocument } from './schema.ts';

function* patternsOf(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'pattern' && typeof inner === 'string') yield inner;
    else yield* patternsOf(inner);
  }
}

test('every pattern of the schema has its sentence, and no other has one', () => {
  const patterns = new Set(patternsOf(JSON.parse(jsonSchemaText())));
  expect([...EXPECTED.keys()].sort()).toEqual([...patterns].sort());
});

test.each([...EXPECTED])('%s is told in words, with an example that fits', (pattern, sentence) => {
  expect(sentence).toMatch(/^Must be .*\.$/);
  expect(sentence).not.toContain('^');
  const example = /such as (\S+)\.$/.exec(sentence)?.[1];
  if (example !== undefined) expect(example).toMatch(new RegExp(pattern, 'u'));
});

test.each([
  [{ issuedAt: '2030-01-01T00:00:00+01:00' }, 'Must be a date and time in UTC'],
  [{ issuedAt: '2030-01-01 00:00:00' }, 'such as 2026-03-01T02:00:00Z.'],
  [{ tenant: 'St Anna' }, 'no spaces'],
  [{ schema: 'wardlock-policy/2' }, 'Must be "wardlock-policy/1".'],
  [{ rules: [{ id: 'r', effect: 'deny', contents: ['ABC'] }] }, 'as sha256sum prints it'],
  [{ rules: [{ id: 'r', effect: 'deny', paths: ['usr/bin/env'] }] }, 'Must be an absolute path'],
  [{ rules: [{ id: 'r', effect: 'deny', between: { from: '22:00', until: '24:00' } }] }, 'midnight is 00:00'],
])('%j is told so', (change, sentence) => {
  const found = [...misfits(PolicyDocument, change)].map(({ message }) => message);
  expect(found).toContainEqual(expect.stringContaining(sentence));
  expect(found.join('\n')).not.toMatch(/pattern|constant/);
});
