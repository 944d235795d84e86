/** Folders for what a command writes: made, or refused with the reason. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'wardlock-folder-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a folder is made with what is missing above it, and may be there already', () => {
  const deep = join(root, 'a', 'b', 'c');
  makeFolder(deep);
  makeFolder(`${deep}/`);
  expect(statSync(deep).isDirectory()).toBe(true);
});

test('a place that takes no folder is refused with the reason, at once', () => {
  expect(() => makeFolder('/proc/none/deeper')).toThrow('Cannot write to /proc/none/deeper: no folder can be made there.');
  const file = join(root, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(join(file, 'below'))).toThrow('a file is in the way.');
});
