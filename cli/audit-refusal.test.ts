/** How a command that reads a log ends: 1 is for faults of the log alone. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WardlockError } from '../core/errors/index.ts';
import { orRefuse } from './audit-refusal.ts';

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const noFile = Object.assign(new Error('no such file'), { syscall: 'open', code: 'ENOENT' });

const ends: readonly (readonly [string, () => number | Promise<number>, number, string])[] = [
  ['the code that it answers', () => 1, 1, ''],
  [
    'a refusal with a code',
    () => Promise.reject(new WardlockError('AUDIT_STORE_FOREIGN', 'This is no log.')),
    65,
    'This is no log. (AUDIT_STORE_FOREIGN)\n',
  ],
  ['what the system refuses', () => Promise.reject(noFile), 66, 'What should be read cannot be: no such file. (AUDIT_STORE_FAILED)\n'],
];

test.each(ends)('%s is how it ends', async (_, work, exit, words) => {
  await orRefuse('a path', false, work);
  expect([process.exitCode, said.join('')]).toEqual([exit, words]);
});

test('a mistake of the command itself is never a verdict on the log', async () => {
  await orRefuse('a path', false, () => Promise.reject(new RangeError('out of bounds')));
  expect(process.exitCode).toBe(70);
  expect(said.join('')).toMatch(/^RangeError: out of bounds\n +at /);
});
