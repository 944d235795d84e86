/** A role that is misspelt on the staff list is told when the person is added, not when somebody stands before a locked seat. */
import { expect, test } from 'vitest';
import { testPolicy } from '../test/support/policy.ts';
import { unknownRoles } from './published-policy.ts';

const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
const roles = ['nurse', 'lead'].map((id) => ({ id, name: id, apps: [] }));
const policy = testPolicy(7, keys, { roles });

test('roles that the policy has, and a site without a policy, are no warning', () => {
  expect(unknownRoles(['nurse', 'lead', 'nurse'], policy)).toBeNull();
  expect(unknownRoles(['nurze'], null)).toBeNull();
});

test('others are named once, with those there are', () => {
  expect(unknownRoles(['nurze', 'lead', 'nurze'], policy)).toBe(
    'Policy version 7 has no role nurze. If that is misspelt, give the right one: nurse, lead.',
  );
});
