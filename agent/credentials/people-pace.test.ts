/** An idle seat asks as often as its policy makes the answer worth, and at once when something is new here. */
import { expect, test } from 'vitest';
import type { PolicyDocument } from '../../policies/schema.ts';
import { testPolicy } from '../../test/support/policy.ts';
import { longestSilence, PeoplePace } from './people-pace.ts';

const keys = { reader: '', escrow: '' };
const policyWith = (signIn: NonNullable<PolicyDocument['signIn']>): PolicyDocument => testPolicy(1, keys, { signIn });
const badgeOnly = (confirmedSeconds: number) => ({ badgeOnly: { withinSeconds: 3_600, confirmedSeconds } });

test.each([
  ['no policy', undefined, 300_000],
  ['no bound', testPolicy(1, keys), 300_000],
  ['a PIN elsewhere that counts for ten minutes', policyWith({ rules: [badgeOnly(600), badgeOnly(3_600)] }), 270_000],
  ['one that counts for less than two turns', policyWith({ rules: [badgeOnly(3_600), badgeOnly(60)] }), 0],
  ['one that never counts', policyWith({ rules: [badgeOnly(0)] }), 300_000],
  ['staff that is old after five minutes', policyWith({ rules: [], staffAge: { maxSeconds: 300, tooOld: 'pin' } }), 120_000],
])('%s', (_what, policy, expected) => {
  expect(longestSilence(policy)).toBe(expected);
});

test('what is new here is due at once; what is known is due after a share of the longest silence, another one each time', () => {
  let random = 0;
  const pace = new PeoplePace(() => random);
  expect(pace.isDue('a', 0, 1_000)).toBe(true);
  pace.answered('a', 10);
  expect([pace.isDue('b', 10, 1_000), pace.isDue('a', 509, 1_000), pace.isDue('a', 510, 1_000)]).toEqual([true, false, true]);
  random = 1;
  pace.answered('a', 600);
  expect([pace.isDue('a', 1_599, 1_000), pace.isDue('a', 1_600, 1_000), pace.isDue('a', 600, 0)]).toEqual([false, true, true]);
});
