/** What the screens are told of how the policy wants them. */
import { expect, test } from 'vitest';
import { looksOf } from './looks.ts';
import { testDocument } from './test-document.ts';

test('the languages are those that the policy offers, in its order; without a policy nothing is said', () => {
  expect(looksOf(testDocument)?.languages).toEqual(['en', 'de']);
  expect(looksOf({ ...testDocument, languages: ['de'] })?.languages).toEqual(['de']);
  expect(looksOf(undefined)).toBeNull();
});
