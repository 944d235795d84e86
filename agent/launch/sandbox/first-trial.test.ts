import { expect, test } from 'vitest';
import { firstTrial } from './first-trial.ts';
import type { Trial } from './trial.ts';

const good: Trial = { failure: undefined, isReported: true, hasOwnNetwork: true };
const silent: Trial = { ...good, isReported: false };

/** Trials that end as told, one after the other; how many were made. */
async function made(outcomes: readonly (Trial | Error)[], canReport = true): Promise<{ readonly shown: Trial; readonly trials: number }> {
  let trials = 0;
  const trial = async (): Promise<Trial> => {
    const outcome = outcomes[trials];
    trials += 1;
    if (outcome === undefined) throw new RangeError('no further trial was expected');
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  return { shown: await firstTrial({ trial, canReport, pause: async () => undefined }), trials };
}

test('one that shows all is the only one', async () => expect(await made([good])).toEqual({ shown: good, trials: 1 }));

test.each([
  ['throws', new Error('the program did not say in time that it was ready')],
  ['leaves something behind', { ...good, failure: 'the trial session could not be ended' }],
  ['is not reported in time', silent],
] as const)('one that %s once is made again', async (_how, first) => expect(await made([first, good])).toEqual({ shown: good, trials: 2 }));

test('one that fails each time has failed, with its reason', async () =>
  expect(await made([new Error('a'), new Error('b'), new Error('c')])).toMatchObject({
    shown: { failure: 'c', isReported: false },
    trials: 3,
  }));

test('a kernel that reports nothing is not asked again', async () =>
  expect(await made([silent], false)).toEqual({ shown: silent, trials: 1 }));
