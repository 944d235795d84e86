/** What the screens leave is taken once and by its content alone, and nothing of it stays. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Incoming } from './incoming.ts';

let root = '';
let incoming: Incoming;
const token = (letter: string): string => letter.repeat(32);
const folder = (): string => join(root, 'incoming');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wl-incoming-'));
  incoming = new Incoming(folder(), null);
  incoming.open();
});
afterEach(() => {
  incoming.close();
  rmSync(root, { recursive: true });
});

test('a file is taken once, with its size', async () => {
  writeFileSync(join(folder(), token('a')), 'content');
  const taken = await incoming.take(token('a'));
  expect(taken?.bytes).toBe(7);
  expect(await taken?.handle.readFile('utf8')).toBe('content');
  await taken?.handle.close();
  expect(readdirSync(folder())).toEqual([]);
  expect(await incoming.take(token('a'))).toBeNull();
});

test('what is no ordinary file of this one name is not taken: a link, a second name, a folder, nothing', async () => {
  writeFileSync(join(root, 'secret'), 'of somebody else');
  symlinkSync(join(root, 'secret'), join(folder(), token('a')));
  writeFileSync(join(folder(), token('d')), 'x');
  linkSync(join(folder(), token('d')), join(folder(), token('b')));
  mkdirSync(join(folder(), token('c')));
  for (const letter of ['a', 'b', 'c', 'e']) expect(await incoming.take(token(letter)), letter).toBeNull();
  expect(existsSync(join(root, 'secret'))).toBe(true);
  rmdirSync(join(folder(), token('c')));
});

test('one of another user is not taken', async (context) => {
  context.skip(process.geteuid?.() !== 0, 'needs root: it gives a folder to another user');
  const other = new Incoming(folder(), { uid: (process.geteuid?.() ?? 0) + 1, gid: process.getegid?.() ?? 0 });
  incoming.close();
  other.open();
  writeFileSync(join(folder(), token('a')), 'content');
  expect(await other.take(token('a'))).toBeNull();
  other.close();
});

test('emptied, it loses what lies in it and follows no link; closed, nothing is left, of a former life neither', () => {
  writeFileSync(join(root, 'kept'), 'x');
  symlinkSync(root, join(folder(), token('a')));
  writeFileSync(join(folder(), token('b')), 'x');
  expect(incoming.empty()).toBe(2);
  expect(readdirSync(folder())).toEqual([]);
  expect(existsSync(join(root, 'kept'))).toBe(true);
  const place = lstatSync(folder()).isSymbolicLink() ? dirname(readlinkSync(folder())) : folder();
  writeFileSync(join(folder(), token('c')), 'x');
  // As after a crash: another life knows of it by the link alone.
  new Incoming(folder(), null).close();
  expect([existsSync(place), lstatSync(folder(), { throwIfNoEntry: false })]).toEqual([false, undefined]);
});
