/** What a person reads when a policy is wrong: the line, the column and what to do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePolicy } from './parse.ts';
import type { PolicyDocument } from './schema.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const good: PolicyDocument = {
  schema: 'wardlock-policy/1',
  tenant: 'clinic',
  version: 1,
  issuedAt: '2030-01-01T00:00:00Z',
  expiresAt: '2031-01-01T00:00:00Z',
  helpdesk: 'IT: 4711',
  recipients: [
    { id: 'auditor', role: 'reader', publicKey: key(1) },
    { id: 'vault', role: 'escrow', publicKey: key(2) },
  ],
  timers: { warnAfterSeconds: 60, warningSeconds: 20, keepSeconds: 600, maxSessionSeconds: 3600, staleAfterSeconds: 86_400 },
  pin: { minDigits: 4, maxConsecutiveFailures: 5, firstWaitSeconds: 30 },
  apps: [{ id: 'handbook', name: 'Handbook', kind: 'web', icon: 'book', url: 'https://a.example/', origins: ['https://a.example'] }],
  roles: [{ id: 'nurse', name: 'Nurse', apps: ['handbook'] }],
  breakGlass: { enabled: false, needsBadge: true, limitSeconds: 900, apps: [], reasons: [] },
};
const text = JSON.stringify(good, null, 2);
const problems = (changed: string, comments = true) => {
  const parsed = parsePolicy(changed, { comments });
  return parsed.ok ? [] : parsed.problems;
};

describe('a policy text', () => {
  test('is read with comments and trailing commas where people write it', () => {
    expect(parsePolicy(text.replace('"pin"', '// PIN rules\n  "pin"').replace(/\}$/, ',}'), { comments: true })).toEqual({
      ok: true,
      document: good,
    });
  });
  test('that is empty is called that, with blanks in it too', () => {
    for (const nothing of ['', ' \n\n'])
      expect(problems(nothing)).toMatchObject([{ message: 'The file is empty. A policy goes into it.' }]);
  });
  test('has neither where it is signed', () => {
    expect(problems(`// signed\n${text}`, false)).toMatchObject([{ line: 1, column: 1 }]);
    expect(parsePolicy(text, { comments: false }).ok).toBe(true);
  });
  test('with a misspelt field names it and its place', () => {
    const line = text.split('\n').findIndex((row) => row.includes('keepSeconds')) + 1;
    expect(problems(text.replace('"keepSeconds"', '"keepSecond"'))).toContainEqual(
      expect.objectContaining({ line, column: 5, path: '/timers/keepSecond', message: 'Unknown field: keepSecond. Check the spelling.' }),
    );
  });
  test('with a field twice names the second one', () => {
    const twice = text.replace('"tenant": "clinic",', '"tenant": "clinic",\n  "tenant": "other",');
    expect(problems(twice)).toEqual([{ line: 4, column: 3, path: '/tenant', message: 'The field tenant stands twice.', kind: 'schema' }]);
  });
  test('with a language that the screens do not speak says which they do', () => {
    const french = text.replace('"pin"', '"languages": ["de", "fr"],\n  "pin"');
    expect(problems(french)).toMatchObject([{ path: '/languages/1', column: 23, message: 'Must be one of: "en", "de".' }]);
    expect(problems(french.replace('"fr"', '"en"'))).toEqual([]);
  });
  test('with a wrong value points at the value', () => {
    const [problem] = problems(text.replace('"warningSeconds": 20', '"warningSeconds": 5'));
    const line = text.split('\n').findIndex((row) => row.includes('warningSeconds')) + 1;
    expect(problem).toMatchObject({ line, column: 23, path: '/timers/warningSeconds' });
  });
  test('with a role that names an unknown application points at the name', () => {
    const changed = text.replace('"handbook"\n', '"hand-book"\n');
    const line = changed.split('\n').findIndex((row) => row.includes('hand-book')) + 1;
    expect(problems(changed)).toMatchObject([{ line, path: '/roles/0/apps/0' }]);
  });
  test('that breaks off names the place where it does', () => {
    expect(problems(text.slice(0, 40))[0]).toMatchObject({ line: 3 });
  });
  test('that is empty, or no object, is refused', () => {
    expect(problems('')).toHaveLength(1);
    expect(problems('[]')).not.toHaveLength(0);
    expect(problems('{"__proto__": {}}')).not.toHaveLength(0);
  });
  test('with more unknown fields than anybody counts names them, each with its place', () => {
    const unknown = Array.from({ length: 60 }, (_, index) => `"extra${index}": ${index},`).join('\n  ');
    const found = problems(text.replace('{', `{\n  ${unknown}`));
    expect(found).toHaveLength(50);
    expect(found[0]).toMatchObject({ line: 2, column: 3, path: '/extra0', message: 'Unknown field: extra0. Check the spelling.' });
    expect(found.map(({ line }) => line)).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
  });
  test('with a wrong field in an application is judged by the kind of the application', () => {
    const app = (change: object, less: string[] = []) => {
      const entry = Object.entries({ ...good.apps[0], ...change }).filter(([name]) => !less.includes(name));
      return problems(JSON.stringify({ ...good, apps: [Object.fromEntries(entry)] })).map(({ path, message }) => [path, message]);
    };
    expect(app({ printer: true })).toEqual([['/apps/0/printer', 'Unknown field: printer. Check the spelling.']]);
    expect(app({ kind: 'native' })).toEqual([
      ['/apps/0', 'Missing: path, sha256, args, env, children.'],
      ['/apps/0/url', 'Unknown field: url. Check the spelling.'],
      ['/apps/0/origins', 'Unknown field: origins. Check the spelling.'],
    ]);
    const native = { kind: 'native', path: '/usr/bin/x', sha256: '0'.repeat(64), args: [], children: [] };
    expect(app({ ...native, env: { http_proxy: 'x' } }, ['url', 'origins'])).toEqual([]);
    expect(app({ ...native, env: { 'a b': 'x' } }, ['url', 'origins'])).toEqual([
      ['/apps/0/env', expect.stringContaining('letters (a to z), digits and underscores')],
    ]);
    expect(app({ ...native, env: { lower: { x: 1 } } }, ['url', 'origins'])).toEqual([['/apps/0/env/lower', 'Must be a text, in quotes.']]);
    expect(app({ kind: 'java' })).toEqual([['/apps/0/kind', 'Must be one of: native, web.']]);
    expect(app({}, ['kind'])).toEqual([['/apps/0', 'Missing: kind. It is one of: native, web.']]);
  });
  test.each([
    [{ url: 'https://b.example/' }, '/apps/0/url', 'lies outside its origins'],
    [{ url: 'http://a.example/' }, '/apps/0/url', 'lies outside its origins'],
    [{ origins: ['https://*.a.example'] }, '/apps/0/origins/0', 'can never be an origin'],
    [{ origins: ['https://a.example', 'https://me@a.example'] }, '/apps/0/origins/1', 'can never be an origin'],
    [{ patterns: ['https://b.example/**', 'https://a.example/**'] }, '/apps/0/patterns/0', 'of none of its origins'],
    [{ patterns: ['https://a.example/chart/*'] }, '/apps/0/url', 'fits none of its patterns'],
  ])('with addresses that can never be reached is refused: %j', (change, path, message) => {
    const [problem, ...more] = problems(JSON.stringify({ ...good, apps: [{ ...good.apps[0], ...change }] }, null, 2));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ path, kind: 'contradiction', message: expect.stringContaining(message) });
    expect(problem?.line).toBeGreaterThan(5);
  });
  test('with more addresses than the screens take in one message is refused', () => {
    const patterns = Array.from({ length: 100 }, (_, index) => `https://a.example/${index}/${'x'.repeat(700)}/**`);
    const apps = [{ ...good.apps[0], patterns: ['https://a.example/**', ...patterns.slice(1)] }];
    expect(problems(JSON.stringify({ ...good, apps }))).toEqual([
      expect.objectContaining({ path: '/apps', kind: 'contradiction', message: expect.stringContaining('65536 at most') }),
    ]);
  });
  test('takes addresses as a browser reads them', () => {
    const app = {
      ...good.apps[0],
      url: 'https://A.example:443/x?y',
      origins: ['HTTPS://a.example'.toLowerCase()],
      patterns: ['https://a.example/x*'],
    };
    expect(problems(JSON.stringify({ ...good, apps: [app] }))).toEqual([]);
  });
  test('that could brick a seat says so with its place', () => {
    const rules = '"rules": [{ "id": "d", "effect": "deny", "paths": ["/bin/sh"] }],\n  "breakGlass"';
    expect(problems(text.replace('"breakGlass"', rules))).toEqual([
      {
        line: expect.any(Number),
        column: 54,
        path: '/rules/0/paths/0',
        message: expect.stringContaining("denies root's shell"),
        kind: 'bricks',
      },
    ]);
  });
  test.each([
    ['[', 17],
    ['{"a":', 81],
  ])('nested without end (%s) is refused where it becomes too deep', (bracket, column) =>
    expect(problems(bracket.repeat(10_000))).toEqual([
      { line: 1, column, path: '', message: 'Nested deeper than 16 brackets: no policy is.', kind: 'syntax' },
    ]),
  );
  test('of any kind is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (any) => {
        expect(parsePolicy(any, { comments: true }).ok).toBe(false);
      }),
    );
  });
});
