/** The arithmetic of guessing: what is free, what waits, what a reboot or a new PIN changes. */
import { expect, test } from 'vitest';
import { charge, mayGuess, restored, type Throttle, WAIT_CAP_MS, waitAfter } from './throttle.ts';

const limits = { maxFailures: 10, firstWaitMs: 30_000 };
const at = (bootMs: number, bootId = 'a') => ({ bootMs, bootId });

function failing(times: number): Throttle {
  let throttle: Throttle | undefined;
  for (let i = 0; i < times; i++) throttle = charge(throttle, 'p', limits, at(0));
  if (throttle === undefined) throw new Error('at least one');
  return throttle;
}

test('two mistakes are free, then waits start at the first wait and double up to the cap', () => {
  expect([1, 2, 3, 4, 5, 9, 10].map((failures) => waitAfter(failures, 30_000))).toEqual([
    0,
    0,
    30_000,
    60_000,
    120_000,
    1_920_000,
    WAIT_CAP_MS,
  ]);
});

test('a wait ends by the boot clock and by nothing else', () => {
  expect(mayGuess(failing(3), 'p', limits, 29_999)).toEqual({ may: false, why: 'wait', waitMs: 1, triesLeft: 7 });
  expect(mayGuess(failing(3), 'p', limits, 30_000)).toEqual({ may: true, triesLeft: 7 });
});

test('after the last try no wait helps', () => {
  expect(mayGuess(failing(10), 'p', limits, Number.MAX_SAFE_INTEGER)).toEqual({ may: false, why: 'blocked', triesLeft: 0 });
});

test('another PIN starts afresh', () => {
  expect(mayGuess(failing(10), 'q', limits, 0)).toEqual({ may: true, triesLeft: 10 });
});

test('in the same boot what remains of a wait remains; after a reboot it starts whole', () => {
  expect(mayGuess(restored(failing(3), at(20_000)), 'p', limits, 20_000)).toMatchObject({ waitMs: 10_000 });
  expect(mayGuess(restored(failing(3), at(20_000, 'b')), 'p', limits, 20_000)).toMatchObject({ waitMs: 30_000 });
});
