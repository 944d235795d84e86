/** The laws of the session and lock machines against ten thousand sequences; a failure prints its seed and its shortest form. */
import { test } from 'vitest';
import { checkLaws } from '../session/laws.ts';

const RUNS = 10_000;

test('ten thousand sequences of events, faults, kills and reboots keep every law', () => checkLaws(RUNS));
