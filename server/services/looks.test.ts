import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepLooking } from './looks.ts';

const EVERY_MS = 1000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Looks that end when the test says so. */
function open(mayLook = (): boolean => true) {
  const inHand: PromiseWithResolvers<void>[] = [];
  const signals: AbortSignal[] = [];
  const faults: unknown[] = [];
  const looks = keepLooking({
    look: (ending) => {
      const one = Promise.withResolvers<void>();
      inHand.push(one);
      signals.push(ending);
      return one.promise;
    },
    everyMs: EVERY_MS,
    mayLook,
    onFault: (fault) => void faults.push(fault),
  });
  return { looks, inHand, signals, faults };
}

const pass = (times: number): Promise<unknown> => vi.advanceTimersByTimeAsync(times * EVERY_MS);

test('a look that takes long is not joined by another; the next one comes after it, also after one that failed', async () => {
  const { looks, inHand, faults } = open();
  await pass(5);
  expect(inHand).toHaveLength(1);
  inHand[0]?.reject(new Error('away'));
  await pass(1);
  expect(faults).toHaveLength(1);
  expect(inHand).toHaveLength(2);
  inHand[1]?.resolve();
  await pass(1);
  expect(inHand).toHaveLength(3);
  inHand[2]?.resolve();
  await looks.close();
});

test('whoever has not the duty does not look', async () => {
  const { looks, inHand } = open(() => false);
  await pass(5);
  expect(inHand).toHaveLength(0);
  await looks.close();
});

test('the end tells the look in hand, waits for it, and nothing begins after it', async () => {
  const { looks, inHand, signals } = open();
  await pass(1);
  let closed = false;
  const closing = looks.close().then(() => {
    closed = true;
  });
  await pass(3);
  expect([closed, signals[0]?.aborted]).toEqual([false, true]);
  inHand[0]?.resolve();
  await closing;
  await pass(3);
  expect(inHand).toHaveLength(1);
});
