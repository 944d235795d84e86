/** A file comes into a home whole, under a free name, and through nothing that somebody planted there. */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { notKept, putIntoHome } from './kept-file.ts';

let root = '';
let home = '';
let fd = -1;
const CONTENT = 'content';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wl-kept-'));
  home = join(root, 'home');
  mkdirSync(home);
  writeFileSync(join(root, 'source'), CONTENT, { mode: 0o755 });
  fd = openSync(join(root, 'source'), 'r');
});
afterEach(() => {
  closeSync(fd);
  rmSync(root, { recursive: true });
});

const put = (name: string, bytes = CONTENT.length): void => putIntoHome({ home, name, fd, bytes });
const downloads = (): readonly string[] => readdirSync(join(home, 'Downloads')).sort();

test('it is whole, nobody else’s business, and no program', () => {
  put('report.pdf');
  expect(readFileSync(join(home, 'Downloads', 'report.pdf'), 'utf8')).toBe(CONTENT);
  expect(lstatSync(join(home, 'Downloads', 'report.pdf')).mode & 0o7777).toBe(0o600);
  expect(lstatSync(join(home, 'Downloads')).mode & 0o7777).toBe(0o700);
});

test('one of the same name takes the place of none, not of a link either', () => {
  put('report.pdf');
  symlinkSync(join(root, 'elsewhere'), join(home, 'Downloads', 'report (2).pdf'));
  put('report.pdf');
  expect(downloads()).toEqual(['report (2).pdf', 'report (3).pdf', 'report.pdf']);
  expect(existsSync(join(root, 'elsewhere'))).toBe(false);
});

test('a link or a file in the place of the folder leads nowhere', () => {
  mkdirSync(join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(home, 'Downloads'));
  expect(() => put('report.pdf')).toThrow(/ELOOP|ENOTDIR/u);
  expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
  rmSync(join(home, 'Downloads'));
  writeFileSync(join(home, 'Downloads'), 'mine');
  expect(() => put('report.pdf')).toThrow(/ENOTDIR/u);
});

test('half a file is none, and nothing of it is left', () => {
  expect(() => put('report.pdf', CONTENT.length + 1)).toThrow(/shorter/u);
  expect(downloads()).toEqual([]);
});

test('a failure is told by its code', () => {
  expect(notKept('ENOSPC')).toMatchObject({ ok: false, reason: 'no-room' });
  expect(notKept('EACCES')).toMatchObject({ ok: false, reason: 'failed' });
});
