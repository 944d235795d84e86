/** When a seat counts as unable to shut sessions in: by a trial, never by one session that failed, and until a trial works again. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LayerWatch } from './layer-watch.ts';

const PAUSE_MS = 5_000;
let outcome: string | undefined | null;
let trials: number;
let said: string[];
let watch: LayerWatch;

beforeEach(() => {
  vi.useFakeTimers();
  outcome = undefined;
  trials = 0;
  said = [];
  watch = new LayerWatch({
    trial: async () => {
      trials += 1;
      return outcome;
    },
    log: (level) => said.push(level),
  });
});
afterEach(async () => {
  await watch.close();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('one session that could not be shut in is no lost layer where a trial works', async () => {
  watch.suspect();
  await pass(PAUSE_MS);
  expect([watch.lost, trials, said]).toEqual([undefined, 1, []]);
});

test('a layer is lost once a trial fails, is tried again and again, and is back with the first that works', async () => {
  outcome = 'no group';
  watch.suspect();
  watch.suspect();
  await pass(0);
  expect([watch.lost, trials]).toEqual(['no group', 1]);
  await pass(2 * PAUSE_MS);
  expect([trials, said]).toEqual([3, ['error']]);
  outcome = undefined;
  await pass(PAUSE_MS);
  expect([watch.lost, said]).toEqual([undefined, ['error', 'info']]);
  await pass(2 * PAUSE_MS);
  expect(trials).toBe(4);
});

test('where it can not be tried now, what was known holds and it is tried later', async () => {
  outcome = null;
  watch.suspect();
  await pass(0);
  expect(watch.lost).toBeUndefined();
  outcome = 'no group';
  await pass(PAUSE_MS);
  expect(watch.lost).toBe('no group');
  outcome = null;
  await pass(PAUSE_MS);
  expect(watch.lost).toBe('no group');
});

test('nothing is tried once it is closed', async () => {
  outcome = 'no group';
  watch.suspect();
  await pass(0);
  await watch.close();
  watch.suspect();
  await pass(3 * PAUSE_MS);
  expect(trials).toBe(1);
});
