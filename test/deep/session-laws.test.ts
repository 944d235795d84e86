/** The laws of the session and lock machines against ten thousand sequences; the seed is printed always, and a failure in its shortest form. */
import { test } from 'vitest';
import { checkLaws, trialSeed } from '../session/commands.ts';

const RUNS = 10_000;

test('ten thousand sequences of events, faults, kills and reboots keep every law', () => checkLaws({ runs: RUNS, seed: trialSeed() }));
