/** The policy in the machines' units: overrides hold for the ward, the group of seats, the hour and the role that they name. */
import { expect, test } from 'vitest';
import type { Whereabouts } from '../../core/decision/rule.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import { rulesOf } from './rules.ts';
import { testDocument } from './test-document.ts';

const where: Whereabouts = { ward: 'icu', seat: 'Bay 4', day: 'mon', minute: 600 };
const under = (change: Partial<PolicyDocument>, role: string | null, at: Whereabouts = where) =>
  rulesOf({ document: { ...testDocument, ...change }, version: 4, sha256: '', expiresWallMs: 1 }, at, role);

test('without overrides the policy holds as it stands', () =>
  expect(under({}, 'nurse')).toMatchObject({ warnAfterMs: 60_000, keepMs: 600_000, pin: { minDigits: 4 } }));

test('an override of ward or seat group holds before anybody is known, one of a role only for its people', () => {
  const overrides: PolicyDocument['overrides'] = [
    { id: 'ward', wards: ['icu'], timers: { keepSeconds: 60 } },
    { id: 'bays', seatGroups: ['bays'], pin: { firstWaitSeconds: 90 } },
    { id: 'nurses', roles: ['nurse'], timers: { warnAfterSeconds: 300 }, pin: { minDigits: 8 } },
  ];
  const seatGroups = [{ id: 'bays', seats: ['Bay *'] }];
  const change = { overrides, seatGroups };
  expect(under(change, null)).toMatchObject({ warnAfterMs: 60_000, keepMs: 60_000, pin: { minDigits: 4, firstWaitMs: 90_000 } });
  expect(under(change, 'nurse')).toMatchObject({ warnAfterMs: 300_000, keepMs: 60_000, pin: { minDigits: 8 } });
  expect(under(change, 'porter')).toMatchObject({ warnAfterMs: 60_000 });
  expect(under(change, 'nurse', { ...where, ward: 'er', seat: 'Desk' })).toMatchObject({ keepMs: 600_000, pin: { firstWaitMs: 30_000 } });
});
