/** Refusals of requests that do not fit: which field, and what is expected, without a regular expression or a value. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AcknowledgeAlarm, EventQuery, ExportQuery, SessionQuery, SignIn } from '../../contract/console-api.ts';
import { CloseEmergency } from '../../contract/emergencies.ts';
import { Envelope, Report } from '../../contract/seat-api.ts';
import { EXPECTED } from '../../policies/expected.ts';
import { FORMS, misfitInWords } from './misfit-words.ts';

const SECRET = 'Smith^Anna';

test.each([
  [SignIn, {}, 'body', 'Missing in the body: name, password.'],
  [SignIn, undefined, 'body', 'The body must be an object: { }.'],
  [SignIn, { name: 5, password: SECRET }, 'body', '"name" of the body must be a text, in quotes.'],
  [SignIn, { name: 'iris', password: 'x', pasword: SECRET }, 'body', 'Unknown field in the body: pasword. Check the spelling.'],
  [SessionQuery, { person: SECRET }, 'querystring', '"person" of the query must be 1 to 64 letters'],
  [
    EventQuery,
    { from: '2026-03-01' },
    'querystring',
    '"from" of the query must be a date and time in UTC, with T between them and Z at the end, such as 2026-03-01T02:00:00Z.',
  ],
  [EventQuery, { from: '2026-02-30T00:00:00Z' }, 'querystring', '"from" of the query must be a date and time that exist.'],
  [EventQuery, { limit: '900' }, 'querystring', '"limit" of the query must be a whole number from 1 to 200.'],
  [EventQuery, { outcome: SECRET }, 'querystring', '"outcome" of the query must be one of: "success", "minor", "serious", "major".'],
  [EventQuery, { after: SECRET }, 'querystring', '"after" of the query must be what the page before gave as next, unchanged.'],
  [ExportQuery, { seat: '' }, 'querystring', 'Missing in the query: from, to.'],
  [AcknowledgeAlarm, { times: -1 }, 'body', '"times" of the body must be 0 or more.'],
  [
    CloseEmergency,
    { finding: 'fine', note: '' },
    'body',
    '"finding" of the body must be one of: "justified", "not-justified", "cannot-tell".',
  ],
  [Envelope, { payloadType: 'x', payload: '', signatures: [{ keyid: SECRET }] }, 'body', 'Missing in "signatures.0" of the body: sig.'],
  [Report, { kind: 'x', version: 1, outcome: 'applied', code: null, message: null }, 'body', '"kind" of the body must be one of:'],
] as const)('%#: what is wrong is said', (schema, value, part, words) => {
  const said = misfitInWords(schema, value, part);
  expect(said).toContain(words);
  expect(said).toMatch(/^.{1,380}$/u);
  expect(said).not.toMatch(/[$^\\]|pattern|schema/);
  expect(said).not.toContain(SECRET);
});

function* patternsOf(value: unknown, isAsked = false): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'pattern' && typeof inner === 'string') {
      if (isAsked) yield inner;
    } else yield* patternsOf(inner, isAsked || key === 'parameters' || key === 'requestBody');
  }
}

test('every form that either listener asks for is told in words', () => {
  const apis = ['console', 'seats'].map((name) => readFileSync(join(import.meta.dirname, `../../docs/openapi/${name}.json`), 'utf8'));
  const patterns = new Set(apis.flatMap((text) => [...patternsOf(JSON.parse(text))]));
  expect(patterns.size).toBeGreaterThan(10);
  expect([...patterns].filter((pattern) => !FORMS.has(pattern) && !EXPECTED.has(pattern))).toEqual([]);
});

test.each([...FORMS])('%s is told as a sentence', (_pattern, sentence) => {
  expect(sentence).toMatch(/^Must be .*\.$/);
});
