/** What the screens are told of how the policy wants them. */
import { expect, test } from 'vitest';
import { looksOf } from './looks.ts';
import { testDocument } from './test-document.ts';

test('the languages are those that the policy offers, in its order; without a policy nothing is said', () => {
  expect(looksOf(testDocument)?.languages).toEqual(['en', 'de']);
  expect(looksOf({ ...testDocument, languages: ['de'] })?.languages).toEqual(['de']);
  expect(looksOf(undefined)).toBeNull();
});

test('the brand is the policy’s; what it does not give is nothing, in the seat’s own colour', () => {
  expect(looksOf(testDocument)).toMatchObject({ siteName: null, helpdeskLine: null, accent: 'petrol' });
  const branding = { siteName: 'St Elsewhere', helpdeskLine: 'IT, extension 4 0400', accent: 'plum' } as const;
  expect(looksOf({ ...testDocument, branding })).toMatchObject(branding);
});
