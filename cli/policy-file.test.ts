/** What a person reads about a wrong policy names the field, in words. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testPolicy } from '../test/support/policy.ts';
import { problemInWords, readPolicy } from './policy-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'wardlock-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const good = testPolicy(1, { reader: key(1), escrow: key(2) }, { helpdesk: 'Müller: 4711' });
const written = (bytes: Uint8Array): string => {
  const path = join(folder, 'policy.json');
  writeFileSync(path, bytes);
  return path;
};

const at = (path: string) => ({ line: 1, column: 1, path, message: 'Must be string.', kind: 'schema' }) as const;

test('a problem names its field, entries counted from 1; a problem of the whole text stands alone', () => {
  expect(problemInWords(at('/roles/0/apps/2'))).toBe('roles, entry 1, apps, entry 3: Must be string.');
  expect(problemInWords(at('/a~1b~0c'))).toBe('a/b~c: Must be string.');
  expect(problemInWords(at(''))).toBe('Must be string.');
});

test('a byte-order mark before a policy is left out', () => {
  expect(readPolicy(written(Buffer.from(`\uFEFF${JSON.stringify(good)}`)))).toEqual(good);
});

test('a policy that is not UTF-8 is refused, not read with damaged letters', () => {
  const path = written(Buffer.from(JSON.stringify(good), 'latin1'));
  expect(() => readPolicy(path)).toThrow(`${path} is not written in UTF-8. Save it as UTF-8 in your editor, then try again.`);
});

test('what is no file says why it cannot be read', () => {
  expect(() => readPolicy(folder)).toThrow(`${folder} is a folder. Name the policy file in it.`);
  expect(() => readPolicy(join(folder, 'none'))).toThrow('does not exist.');
  expect(() => readPolicy(join(written(Buffer.from('{}')), 'below'))).toThrow('a part of this path is a file.');
});
