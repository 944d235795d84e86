/** What a person reads about a wrong policy names the field, in words. */
import { expect, test } from 'vitest';
import { problemInWords } from './policy-file.ts';

const at = (path: string) => ({ line: 1, column: 1, path, message: 'Must be string.', kind: 'schema' }) as const;

test('a problem names its field, entries counted from 1; a problem of the whole text stands alone', () => {
  expect(problemInWords(at('/roles/0/apps/2'))).toBe('roles, entry 1, apps, entry 3: Must be string.');
  expect(problemInWords(at('/a~1b~0c'))).toBe('a/b~c: Must be string.');
  expect(problemInWords(at(''))).toBe('Must be string.');
});
