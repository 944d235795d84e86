/** A sandbox on its way: what was not begun is given up at once, what was begun is waited for. */
import { beforeEach, expect, test } from 'vitest';
import { SandboxOpening } from './opening.ts';

let survey: PromiseWithResolvers<void>;
let setUp: PromiseWithResolvers<string>;
let begun: boolean;
let failures: unknown[];
let opening: SandboxOpening<string>;

beforeEach(() => {
  survey = Promise.withResolvers();
  setUp = Promise.withResolvers();
  begun = false;
  failures = [];
  opening = new SandboxOpening({
    survey: () => survey.promise,
    setUp: () => {
      begun = true;
      return setUp.promise;
    },
    onFailed: (cause) => failures.push(cause),
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('gives the sandbox once it is set up', async () => {
  survey.resolve();
  setUp.resolve('sandbox');
  expect(await opening.sandbox).toBe('sandbox');
});

test('that is given up before it began is nothing at once, and never begins', async () => {
  opening.giveUp();
  expect(await opening.sandbox).toBeUndefined();
  survey.resolve();
  await turn();
  expect([begun, failures]).toEqual([false, []]);
});

test('that is given up does not tell of a survey that fails later', async () => {
  opening.giveUp();
  survey.reject(new Error('ended'));
  await turn();
  expect(failures).toEqual([]);
});

test('that has begun is not given up: whoever ends it gets it to end', async () => {
  survey.resolve();
  await turn();
  opening.giveUp();
  setUp.resolve('sandbox');
  expect(await opening.sandbox).toBe('sandbox');
});

test.each(['survey', 'set-up'])('tells of a %s that failed, once', async (step) => {
  if (step === 'survey') survey.reject(new Error('no'));
  else survey.resolve();
  setUp.reject(new Error('no'));
  // A step that nobody came to must not count as unhandled.
  setUp.promise.catch(() => undefined);
  expect(await opening.sandbox).toBeUndefined();
  expect(failures).toHaveLength(1);
});
