/** The sentences of a policy's changes, and that no change goes without one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differences } from './diff.ts';
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
      ['Sign in: not given before, {"rules":[],"suggestNames":true} now.'],
    ],
  ])('tells of %s', (_name, change, expected) => expect(sentences({ ...before, ...change })).toEqual(expected));

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
