/** What the launcher shows: examples of a ward, and the laws that hold for any policy. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecisionRules, decide, type LaunchFacts } from './decide.ts';
import { type AppRule, WEEKDAYS, type Whereabouts } from './rule.ts';
import { tilesOf } from './tiles.ts';

const night: Whereabouts = { ward: 'icu', seat: 'Bay 4', day: 'fri', minute: 2 * 60 };
const nurse = { kind: 'person', role: 'nurse' } as const;
const good: DecisionRules = {
  version: 5,
  apps: [{ id: 'calc', path: '/usr/bin/xcalc', sha256: 'c'.repeat(64) }, { id: 'chart' }, { id: 'stock' }],
  roles: [
    { id: 'nurse', apps: ['calc', 'chart'] },
    { id: 'porter', apps: ['stock'] },
  ],
  breakGlass: { apps: ['chart', 'calc'] },
};
const shown = (rules: readonly AppRule[], where: Whereabouts = night, session: LaunchFacts['session'] = nurse) =>
  Object.fromEntries(tilesOf({ session, where }, { ...good, rules }));
const deny = (more: Partial<AppRule>): AppRule => ({ id: 'd', effect: 'deny', apps: ['calc'], ...more });

describe('the tiles of a session', () => {
  test('are what it may start, in the policy’s order; what only another role has is not shown', () =>
    expect([...tilesOf({ session: nurse, where: night }, good)]).toEqual([
      ['calc', null],
      ['chart', null],
    ]));
  test.each<[string, Partial<AppRule>, Whereabouts, unknown]>([
    ['later today', { between: { from: '22:00', until: '07:00' } }, night, { from: '07:00', inDays: 0 }],
    ['tomorrow', { between: { from: '12:00', until: '00:00' } }, { ...night, minute: 13 * 60 }, { from: '00:00', inDays: 1 }],
    ['after the weekend', { days: ['fri', 'sat', 'sun'] }, night, { from: '00:00', inDays: 3 }],
    ['for this role alone', { roles: ['nurse'], between: { from: '00:00', until: '06:30' } }, night, { from: '06:30', inDays: 0 }],
    ['in this ward alone', { wards: ['icu'], between: { from: '00:00', until: '06:30' } }, night, { from: '06:30', inDays: 0 }],
  ])('say from when an application is allowed again: %s', (_name, rule, where, next) =>
    expect(shown([deny(rule)], where)).toEqual({ calc: { kind: 'hours', next }, chart: null }),
  );
  test('say when one is allowed that only a rule gives to the role', () => {
    const allow: AppRule = {
      id: 'a',
      effect: 'allow',
      apps: ['stock'],
      roles: ['nurse'],
      days: ['thu'],
      between: { from: '20:00', until: '06:00' },
    };
    expect(shown([allow])['stock']).toEqual({ kind: 'hours', next: { from: '00:00', inDays: 6 } });
    expect(shown([allow], night, { kind: 'person', role: 'porter' })).toEqual({ stock: null });
  });
  test.each<[string, Partial<AppRule>, unknown]>([
    ['in this ward', { wards: ['icu'] }, { kind: 'place' }],
    ['at this seat', { seatGroups: ['bays'] }, { kind: 'place' }],
    ['to anybody', {}, { kind: 'withdrawn' }],
    ['to this role', { roles: ['nurse'] }, undefined],
    ['to this role on each day of the week', { roles: ['nurse'], days: WEEKDAYS }, undefined],
  ])('say why one of the role’s own is never allowed %s', (_name, rule, why) => {
    const rules = { ...good, rules: [deny(rule)], seatGroups: [{ id: 'bays', seats: ['Bay *'] }] };
    expect(tilesOf({ session: nurse, where: night }, rules).get('calc')).toEqual(why);
  });
  test('show nothing that is blocked in an emergency, nothing without a session, and block nothing in monitor mode', () => {
    const hours = deny({ between: { from: '00:00', until: '06:00' } });
    expect(shown([hours], night, { kind: 'breakglass' })).toEqual({ calc: null, chart: null });
    expect(shown([{ id: 'd', effect: 'deny', contents: ['c'.repeat(64)] }], night, { kind: 'breakglass' })).toEqual({ chart: null });
    expect(shown([], night, null)).toEqual({});
    const watched = tilesOf({ session: nurse, where: night }, { ...good, rules: [hours], mode: 'monitor' });
    expect(Object.fromEntries(watched)).toEqual({ calc: null, chart: null, stock: null });
  });
  test('are made once for each minute, place and role', () => {
    const rules = { ...good, rules: [deny({ between: { from: '00:00', until: '02:01' } })] };
    const first = tilesOf({ session: nurse, where: night }, rules);
    expect(tilesOf({ session: { ...nurse }, where: { ...night } }, rules)).toBe(first);
    expect(tilesOf({ session: nurse, where: { ...night, minute: 121 } }, rules).get('calc')).toBeNull();
    expect(tilesOf({ session: { kind: 'person', role: 'porter' }, where: night }, rules).has('calc')).toBe(false);
    expect(tilesOf({ session: nurse, where: night }, { ...rules, rules: [] }).get('calc')).toBeNull();
  });
  test('name no time where there are more of them than are tried', () => {
    const clock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    const minutes = Array.from({ length: 1_440 }, (_, minute) => minute);
    const rules = minutes.map((minute) => deny({ id: `d${minute}`, between: { from: clock(minute), until: clock((minute + 1) % 1_440) } }));
    expect(shown(rules)['calc']).toEqual({ kind: 'hours', next: null });
  });
});

const clocks = fc.constantFrom('00:00', '06:00', '07:30', '22:00');
const anyRules = fc.array(
  fc.record({
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    apps: fc.subarray(['calc', 'chart', 'stock'], { minLength: 1 }),
    scope: fc.record(
      {
        roles: fc.subarray(['nurse', 'porter'], { minLength: 1 }),
        wards: fc.subarray(['icu', 'er'], { minLength: 1 }),
        days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
        between: fc.record({ from: clocks, until: clocks }),
      },
      { requiredKeys: [] },
    ),
  }),
  { maxLength: 6 },
);

test('for any policy the tiles that are not blocked are exactly what may be started, and a time that is named is true', () => {
  fc.assert(
    fc.property(anyRules, fc.constantFrom(...WEEKDAYS), fc.nat(1_439), fc.constantFrom('nurse', 'porter'), (drawn, day, minute, role) => {
      const rules = {
        ...good,
        rules: drawn.map(({ effect, apps, scope }, index): AppRule => ({ id: `r${index}`, effect, apps, ...scope })),
      };
      const session = { kind: 'person', role } as const;
      const where = { ...night, day, minute };
      const tiles = tilesOf({ session, where }, rules);
      for (const { id: appId } of rules.apps) {
        const blocked = tiles.get(appId);
        expect(blocked === null).toBe(decide({ appId, session, where }, rules).effect === 'allow');
        if (blocked?.kind !== 'hours' || blocked.next === null) continue;
        const { from, inDays } = blocked.next;
        const [hours = 0, minutes = 0] = from.split(':').map(Number);
        const then = { ...where, day: WEEKDAYS[(WEEKDAYS.indexOf(day) + inDays) % 7] ?? day, minute: hours * 60 + minutes };
        expect(decide({ appId, session, where: then }, rules).effect).toBe('allow');
      }
    }),
  );
});
