/** The published JSON Schema of policy files is the one that seats check by. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { jsonSchemaText } from '../../policies/json-schema.ts';
import { testPolicy } from '../support/policy.ts';

const good = testPolicy(1, { reader: 'AAAA', escrow: 'BBBB' });
const published = readFileSync(join(import.meta.dirname, '../../policies/wardlock-policy.schema.json'), 'utf8');

// The formatter may break its lines elsewhere.
test('policies/wardlock-policy.schema.json is fresh: npm run -s cli -- policy schema > policies/wardlock-policy.schema.json', () =>
  expect(JSON.parse(published)).toEqual(JSON.parse(jsonSchemaText())));

test('as plain JSON it takes a good policy and refuses a misspelt one', () => {
  const { check } = checkerOf(published);
  expect(check(good)).toBe(true);
  expect(check({ ...good, helpdesks: 'x' })).toBe(false);
  expect(check({ ...good, rules: [{ id: 'r', effect: 'perhaps' }] })).toBe(false);
});

function checkerOf(text: string): { check(value: unknown): boolean } {
  const schema: unknown = JSON.parse(text);
  const compiled = Compile(Type.Unsafe(typeof schema === 'object' && schema !== null ? schema : {}));
  return { check: (value) => compiled.Check(value) };
}
