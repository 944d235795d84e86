/** Why a program would run: the same answer as the seat gives when it starts the application. */
import { expect, test } from 'vitest';
import { testPolicy } from '../test/support/policy.ts';
import { runs, usesOf } from './explain.ts';
import type { NativeApp, PolicyDocument } from './schema.ts';

const sha = (digit: string): string => digit.repeat(64);
const stock: NativeApp = {
  id: 'stock',
  name: 'Stock',
  kind: 'native',
  icon: 'app',
  path: '/opt/stock',
  sha256: sha('5'),
  args: [],
  env: {},
  children: [{ path: '/opt/helper', sha256: sha('d') }],
  scripts: [{ path: '/opt/count.py', sha256: sha('e') }],
};
const document = (change: Partial<PolicyDocument> = {}): PolicyDocument =>
  testPolicy(1, { reader: 'AAAA', escrow: 'BBBB' }, { apps: [stock], roles: [{ id: 'nurse', name: 'Nurse', apps: ['stock'] }], ...change });
const session = { kind: 'person', role: 'nurse' } as const;
const where = { ward: 'icu', seat: 'Bay 4', day: 'mon', minute: 0 } as const;
const asked = (path: string, sha256: string, of: PolicyDocument) =>
  usesOf(of, { path, sha256, isAt: (other) => other === path }, { session, where }).map((use) => [use.as, use.recalled, runs(use)]);

test('a program, its children and its scripts run as the policy names them', () => {
  expect(asked('/opt/stock', sha('5'), document())).toEqual([['app', false, true]]);
  expect(asked('/opt/helper', sha('d'), document())).toEqual([['child', false, true]]);
  expect(asked('/opt/count.py', sha('e'), document())).toEqual([['script', false, true]]);
  expect(asked('/opt/other.py', sha('e'), document())).toEqual([]);
  expect(asked('/opt/helper', sha('0'), document())).toEqual([['child', false, false]]);
});

test.each([{ contents: [sha('d')] }, { paths: ['/opt/helper'] }])('a child that is recalled (%j) would not run', (names) =>
  expect(asked('/opt/helper', sha('d'), document({ rules: [{ id: 'recall', effect: 'deny', ...names }] }))).toEqual([
    ['child', true, false],
  ]),
);
