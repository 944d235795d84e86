/** What `status` says of what the seat says: a sentence, never the name of one. */
import { expect, test } from 'vitest';
import { MessageKey } from '../contract/seat-view.ts';
import { told } from './status.ts';

test.each(MessageKey.anyOf.map(({ const: key }) => key))('%s is told as a sentence', (key) => {
  expect(told({ key, params: {} })).toMatch(/^[A-Z].+ .+\.$/u);
});

test('numbers and names are in the sentence, and a code has its meaning beside it', () => {
  expect(told({ key: 'pin.wrong', params: { tries: 1 } })).toBe('Wrong PIN. 1 try left.');
  expect(told({ key: 'staff.refused', params: {}, code: 'DIRECTORY_OLDER' })).toMatch(/staff list was refused.* \(DIRECTORY_OLDER\)$/u);
});
