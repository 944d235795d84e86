/** The sentences of a policy's changes, and that no change goes without one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { differences } from './diff.ts';
import { valueOf } from './diff-words.ts';
import type { PolicyDocument } from './schema.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const calc = {
  id: 'calc',
  name: 'Calculator',
  kind: 'native',
  icon: 'sums',
  path: '/usr/bin/xcalc',
  sha256: 'a'.repeat(64),
  args: ['-rpn'],
  env: {},
  children: [],
} as const satisfies PolicyDocument['apps'][number];
const web: PolicyDocument['apps'][number] = {
  id: 'chart',
  name: 'Chart',
  kind: 'web',
  icon: 'book',
  url: 'https://a.example/',
  origins: ['https://a.example'],
};
const before: PolicyDocument = {
  schema: 'wardlock-policy/1',
  tenant: 'clinic',
  version: 1,
  issuedAt: '2030-01-01T00:00:00Z',
  expiresAt: '2031-01-01T00:00:00Z',
  helpdesk: 'IT: 4711',
  recipients: [
    { id: 'auditor', role: 'reader', publicKey: key(1) },
    { id: 'vault', role: 'escrow', publicKey: key(2) },
  ],
  timers: { warnAfterSeconds: 60, warningSeconds: 20, keepSeconds: 600, maxSessionSeconds: 3600, staleAfterSeconds: 86_400 },
  pin: { minDigits: 4, maxConsecutiveFailures: 5, firstWaitSeconds: 30 },
  apps: [{ ...calc }, web],
  roles: [{ id: 'nurse', name: 'Nurse', apps: ['calc'] }],
  rules: [{ id: 'nights', effect: 'deny', apps: ['chart'], between: { from: '22:00', until: '06:00' } }],
  breakGlass: { enabled: true, needsBadge: true, limitSeconds: 900, apps: ['chart'], reasons: [{ id: 'code', text: 'Code blue' }] },
};
const sentences = (after: PolicyDocument) => differences(before, after).map(({ sentence }) => sentence);

describe('a difference of policies', () => {
  test('is none between equal ones', () => expect(differences(before, structuredClone(before))).toEqual([]));

  test.each<[string, Partial<PolicyDocument>, readonly string[]]>([
    ['a timer', { timers: { ...before.timers, warnAfterSeconds: 90 } }, ['Idle time until the warning: 1 min before, 90 s now.']],
    [
      'what a role may start',
      { roles: [{ id: 'nurse', name: 'Nurse', apps: ['chart'] }] },
      ['Nurse may now start Chart.', 'Nurse may no longer start Calculator.'],
    ],
    [
      'an upgraded program',
      { apps: [{ ...calc, sha256: 'b'.repeat(64) }, web] },
      ['The application Calculator has another content: aaaaaaaaaaaa… before, bbbbbbbbbbbb… now.'],
    ],
    ['arguments', { apps: [{ ...calc, args: [] }, web] }, ['The application Calculator: args -rpn before, none now.']],
    [
      'an application that is gone',
      { apps: [{ ...calc }], breakGlass: { ...before.breakGlass, apps: ['calc'] } },
      ['The application Chart is gone.', 'Emergency access may now start Calculator.', 'Emergency access may no longer start Chart.'],
    ],
    [
      'a new role',
      { roles: [...before.roles, { id: 'porter', name: 'Porter', apps: [] }] },
      ['New role: Porter, which may start nothing.'],
    ],
    [
      'a new rule',
      { rules: [...(before.rules ?? []), { id: 'icu', effect: 'allow', apps: ['chart'], wards: ['icu'] }] },
      ['New rule: icu (allow, apps chart, wards icu).'],
    ],
    ['the first rules', { rules: [] }, ['The rule nights is gone.']],
    ['a switch', { breakGlass: { ...before.breakGlass, needsBadge: false } }, ['A badge for emergency access: yes before, no now.']],
    [
      'the order of applications',
      { apps: [web, { ...calc }] },
      ['The order of each application changed. It decides nothing but the order of the tiles.'],
    ],
    [
      'something without words of its own',
      { signIn: { rules: [], suggestNames: true } },
      ['Sign in, rules: none, as before.', 'Names offered while somebody types one: not given before, yes now.'],
    ],
    ['monitor mode', { mode: 'monitor' }, ['Whether the policy holds or only watches: not given before, monitor now.']],
    [
      'failures',
      { failures: { recordingBroken: 'lock', emergencyUnrecordedMinutes: 5 } },
      [
        'What happens when the record cannot be written: not given before, lock now.',
        'Minutes of emergency access that nothing records: not given before, 5 now.',
      ],
    ],
    ['failures that say nothing', { failures: {} }, ['Failures: not given before, as usual now.']],
    [
      'looks and languages',
      { languages: ['de', 'en'], branding: { siteName: 'St Elsewhere', accent: 'plum' } },
      [
        'Languages of the screens: not given before, de, en now.',
        'The name of the site on the screens: not given before, St Elsewhere now.',
        'The colour of the screens: not given before, plum now.',
      ],
    ],
    [
      'what a program may do',
      {
        apps: [
          {
            ...calc,
            scripts: [{ path: '/opt/a.py', sha256: 'b'.repeat(64) }],
            workingFolder: '/srv',
            oneInstance: false,
            onLock: 'freeze',
          },
          web,
        ],
      },
      [
        'The application Calculator: scripts not given before, path /opt/a.py with sha256 bbbbbbbbbbbb… now.',
        'The application Calculator: working folder not given before, /srv now.',
        'The application Calculator: one instance not given before, no now.',
        'The application Calculator: on lock not given before, freeze now.',
      ],
    ],
    [
      'what pages may do',
      { apps: [{ ...calc }, { ...web, patterns: ['https://a.example/x/*'], downloads: 'allow', print: true, clipboard: 'read-write' }] },
      [
        'The application Chart: patterns not given before, https://a.example/x/* now.',
        'The application Chart: downloads not given before, allow now.',
        'The application Chart: print not given before, yes now.',
        'The application Chart: clipboard not given before, read-write now.',
      ],
    ],
    [
      'an override',
      { overrides: [{ id: 'icu', wards: ['icu'], timers: { warnAfterSeconds: 300 } }] },
      ['New override: icu (wards icu, timers idle time until the warning 5 min).'],
    ],
    [
      'ways to come in',
      { signIn: { rules: [{ roles: ['nurse'], nameAndPin: true, between: { from: '22:00', until: '06:00' } }] } },
      ['New sign-in rule: roles nurse with name and pin yes with between 22:00 to 06:00.'],
    ],
  ])('tells of %s', (_name, change, expected) => expect(sentences({ ...before, ...change })).toEqual(expected));

  test('tells of each timer of an override', () => {
    const of = (timers: Partial<PolicyDocument['timers']>): PolicyDocument => ({
      ...before,
      overrides: [{ id: 'icu', wards: ['icu'], timers }],
    });
    const found = differences(of({ warnAfterSeconds: 300, keepSeconds: 60 }), of({ warnAfterSeconds: 600 })).map(
      ({ sentence }) => sentence,
    );
    expect(found).toEqual([
      'The override icu: idle time until the warning 5 min before, 10 min now.',
      'The override icu: how long the work of a locked session is kept 1 min before, not given now.',
    ]);
  });
  test('is none where names stand in another order that nothing heeds, and one where it is heeded', () => {
    const nights = { id: 'nights', effect: 'deny', between: { from: '22:00', until: '06:00' } } as const;
    const of = (days: ('sat' | 'sun')[], apps: string[], languages: ('de' | 'en')[]): PolicyDocument => ({
      ...before,
      rules: [{ ...nights, days, apps }],
      overrides: [{ id: 'o', days, devices: { usbClasses: days[0] === 'sat' ? ['hid', 'audio'] : ['audio', 'hid'] } }],
      signIn: { rules: [{ days, nameAndPin: true }] },
      languages,
    });
    const one = of(['sat', 'sun'], ['chart', 'calc'], ['de', 'en']);
    expect(differences(one, of(['sun', 'sat'], ['calc', 'chart'], ['de', 'en']))).toEqual([]);
    expect(differences(one, of(['sat', 'sun'], ['chart', 'calc'], ['en', 'de']))).toHaveLength(1);
    expect(differences(one, of(['sun'], ['chart', 'calc'], ['de', 'en']))).not.toEqual([]);
  });
  test('says 1 day, and 2 days', () => {
    const found = differences(before, { ...before, timers: { ...before.timers, staleAfterSeconds: 172_800 } });
    expect(found.map(({ sentence }) => sentence)).toEqual(['Offline time until the policy counts as stale: 1 day before, 2 days now.']);
  });
  test('has no JSON in any sentence, whatever a preset or another says', () => {
    const folder = join(import.meta.dirname, 'presets');
    const presets = readdirSync(folder).map(
      (name): PolicyDocument => parse(readFileSync(join(folder, name), 'utf8'), [], { allowTrailingComma: true }),
    );
    const found = presets.flatMap((one) => presets.flatMap((other) => differences(one, other)));
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(({ sentence }) => /[{}"[\]]|undefined/.test(sentence))).toEqual([]);
  });

  test('never passes over a change', () => {
    const paths = [...leavesOf(before, [])];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.oneof(fc.string(), fc.integer(), fc.boolean()), (path, value) => {
        const after = structuredClone(before);
        const old = put(after, path, value);
        expect(differences(before, after).length > 0).toBe(old !== value);
      }),
    );
  });
});

function* leavesOf(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) yield path;
  else for (const [field, inner] of Object.entries(value)) yield* leavesOf(inner, [...path, field]);
}

/** Sets a leaf and gives back what was there. */
function put(root: object, path: readonly string[], value: unknown): unknown {
  const [field = '', ...rest] = path;
  const inner: unknown = Reflect.get(root, field);
  if (rest.length > 0 && typeof inner === 'object' && inner !== null) return put(inner, rest, value);
  Reflect.set(root, field, value);
  return inner;
}

test('a time inside a value is told with its unit once', () => {
  expect(valueOf('/factors/0/badge', { withinSeconds: 28_800, confirmedSeconds: 90 })).toBe('within 8 h with confirmed 90 s');
});
