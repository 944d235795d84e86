import { expect, test } from 'vitest';
import { guessLimit } from './guess-limit.ts';

test('failures of one address are limited in a window; others and successes are not', () => {
  let time = 1000;
  const limit = guessLimit(3, 60_000, () => time);
  for (let at = 0; at < 3; at += 1) {
    expect(limit.waitOf('a')).toBe(0);
    limit.failed('a');
  }
  expect(limit.waitOf('a')).toBe(60);
  expect(limit.waitOf('b')).toBe(0);
  time += 59_500;
  expect(limit.waitOf('a')).toBe(1);
  time += 500;
  expect(limit.waitOf('a')).toBe(0);
});
