/** Who types a token before a seat is told what to look at; what says it already stays as it is. */
import { expect, test } from 'vitest';
import { WardlockError } from '../core/errors/index.ts';
import { advised } from './enrol.ts';

test.each([
  [
    'SERVER_UNREACHABLE',
    'https://w:1 did not answer: refused',
    'https://w:1 did not answer: refused. Check the address, and that the server runs.',
  ],
  [
    'SERVER_NOT_FOUND',
    'There is nothing under this address.',
    'There is nothing under this address. Name the address for seats (its --listen-seats), not that of the console.',
  ],
  ['ENROL_ALREADY', 'This seat is already enrolled.', 'This seat is already enrolled.'],
] as const)('%s', (code, said, told) => {
  expect(advised(new WardlockError(code, said))).toMatchObject({ code, message: told });
});

test('a failure that is nobody’s word stays what it is', () => {
  const failure = new TypeError('a defect');
  expect(advised(failure)).toBe(failure);
});
