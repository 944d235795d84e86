import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeNewFile } from './new-file.ts';

const how = { what: 'a policy', mode: 0o600 };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlock-whole-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a file is written with its mode, once', () => {
  const path = join(folder, 'p.json');
  writeNewFile(path, 'first', how);
  expect(statSync(path).mode & 0o777).toBe(how.mode);
  expect(() => writeNewFile(path, 'second', how)).toThrow('It exists already, and a policy is never overwritten.');
  expect(readFileSync(path, 'utf8')).toBe('first');
});

test('where something is in the way of the folder, that is said', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => writeNewFile(join(folder, 'file', 'p.json'), 'x', how)).toThrow('A part of this path is a file.');
  expect(() => writeNewFile(join(folder, 'none', 'p.json'), 'x', how)).toThrow('Its folder does not exist: make that first.');
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
