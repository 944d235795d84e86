/** The law of the never-brick set: no policy that passes denies one of its parts, in the decision or in an engine's rules. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../core/decision/decide.ts';
import { WEEKDAYS } from '../../core/decision/rule.ts';
import { NEVER_BRICK, type OwnPrograms } from '../../core/policy/never-brick.ts';
import { testPolicy } from '../../test/support/policy.ts';
import { parsePolicy } from '../parse.ts';
import type { NativeApp, PolicyDocument } from '../schema.ts';
import { compileFapolicyd } from './fapolicyd.ts';
import { executes } from './test-executes.ts';

const sha = (digit: string): string => digit.repeat(64);
const parts = NEVER_BRICK.flatMap(({ name, paths }, index) =>
  paths.map((path, at) => ({
    name,
    path: path.endsWith('/') ? `${path}main` : path,
    sha256: `${index}${at}`.padEnd(64, 'f'),
  })),
);
const own: OwnPrograms = { folders: [], contents: new Map(parts.map(({ sha256, name }) => [sha256, name])) };
const OWN_UIDS = [0, 990, 991];
const APP_UID = 1500;
const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
const app = (id: string, path: string, sha256: string): NativeApp => {
  return { id, name: id, kind: 'native', icon: 'x', path, sha256, args: [], env: {}, children: [] };
};
const apps = [app('calc', '/opt/calc', sha('c')), app('stock', '/opt/stock', sha('5')), app('shell', '/usr/bin/bash', sha('7'))];

const some = <T>(values: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }), { nil: undefined });
const disguised = fc.constantFrom(
  (path: string) => path,
  (path: string) => path.replaceAll('/', '//'),
  (path: string) => `/tmp/..${path}`,
  (path: string) => `${path}/.`,
);
const anyPath = fc.tuple(fc.constantFrom(...parts.map(({ path }) => path), '/opt/calc', '/opt/stock', '/opt/other'), disguised);
const anyRule = fc
  .record({
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    contents: some([sha('c'), sha('5'), sha('0'), sha('1'), sha('2'), ...parts.slice(0, 3).map(({ sha256 }) => sha256)]),
    apps: some(['calc', 'stock', 'shell']),
    paths: fc.option(
      fc.array(
        anyPath.map(([path, hide]) => hide(path)),
        { minLength: 1, maxLength: 2 },
      ),
      { nil: undefined },
    ),
    roles: some(['nurse', 'porter']),
    wards: some(['icu', 'er']),
    days: some(WEEKDAYS),
  })
  .map((rule) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)));
const anyDocument = fc.array(anyRule, { maxLength: 3 }).map(
  (rules): PolicyDocument =>
    testPolicy(1, keys, {
      apps,
      roles: [
        { id: 'nurse', name: 'Nurse', apps: ['calc'] },
        { id: 'porter', name: 'Porter', apps: ['calc', 'stock'] },
      ],
      rules: rules.map((rule, index) => ({ effect: 'deny', ...rule, id: `rule-${index}` })),
      breakGlass: { enabled: true, needsBadge: false, limitSeconds: 900, apps: ['calc'], reasons: [{ id: 'code', text: 'Code' }] },
    }),
);

test('whatever policy passes denies no part of the never-brick set, in the decision and in the rules of fapolicyd', () => {
  const passed = { yes: 0, no: 0 };
  fc.assert(
    fc.property(anyDocument, fc.constantFrom('icu', 'er'), fc.constantFrom(...WEEKDAYS), (document, ward, day) => {
      const parsed = parsePolicy(JSON.stringify(document), { comments: false, own: () => own });
      if (!parsed.ok) {
        passed.no += 1;
        expect(parsed.problems.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
        return;
      }
      passed.yes += 1;
      // As if each part were an application of every role: then only a rule that means it could deny it.
      const meant = parts.map(({ path, sha256 }, index) => app(`part-${index}`, path, sha256));
      const ids = meant.map(({ id }) => id);
      const asked = { ...parsed.document, apps: [...apps, ...meant], roles: parsed.document.roles.map((role) => ({ ...role, apps: ids })) };
      for (const { id } of meant)
        for (const role of ['nurse', 'porter']) {
          const facts = { appId: id, session: { kind: 'person', role } as const, where: { ward, seat: 'Bay 4', day, minute: 0 } };
          expect({ id, effect: decide(facts, asked).effect }).toEqual({ id, effect: 'allow' });
        }
      const compiled = compileFapolicyd(parsed.document, {
        place: {},
        uids: [APP_UID],
        ownUids: OWN_UIDS,
        programs: new Map(),
        loaders: [],
      });
      const rules = compiled.files[0]?.text ?? '';
      for (const { path, sha256 } of parts)
        for (const uid of OWN_UIDS) expect(executes(rules, { uid, exe: '/usr/sbin/init', path, sha256 })).toBe(true);
    }),
    { seed: 20_300_102, numRuns: 400 },
  );
  expect(Math.min(passed.yes, passed.no)).toBeGreaterThan(40);
});
