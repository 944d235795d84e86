/** A few at a time, in the order in which they came, with room for others between them. */
import { expect, test } from 'vitest';
import { openTurns } from './turns.ts';

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

test('no more work at a time than it says, first come first served, and a place is free again after work that failed', async () => {
  const inTurn = openTurns(2);
  const order: number[] = [];
  let [working, most] = [0, 0];
  const one = (at: number) =>
    inTurn(async () => {
      working += 1;
      most = Math.max(most, working);
      order.push(at);
      await turn();
      working -= 1;
      if (at % 3 === 0) throw new TypeError('broken');
      return at;
    });
  const done = await Promise.allSettled(Array.from({ length: 9 }, (_, at) => one(at)));
  expect(done.filter(({ status }) => status === 'rejected')).toHaveLength(3);
  expect([most, order]).toEqual([2, [0, 1, 2, 3, 4, 5, 6, 7, 8]]);
  expect(await inTurn(async () => 'free')).toBe('free');
});

test('between two that wait for a place the event loop turns, also where their work never lets go by itself', async () => {
  const inTurn = openTurns(1);
  const seen: string[] = [];
  const work = Array.from({ length: 3 }, (_, at) => inTurn(async () => void seen.push(`work ${at}`)));
  setImmediate(() => seen.push('other'));
  await Promise.all(work);
  expect(seen.indexOf('other')).toBeLessThan(seen.indexOf('work 2'));
});
