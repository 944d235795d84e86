/** Every test file is run, and by one runner only: a file that no project includes would be green for ever. */
import { expect, test } from 'vitest';
import { root, tool, trackedFiles } from './support.ts';

interface Listed {
  readonly file: string;
  readonly projectName: string;
}

function isListed(value: unknown): value is Listed {
  return typeof value === 'object' && value !== null && 'file' in value && 'projectName' in value;
}

function listed(): readonly Listed[] {
  const { out } = tool('vitest', ['list', '--filesOnly', '--json']);
  const parsed: unknown = JSON.parse(out.slice(out.indexOf('[')));
  return Array.isArray(parsed) ? parsed.filter(isListed) : [];
}

test('every test file is in exactly one vitest project', () => {
  const files = listed().map((entry) => entry.file.slice(root.length + 1));
  const tests = trackedFiles().filter((file) => /\.test\.tsx?$/.test(file));
  expect(tests.length).toBeGreaterThan(5);
  expect(tests.filter((file) => files.filter((listedFile) => listedFile === file).length !== 1)).toEqual([]);
});

test('end-to-end tests are where Playwright looks, and nothing else has their name', () => {
  expect(trackedFiles().filter((file) => /\.spec\.tsx?$/.test(file) && !file.startsWith('test/e2e/'))).toEqual([]);
  expect(trackedFiles().filter((file) => /\.test\.tsx?$/.test(file) && file.startsWith('test/e2e/'))).toEqual([]);
});
