/** What a session may start: the examples that a ward would give, and the laws that hold for any policy. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecisionRules, decide, isRecalled, type LaunchFacts } from './decide.ts';
import { explain } from './explain.ts';
import { type AppRule, groupsOf, WEEKDAYS, type Whereabouts } from './rule.ts';

const sha = (digit: string): string => digit.repeat(64);
const where: Whereabouts = { ward: 'icu', seat: 'Bay 4', day: 'tue', minute: 2 * 60 };
const good: DecisionRules = {
  version: 5,
  apps: [{ id: 'calc', path: '/usr/bin/xcalc', sha256: sha('c') }, { id: 'chart' }, { id: 'stock', path: '/opt/stock', sha256: sha('5') }],
  roles: [
    { id: 'nurse', apps: ['calc', 'chart'] },
    { id: 'porter', apps: ['calc'] },
  ],
  breakGlass: { apps: ['chart', 'calc'] },
};
const nurse = { kind: 'person', role: 'nurse' } as const;
const ask = (
  appId: string,
  rules: readonly AppRule[] = [],
  change: Partial<LaunchFacts> = {},
  seatGroups: DecisionRules['seatGroups'] = [],
) => decide({ appId, session: nurse, where, ...change }, { ...good, rules, seatGroups });

describe('a decision', () => {
  test('allows what the role lists, and says by which rule of which version', () =>
    expect(ask('chart')).toEqual({ effect: 'allow', reason: 'rule', ruleId: 'role:nurse', generation: 5, cacheable: true }));
  test.each([
    ['nobody is signed in', 'calc', null, 'no-session'],
    ['the policy has no such application', 'shell', nurse, 'app-unknown'],
    ['the role lacks it', 'chart', { kind: 'person', role: 'porter' } as const, 'role-lacks-app'],
    ['the role is unknown', 'calc', { kind: 'person', role: 'ghost' } as const, 'role-unknown'],
    ['emergency access does not open it', 'stock', { kind: 'breakglass' } as const, 'breakglass-lacks-app'],
  ])('denies when %s', (_name, appId, session, reason) => expect(ask(appId, [], { session })).toMatchObject({ effect: 'deny', reason }));

  const night = { from: '22:00', until: '06:00' };
  test.each<[string, readonly AppRule[], string, 'allow' | 'deny', string]>([
    ['an allow of the ward', [{ id: 'a', effect: 'allow', apps: ['stock'], wards: ['icu'] }], 'stock', 'allow', 'a'],
    ['an allow of another ward is silent', [{ id: 'a', effect: 'allow', apps: ['stock'], wards: ['er'] }], 'stock', 'deny', 'role:nurse'],
    ['an allow at night', [{ id: 'a', effect: 'allow', apps: ['stock'], between: night }], 'stock', 'allow', 'a'],
    [
      'an allow on Mondays is silent on a Tuesday',
      [{ id: 'a', effect: 'allow', apps: ['stock'], days: ['mon'] }],
      'stock',
      'deny',
      'role:nurse',
    ],
    ['a deny takes what the role lists', [{ id: 'd', effect: 'deny', apps: ['chart'], between: night }], 'chart', 'deny', 'd'],
    ['a deny of a path weighs less than the role', [{ id: 'd', effect: 'deny', paths: ['/usr/bin/xcalc'] }], 'calc', 'allow', 'role:nurse'],
    ['a deny of everything weighs least', [{ id: 'd', effect: 'deny' }], 'calc', 'allow', 'role:nurse'],
    ['a deny of the content weighs most', [{ id: 'd', effect: 'deny', contents: [sha('c')] }], 'calc', 'deny', 'd'],
    [
      'an allow of the content beats a deny of the application',
      [
        { id: 'd', effect: 'deny', apps: ['calc'] },
        { id: 'z', effect: 'allow', contents: [sha('c')] },
      ],
      'calc',
      'allow',
      'z',
    ],
  ])('by rules: %s', (_name, rules, appId, effect, ruleId) => expect(ask(appId, rules)).toMatchObject({ effect, ruleId }));

  test('knows groups of seats by their names', () => {
    const rule: AppRule = { id: 'bays', effect: 'allow', apps: ['stock'], seatGroups: ['bays'] };
    expect(ask('stock', [rule], {}, [{ id: 'bays', seats: ['Bay *'] }])).toMatchObject({ effect: 'allow', ruleId: 'bays' });
    expect(ask('stock', [rule], { where: { ...where, seat: 'Desk 1' } }, [{ id: 'bays', seats: ['Bay *'] }]).effect).toBe('deny');
  });
  test('may be kept, except where hours or days are named', () => {
    expect(ask('calc', [{ id: 'n', effect: 'deny', apps: ['calc'], between: { from: '10:00', until: '11:00' } }]).cacheable).toBe(false);
    expect(ask('calc', [{ id: 'n', effect: 'deny', apps: ['chart'], days: ['mon'] }]).cacheable).toBe(true);
  });
  test('of emergency access heeds no hour, ward or application rule, and a recalled content always', () => {
    const session = { kind: 'breakglass' } as const;
    for (const rule of [{ apps: ['calc'] }, { paths: ['/usr/bin/xcalc'] }, {}, { contents: [sha('c')], wards: ['icu'] }])
      expect(ask('calc', [{ id: 'd', effect: 'deny', ...rule }], { session }).effect).toBe('allow');
    expect(ask('calc', [{ id: 'd', effect: 'deny', contents: [sha('c')] }], { session })).toMatchObject({ effect: 'deny', ruleId: 'd' });
    expect(ask('stock', [{ id: 'a', effect: 'allow' }], { session }).effect).toBe('deny');
  });
  test('of a program beside an application goes by what was recalled for everyone', () => {
    const child = { path: '/usr/bin/helper', sha256: sha('e') };
    const recalled = (rule: Partial<AppRule>) => isRecalled(child, { ...good, rules: [{ id: 'd', effect: 'deny', ...rule }] });
    expect(recalled({ contents: [sha('e')] })).toBe(true);
    expect(recalled({ paths: ['/usr/bin/helper'] })).toBe(true);
    expect(recalled({ contents: [sha('e')], roles: ['nurse'] })).toBe(false);
    expect(recalled({ effect: 'allow', contents: [sha('e')] })).toBe(false);
    expect(isRecalled(child, good)).toBe(false);
  });
});

describe('in monitor mode', () => {
  const watch = (appId: string, rules: readonly AppRule[] = [], session: LaunchFacts['session'] = nurse) =>
    decide({ appId, session, where }, { ...good, rules, mode: 'monitor' });
  test('what would be denied is allowed, and named', () => {
    expect(watch('stock')).toEqual({
      effect: 'allow',
      reason: 'monitor',
      wouldDeny: 'role-lacks-app',
      ruleId: 'role:nurse',
      generation: 5,
      cacheable: true,
    });
    expect(watch('calc', [{ id: 'd', effect: 'deny', apps: ['calc'] }])).toMatchObject({
      effect: 'allow',
      wouldDeny: 'rule-denies',
      ruleId: 'd',
    });
    expect(watch('stock', [], { kind: 'breakglass' })).toMatchObject({ effect: 'allow', wouldDeny: 'breakglass-lacks-app' });
  });
  test('what is allowed anyway is no finding', () => expect(watch('calc')).toEqual(ask('calc')));
  test.each([
    ['without a session', 'calc', null],
    ['what the policy does not name', 'shell', nurse],
  ] as const)('nothing starts %s', (_name, appId, session) => {
    expect(watch(appId, [], session).effect).toBe('deny');
    expect(watch(appId, [], session)).not.toHaveProperty('wouldDeny');
  });
});

describe('a group of seats', () => {
  test.each([
    ['Bay 4', 'Bay 4', true],
    ['Bay *', 'Bay 4', true],
    ['*', 'anything', true],
    ['*4', 'Bay 4', true],
    ['B*y*4', 'Bay 14', true],
    ['B*y*4', 'By4', true],
    ['Bay 4*4', 'Bay 4', false],
    ['Bay', 'Bay 4', false],
    ['a*b*c', 'acb', false],
    ['a*bc*c', 'abc', false],
  ])('%s: %s is in it: %s', (pattern, seat, isIn) => expect(groupsOf(seat, [{ id: 'g', seats: [pattern] }]).has('g')).toBe(isIn));
});

describe('an explanation', () => {
  test('names each rule about the application, the strongest first, and why the silent ones are silent', () => {
    const rules: readonly AppRule[] = [
      { id: 'everything', effect: 'deny' },
      { id: 'icu-night', effect: 'deny', apps: ['calc'], wards: ['er'], days: ['sun'] },
      { id: 'recall', effect: 'allow', contents: [sha('c')] },
      { id: 'other', effect: 'deny', apps: ['chart'] },
    ];
    expect(explain({ appId: 'calc', session: nurse, where }, { ...good, rules })).toEqual({
      decision: { effect: 'allow', reason: 'rule', ruleId: 'recall', generation: 5, cacheable: false },
      heard: [
        { ruleId: 'recall', effect: 'allow', level: 'content', unmet: [] },
        { ruleId: 'icu-night', effect: 'deny', level: 'app', unmet: ['wards', 'days'] },
        { ruleId: 'role:nurse', effect: 'allow', level: 'app', unmet: [] },
        { ruleId: 'role:porter', effect: 'allow', level: 'app', unmet: ['roles'] },
        { ruleId: 'everything', effect: 'deny', level: 'any', unmet: [] },
      ],
    });
  });
  test('of an unknown application has nothing to name', () =>
    expect(explain({ appId: 'ghost', session: nurse, where }, good).heard).toEqual([]));
});

const some = <T>(values: readonly T[]) => fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: undefined });
const anyRule = fc.record(
  {
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    contents: some([sha('c'), sha('5'), sha('0')]),
    apps: some(['calc', 'chart', 'stock']),
    paths: some(['/usr/bin/xcalc', '/opt/stock']),
    roles: some(['nurse', 'porter']),
    wards: some(['icu', 'er']),
    days: some(WEEKDAYS),
  },
  { requiredKeys: ['effect'] },
);
const anyRules = fc
  .array(anyRule, { maxLength: 12 })
  .map((rules) => rules.map((rule, index): AppRule => ({ ...defined(rule), id: `r${index}` })));
const anyFacts = fc.record({
  appId: fc.constantFrom('calc', 'chart', 'stock', 'ghost'),
  session: fc.constantFrom(nurse, { kind: 'person', role: 'porter' } as const, { kind: 'breakglass' } as const, null),
  where: fc.record({
    ward: fc.constantFrom('icu', 'er'),
    seat: fc.constant('Bay 4'),
    day: fc.constantFrom(...WEEKDAYS),
    minute: fc.nat(1439),
  }),
});

const MODES = ['lockdown', 'monitor'] as const;

function defined(rule: Omit<AppRule, 'id'> | { readonly [key: string]: unknown; readonly effect: AppRule['effect'] }): Omit<AppRule, 'id'> {
  return { effect: rule.effect, ...Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) };
}

describe('for any policy', () => {
  test('the order of rules, applications and roles never matters', () => {
    fc.assert(
      fc.property(anyRules, anyFacts, fc.infiniteStream(fc.nat(1_000)), (rules, facts, dice) => {
        const mix = <T>(list: readonly T[]): readonly T[] =>
          list
            .map((value) => ({ value, at: dice.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ value }) => value);
        const mixed = { ...good, rules: mix(rules), apps: mix(good.apps), roles: mix(good.roles) };
        for (const mode of MODES) expect(decide(facts, { ...mixed, mode })).toEqual(decide(facts, { ...good, rules, mode }));
      }),
    );
  });
  test('one more deny never allows, and one more allow never denies', () => {
    fc.assert(
      fc.property(anyRules, anyRule, anyFacts, (rules, more, facts) => {
        const before = decide(facts, { ...good, rules }).effect;
        const after = decide(facts, { ...good, rules: [...rules, { ...defined(more), id: 'one-more' }] }).effect;
        if (before !== after) expect(after).toBe(more.effect);
      }),
    );
  });
  test('the most specific rules that speak decide, and among them a deny', () => {
    fc.assert(
      fc.property(anyRules, anyFacts, (rules, facts) => {
        const asked = { ...good, rules };
        const { decision, heard } = explain(facts, asked);
        const speaking = heard.filter(({ unmet }) => unmet.length === 0);
        const [first] = speaking;
        if (first === undefined || facts.session?.kind !== 'person') return;
        const heaviest = speaking.filter(({ level }) => level === first.level);
        expect(decision.effect).toBe(heaviest.some(({ effect }) => effect === 'deny') ? 'deny' : 'allow');
        expect(heaviest.map(({ ruleId }) => ruleId)).toContain(decision.ruleId);
      }),
    );
  });
  test('monitor mode allows what lockdown allows for the same reason, and names exactly what lockdown would deny', () => {
    fc.assert(
      fc.property(anyRules, anyFacts, (rules, facts) => {
        const [lockdown, monitor] = MODES.map((mode) => decide(facts, { ...good, rules, mode }));
        const canStart = lockdown?.reason !== 'no-session' && lockdown?.reason !== 'app-unknown';
        if (lockdown?.effect === 'allow' || !canStart) expect(monitor).toEqual(lockdown);
        else expect(monitor).toEqual({ ...lockdown, effect: 'allow', reason: 'monitor', wouldDeny: lockdown?.reason });
      }),
    );
  });
  test('nothing is allowed without a session, an application and a rule that is named', () => {
    fc.assert(
      fc.property(anyRules, anyFacts, (rules, facts) => {
        const decision = decide(facts, { ...good, rules });
        if (decision.effect === 'deny') return;
        expect(facts.session).not.toBeNull();
        expect(['breakglass', 'role:nurse', 'role:porter', ...rules.map(({ id }) => id)]).toContain(decision.ruleId);
      }),
    );
  });
});
