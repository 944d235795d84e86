/** For which ward and seat a policy was compiled is said, so that a misspelt name is seen. */
import { expect, test } from 'vitest';
import { testPolicy } from '../../test/support/policy.ts';
import type { PolicyDocument } from '../schema.ts';
import { placeInWords } from './place.ts';

const document = (change: Partial<PolicyDocument> = {}): PolicyDocument => testPolicy(1, { reader: 'AAAA', escrow: 'BBBB' }, change);
const icu = document({
  overrides: [{ id: 'slow', wards: ['icu'], timers: { warnAfterSeconds: 300 } }],
  seatGroups: [{ id: 'bays', seats: ['Bay *'] }],
});

test.each([
  [icu, {}, 'Compiled for every ward and seat.'],
  [icu, { ward: 'icu' }, 'Compiled for the ward icu.'],
  [icu, { ward: 'icv' }, 'Compiled for the ward icv, which the policy names nowhere (it names icu).'],
  [document(), { ward: 'icu' }, 'Compiled for the ward icu: the policy names no ward, so it is the same for each.'],
  [icu, { seat: 'Bay 4' }, 'Compiled for the seat Bay 4, of the groups bays.'],
  [
    icu,
    { ward: 'icu', seat: 'Bed 4' },
    'Compiled for the ward icu. Compiled for the seat Bed 4, which is in no group of seats of the policy.',
  ],
])('%#: the place is told', (policy, place, sentence) => expect(placeInWords(policy, place)).toBe(sentence));

test('of many wards only some are told', () => {
  const wards = Array.from({ length: 25 }, (_, index) => `w${index}`);
  const many = document({ overrides: [{ id: 'slow', wards, timers: { warnAfterSeconds: 300 } }] });
  expect(placeInWords(many, { ward: 'x' })).toContain('w19 and 5 more');
});
