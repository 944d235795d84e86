/** What no policy may take from a seat, case by case. */
import { describe, expect, test } from 'vitest';
import type { CandidateFacts } from './facts.ts';
import { neverBrick, type OwnPrograms } from './never-brick.ts';

const sha = (digit: string): string => digit.repeat(64);
const own: OwnPrograms = { folders: ['/srv/seat/'], contents: new Map([[sha('9'), "root's shell"]]) };
const good: CandidateFacts = {
  tenant: 'clinic',
  version: 5,
  issuedAt: '2030-01-01T00:00:00Z',
  expiresAt: '2031-01-01T00:00:00Z',
  recipients: [],
  apps: [{ id: 'calc', path: '/usr/bin/xcalc', sha256: sha('c') }, { id: 'shell', path: '/bin/sh', sha256: sha('5') }, { id: 'chart' }],
  roles: [
    { id: 'nurse', apps: ['calc', 'chart'] },
    { id: 'lead', apps: ['chart'] },
  ],
  breakGlass: { enabled: true, apps: ['chart'], reasons: [] },
};
const found = (change: Partial<CandidateFacts>) =>
  neverBrick({ ...good, ...change }, () => own).map(({ path, message }) => `${path.join('/')}: ${message}`);
const denied = (names: object) => found({ rules: [{ id: 'd', effect: 'deny', ...names }] });

describe('a policy that could brick a seat is refused by name', () => {
  test('and any other is not', () => {
    expect(found({})).toEqual([]);
    expect(denied({ paths: ['/usr/bin/xcalc'], contents: [sha('c')], apps: ['calc'] })).toEqual([]);
    expect(denied({})).toEqual([]);
    expect(found({ rules: [{ id: 'a', effect: 'allow', paths: ['/bin/sh'], apps: ['shell'] }] })).toEqual([]);
  });
  test.each([
    [{ paths: ['/usr/bin/xcalc', '/opt/Wardlock/seat/agent.js'] }, 'rules/0/paths/1', 'the agent'],
    [{ paths: ['/opt//Wardlock/./seat/../seat'] }, 'rules/0/paths/0', 'the agent'],
    [{ paths: ['/opt/Wardlock'] }, 'rules/0/paths/0', 'the agent'],
    [{ paths: ['/srv/seat/agent/main.ts'] }, 'rules/0/paths/0', 'a part of Wardlock'],
    [{ paths: ['/usr/sbin/pcscd'] }, 'rules/0/paths/0', 'the reader service'],
    [{ paths: ['/usr/bin/login'] }, 'rules/0/paths/0', 'recovery login'],
    [{ paths: ['/../usr/bin/bash'] }, 'rules/0/paths/0', "root's shell"],
    [{ contents: [sha('c'), sha('9')] }, 'rules/0/contents/1', "root's shell"],
    [{ apps: ['calc', 'shell'], roles: ['nurse'] }, 'rules/0/apps/1', "root's shell"],
  ])('by a rule that denies one of its parts: %j', (names, path, part) => {
    const [first = '', ...more] = denied(names);
    expect(more).toEqual([]);
    expect(first).toContain(`${path}: Rule d denies ${part} (`);
  });
  test('where a role finds nothing to start, ever', () => {
    const roles = [...good.roles, { id: 'porter', apps: [] }];
    expect(found({ roles })).toEqual([
      'roles/2: Role porter may sign in and may start nothing, anywhere at any time. Give it an application.',
    ]);
    expect(found({ roles, rules: [{ id: 'a', effect: 'allow', apps: ['calc'], roles: ['porter'], days: ['sun'] }] })).toEqual([]);
    const lead = { id: 'd', effect: 'deny' as const, apps: ['chart'], roles: ['lead'] };
    expect(found({ rules: [lead] })).toEqual([expect.stringContaining('roles/1: Role lead')]);
    expect(found({ rules: [{ ...lead, between: { from: '22:00', until: '06:00' } }] })).toEqual([]);
  });
  test('where signing in asks for a role that nobody can have', () => {
    expect(found({ signIn: { rules: [{ roles: ['ghost'] }, { secondPerson: { roles: ['lead', 'boss'] } }] } })).toEqual([
      'signIn/rules/0/roles/0: A sign-in rule names the role ghost, which roles does not have: nobody can have it.',
      'signIn/rules/1/secondPerson/roles/1: The second person names the role boss, which roles does not have: nobody can have it.',
    ]);
  });
  test('where nobody could come in any more', () => {
    const readers = { pcsc: false, keyboard: { allowed: false } };
    expect(found({ readers })).toEqual([expect.stringContaining('nobody could come in')]);
    expect(found({ readers, signIn: { rules: [{ nameAndPin: true }] } })).toEqual([]);
    const signIn = { rules: [], staffAge: { tooOld: 'breakglass' as const } };
    expect(found({ signIn })).toEqual([]);
    expect(found({ signIn, breakGlass: { ...good.breakGlass, enabled: false } })).toEqual([
      expect.stringContaining('signIn/staffAge/tooOld: '),
    ]);
  });
  test('where devices takes the keyboards, or the readers that are expected', () => {
    expect(found({ devices: { usbClasses: ['printer'] } })).toEqual([expect.stringContaining('devices: devices lets no keyboard be')]);
    expect(found({ devices: { usbClasses: ['hid'] } })).toEqual([]);
    expect(found({ devices: { usbDevices: [{ use: 'keyboard' }] } })).toEqual([]);
    expect(found({ devices: { usbDevices: [{}] } })).toHaveLength(1);
    const readers = { expected: true };
    expect(found({ readers, devices: { usbClasses: ['hid'] } })).toEqual([expect.stringContaining('readers are expected')]);
    expect(found({ readers, devices: { usbClasses: ['hid', 'smart-card'] } })).toEqual([]);
    expect(found({ overrides: [{ id: 'o', devices: { usbClasses: [] } }] })).toEqual([expect.stringContaining('overrides/0/devices: ')]);
  });
  test("the machine's own programs are read only where a rule denies something by name", () => {
    const unread = (): OwnPrograms => {
      throw new Error('read');
    };
    expect(neverBrick(good, unread)).toEqual([]);
    expect(() => neverBrick({ ...good, rules: [{ id: 'd', effect: 'deny', apps: ['calc'] }] }, unread)).toThrow('read');
  });
});
