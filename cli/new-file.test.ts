import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertNewFile } from './new-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlock-new-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const refusalOf = (path: string): unknown => {
  try {
    assertNewFile(path, 'an export');
    return null;
  } catch (error) {
    return error;
  }
};

test('a file that can be made is not there afterwards', () => {
  const path = join(folder, 'new');
  expect(refusalOf(path)).toBeNull();
  expect(existsSync(path)).toBe(false);
});

test('what is there already stays as it is', () => {
  const path = join(folder, 'old');
  writeFileSync(path, 'evidence');
  expect(refusalOf(path)).toMatchObject({
    code: 'START_USAGE',
    message: `Cannot write ${path}. It exists already, and an export is never overwritten.`,
  });
  expect(readFileSync(path, 'utf8')).toBe('evidence');
  mkdirSync(join(folder, 'folder'));
  expect(refusalOf(join(folder, 'folder'))).toMatchObject({ message: expect.stringContaining('It exists already') });
});

test('a folder that is not there, and a file on the way, are said to be that', () => {
  expect(refusalOf(join(folder, 'none', 'new'))).toMatchObject({
    message: expect.stringContaining('Its folder does not exist: make that first.'),
  });
  writeFileSync(join(folder, 'file'), '');
  expect(refusalOf(join(folder, 'file', 'new'))).toMatchObject({ message: expect.stringContaining('A part of this path is a file.') });
});
