/** Ways in by role, ward and time: the first rule that fits, and nothing that no rule gives. */
import { expect, test } from 'vitest';
import type { RuleFacts } from '../decision/rule.ts';
import { isWithin } from './part-of-day.ts';
import { waysIn } from './sign-in.ts';

const nurse: RuleFacts = { role: 'nurse', ward: 'icu', seat: 'Bay 4', seatGroups: new Set(['bays']), day: 'mon', minute: 600 };

test('without a rule there is badge and PIN, and what the role itself gives', () => {
  expect(waysIn([], nurse, 0)).toEqual({ nameAndPin: false, badgeOnlyMs: 0, confirmedMs: 0, enrolBadge: false, secondRoles: [] });
  expect(waysIn([], nurse, 3_600).badgeOnlyMs).toBe(3_600_000);
});

test('the first rule that fits decides alone', () => {
  const rules = [
    { roles: ['doctor'], nameAndPin: true },
    { wards: ['icu'], badgeOnly: { withinSeconds: 60, confirmedSeconds: 30 } },
    { nameAndPin: true, secondPerson: { roles: ['lead'] } },
  ];
  expect(waysIn(rules, nurse, 0)).toMatchObject({ nameAndPin: false, badgeOnlyMs: 60_000, confirmedMs: 30_000, secondRoles: [] });
  expect(waysIn(rules, { ...nurse, role: 'doctor' }, 0)).toMatchObject({ nameAndPin: true, badgeOnlyMs: 0 });
  expect(waysIn(rules, { ...nurse, ward: 'lab' }, 0)).toMatchObject({ nameAndPin: true, secondRoles: ['lead'] });
});

test('knows groups of seats and days', () => {
  const rules = [
    { seatGroups: ['desks'], secondPerson: { roles: ['lead'] } },
    { days: ['sat' as const, 'sun' as const], seatGroups: ['bays'], nameAndPin: true },
  ];
  expect(waysIn(rules, nurse, 0)).toMatchObject({ nameAndPin: false, secondRoles: [] });
  expect(waysIn(rules, { ...nurse, day: 'sun' }, 0).nameAndPin).toBe(true);
  expect(waysIn(rules, { ...nurse, seatGroups: new Set(['desks']) }, 0).secondRoles).toEqual(['lead']);
});

test('a night lasts over midnight, begins at its first minute and ends before its last', () => {
  const night = { from: '22:00', until: '06:30' };
  const at = (hours: number, minutes: number): boolean => isWithin(night, hours * 60 + minutes);
  expect([at(21, 59), at(22, 0), at(0, 0), at(6, 29), at(6, 30)]).toEqual([false, true, true, true, false]);
  expect(isWithin({ from: '07:00', until: '07:00' }, 0)).toBe(true);
});
