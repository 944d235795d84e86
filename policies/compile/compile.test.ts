/** Compiled policies: what the engines are told, what is said to be missing, and that no engine is told more than the seat allows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../core/decision/decide.ts';
import { WEEKDAYS } from '../../core/decision/rule.ts';
import { isPreset, PRESETS } from '../preset.ts';
import type { NativeApp, PolicyDocument, WebApp } from '../schema.ts';
import { presetPolicy } from '../test-preset.ts';
import { compileChromium } from './chromium.ts';
import { compileFapolicyd, type FapolicydFacts } from './fapolicyd.ts';
import { reachOf } from './reach.ts';
import { executes } from './test-executes.ts';
import { compileUsbguard } from './usbguard.ts';

type Rules = NonNullable<PolicyDocument['rules']>;

const sha = (digit: string): string => digit.repeat(64);
const LOADER = { path: '/usr/lib/ld.so', size: 9, sha256: sha('9') };

const base = presetPolicy('nursing-station');
const native = (id: string, digit: string, children: NativeApp['children'] = []): NativeApp => {
  const path = `/opt/${id}`;
  return { id, name: id, kind: 'native', icon: 'x', path, sha256: sha(digit), args: [], env: {}, children };
};
const web = (id: string, ...origins: string[]): WebApp => ({ id, name: id, kind: 'web', icon: 'x', url: `${origins[0]}/`, origins });
const small = (change: Partial<PolicyDocument>): PolicyDocument => ({
  ...base,
  apps: [native('calc', 'c', [{ path: '/opt/helper', sha256: sha('d') }]), native('stock', '5'), web('chart', 'https://chart.example')],
  roles: [
    { id: 'nurse', name: 'Nurse', apps: ['calc', 'chart'] },
    { id: 'porter', name: 'Porter', apps: [] },
  ],
  rules: [],
  seatGroups: [{ id: 'bays', seats: ['Bay *'] }],
  breakGlass: { ...base.breakGlass, enabled: false, apps: [] },
  ...change,
});

function factsFor({ apps }: PolicyDocument): FapolicydFacts {
  const named = apps.flatMap((app) => (app.kind === 'native' ? [app, ...app.children] : []));
  return {
    place: {},
    uids: [1500, 1501],
    ownUids: [0, 990],
    programs: new Map(named.map(({ path, sha256 }) => [path, { path, size: 4, sha256 }])),
    loaders: [LOADER],
  };
}

const textOf = (compiled: { readonly files: ReadonlyArray<{ readonly text: string }> }, index = 0): string =>
  compiled.files[index]?.text ?? '';
const sentences = (compiled: { readonly leftOut: ReadonlyArray<{ readonly sentence: string }> }): string =>
  compiled.leftOut.map(({ sentence }) => sentence).join('\n');

const started = { uid: 1500, exe: '/opt/starter' };

describe.each(Object.keys(PRESETS).filter(isPreset))('the preset %s', (name) => {
  const document = presetPolicy(name);
  test('becomes fapolicyd rules and trust for each of its programs', () => {
    const compiled = compileFapolicyd(document, factsFor(document));
    const programs = document.apps.filter((app) => app.kind === 'native');
    for (const app of programs) expect(executes(textOf(compiled), { ...started, path: app.path, sha256: app.sha256 })).toBe(true);
    expect(executes(textOf(compiled), { ...started, path: '/usr/bin/unlisted', sha256: sha('f') })).toBe(false);
    expect(textOf(compiled, 1).split('\n')).toHaveLength(new Set(programs.map(({ path }) => path)).size + 2);
    expect(compiled.leftOut.length).toBeGreaterThan(0);
  });
  test('becomes a Chromium policy with exactly its origins, or the patterns in their place', () => {
    const policy: { URLAllowlist: string[]; URLBlocklist: string[] } = JSON.parse(textOf(compileChromium(document, {})));
    const origins = new Set(document.apps.flatMap((app) => (app.kind === 'web' ? (app.patterns ?? app.origins) : [])));
    expect(policy.URLAllowlist).toHaveLength(origins.size);
    expect(policy.URLBlocklist).toEqual(['*']);
  });
  test('says for each conditional rule what an engine loses', () => {
    const conditional = (document.rules ?? []).filter((rule) =>
      Object.keys(rule).some((field) => field === 'roles' || field === 'between' || field === 'days'),
    );
    const said = sentences(compileChromium(document, {}));
    for (const { id } of conditional) expect(said).toContain(`Rule ${id}:`);
  });
});

describe('fapolicyd', () => {
  const compiled = (change: Partial<PolicyDocument>, facts: Partial<FapolicydFacts> = {}) => {
    const document = small(change);
    return compileFapolicyd(document, { ...factsFor(document), ...facts });
  };
  const calc = { ...started, path: '/opt/calc', sha256: sha('c') };
  const helper = { ...started, path: '/opt/helper', sha256: sha('d') };
  test('allows by path and content, and neither alone', () => {
    const rules = textOf(compiled({}));
    expect(executes(rules, calc)).toBe(true);
    expect(executes(rules, { ...calc, path: '/tmp/calc' })).toBe(false);
    expect(executes(rules, { ...calc, sha256: sha('0') })).toBe(false);
  });
  test.each([0, 990])('is never written for a user of the seat itself (%d)', (uid) =>
    expect(() => compiled({}, { uids: [1500, uid] })).toThrow(expect.objectContaining({ code: 'POLICY_BRICKS' })),
  );
  test('allows a child to its application and its other children only', () => {
    const rules = textOf(compiled({}));
    expect(executes(rules, helper)).toBe(false);
    expect(executes(rules, { ...helper, exe: '/opt/calc' })).toBe(true);
    expect(executes(rules, { ...helper, exe: '/opt/helper' })).toBe(true);
  });
  test('leaves root and everybody else alone, whatever the policy says', () => {
    const rules = textOf(
      compiled({
        rules: [
          { id: 'd', effect: 'deny' },
          { id: 'e', effect: 'deny', contents: [sha('e')] },
        ],
      }),
    );
    for (const uid of [0, 1, 999, 1502]) expect(executes(rules, { ...started, uid, path: '/bin/sh', sha256: sha('e') })).toBe(true);
  });
  test('a recalled content is denied before anything is allowed', () => {
    const recalled = compiled({ rules: [{ id: 'd', effect: 'deny', contents: [sha('c'), sha('d')] }] });
    expect(executes(textOf(recalled), calc)).toBe(false);
    expect(executes(textOf(recalled), { ...helper, exe: '/opt/calc' })).toBe(false);
    expect(sentences(recalled)).toContain('calc is not allowed: nobody may start it at any time.');
  });
  test('what only some may start is allowed, and said', () => {
    const said = sentences(
      compiled({ rules: [{ id: 'nights', effect: 'deny', apps: ['calc'], between: { from: '22:00', until: '06:00' } }] }),
    );
    expect(said).toContain('Rule nights: fapolicyd knows no hours, so it denies nothing there.');
    expect(said).toContain('what Nurse may start (calc) is open to everybody');
  });
  test('a seat that is named settles wards and groups', () => {
    const rules: Rules = [{ id: 'r', effect: 'allow', apps: ['stock'], wards: ['icu'], seatGroups: ['bays'] }];
    const stock = { ...started, path: '/opt/stock', sha256: sha('5') };
    expect(executes(textOf(compiled({ rules })), stock)).toBe(true);
    expect(executes(textOf(compiled({ rules }, { place: { ward: 'icu', seat: 'Bay 4' } })), stock)).toBe(true);
    expect(executes(textOf(compiled({ rules }, { place: { ward: 'er', seat: 'Bay 4' } })), stock)).toBe(false);
    expect(executes(textOf(compiled({ rules }, { place: { ward: 'icu', seat: 'Desk 1' } })), stock)).toBe(false);
  });
  test.each([' /x : all', '/opt/two words', '/opt/a,b', '/opt/a\nallow perm=any all : all'])(
    'a path that its rules cannot write is left out: %j',
    (path) => {
      const document = small({ apps: [{ ...native('calc', 'c'), path }, web('chart', 'https://chart.example')] });
      const result = compileFapolicyd(document, { ...factsFor(document) });
      const without = small({ apps: [web('chart', 'https://chart.example')] });
      expect(textOf(result)).toBe(textOf(compileFapolicyd(without, factsFor(without))));
      expect(result.leftOut.some(({ path: at }) => at === '/apps/0')).toBe(true);
    },
  );
  test('another content on this machine is no trust', () => {
    const programs = new Map([['/opt/calc', { path: '/opt/calc', size: 1, sha256: sha('0') }]]);
    const result = compiled({}, { programs });
    expect(textOf(result, 1)).toBe(`${LOADER.path} ${LOADER.size} ${LOADER.sha256}\n`);
    expect(sentences(result)).toContain('/opt/calc has another content on this machine');
    expect(sentences(result)).toContain('/opt/helper is not on this machine');
  });
  test('without a dynamic loader says why there is none', () => {
    expect(sentences(compiled({}, { loaders: [] }))).toContain('no program of the policy asks for one on this machine.');
    expect(sentences(compiled({}, { loaders: [], programs: new Map() }))).toContain('programs of the policy are not on this machine');
    expect(sentences(compiled({}))).not.toContain('No dynamic loader');
  });
});

test('Chromium is given an origin exactly: no subdomain, no other port', () => {
  const apps = [
    web('a', 'https://a.example', 'http://b.example:8080', 'https://10.0.0.1', 'https://[::1]:8443', 'https://x@y', 'https://*.z'),
  ];
  const roles = [{ id: 'nurse', name: 'Nurse', apps: ['a'] }];
  const compiled = compileChromium(small({ apps, roles }), {});
  const policy: { URLAllowlist: string[] } = JSON.parse(textOf(compiled));
  expect(policy.URLAllowlist).toEqual(['https://.a.example:443', 'http://.b.example:8080', 'https://10.0.0.1:443', 'https://[::1]:8443']);
  expect(compiled.leftOut.filter(({ path }) => path.startsWith('/apps/0/origins/')).map(({ path }) => path)).toEqual([
    '/apps/0/origins/4',
    '/apps/0/origins/5',
  ]);
});

describe('Chromium and what pages may do', () => {
  const compiledWith = (...changes: readonly Partial<WebApp>[]) => {
    const apps = changes.map((change, index) => ({ ...web(`w${index}`, `https://w${index}.example`), ...change }));
    const result = compileChromium(small({ apps, roles: [{ id: 'nurse', name: 'Nurse', apps: apps.map(({ id }) => id) }] }), {});
    const policy: Record<string, unknown> = JSON.parse(textOf(result));
    return { policy, places: result.leftOut.map(({ path }) => path).filter((path) => path.startsWith('/apps/')) };
  };
  test('shuts printing, downloads and clipboard where nothing is said', () => {
    const { policy } = compiledWith({});
    expect(policy).toMatchObject({ PrintingEnabled: false, DownloadRestrictions: 3, DefaultClipboardSetting: 2 });
    expect(policy).not.toHaveProperty('ClipboardAllowedForUrls');
  });
  test('opens printing and downloads only where every application may, and says so otherwise', () => {
    const open = { print: true, downloads: 'allow' } as const;
    expect(compiledWith(open, open).policy).toMatchObject({ PrintingEnabled: true, DownloadRestrictions: 0 });
    const some = compiledWith(open, {});
    expect(some.policy).toMatchObject({ PrintingEnabled: false, DownloadRestrictions: 3 });
    expect(some.places).toEqual(['/apps/0/print', '/apps/0/downloads']);
  });
  test('opens the clipboard by address', () =>
    expect(compiledWith({ clipboard: 'read-write' }, {}).policy.ClipboardAllowedForUrls).toEqual(['https://w0.example']));
  test('is given how the addresses of a pattern begin, and what is wider than the pattern is said', () => {
    const patterns = ['https://w0.example/chart/**', 'https://w0.example/lab/*/print', 'https://w0.example/**'];
    const { policy, places } = compiledWith({ patterns });
    expect(policy.URLAllowlist).toEqual(['https://.w0.example:443/chart/', 'https://.w0.example:443/lab/', 'https://.w0.example:443']);
    expect(places).toEqual(['/apps/0/patterns/1']);
  });
});

test('what only the seat can hold to is said, with its place', () => {
  const scripts = [{ path: '/opt/a.py', sha256: sha('e') }];
  const document = small({
    mode: 'monitor',
    failures: { recordingBroken: 'lock' },
    overrides: [{ id: 'night', timers: { warnAfterSeconds: 30 } }],
    apps: [{ ...native('calc', 'c'), scripts, workingFolder: '/srv', oneInstance: false, onLock: 'end' }],
    roles: [{ id: 'nurse', name: 'Nurse', apps: ['calc'] }],
  });
  const places = compileFapolicyd(document, factsFor(document)).leftOut.map(({ path }) => path);
  const own = ['/apps/0/scripts', '/apps/0/workingFolder', '/apps/0/oneInstance', '/apps/0/onLock', '/mode', '/failures', '/overrides/0'];
  expect(own.filter((path) => !places.includes(path))).toEqual([]);
});

describe('USBGuard', () => {
  test('settles overrides of the ward and seat that it is compiled for, and names the others', () => {
    const document = small({
      devices: { usbClasses: ['hid'] },
      overrides: [
        { id: 'icu', wards: ['icu'], devices: { usbClasses: ['hid', 'printer'] } },
        { id: 'night', wards: ['icu'], days: ['sun'], devices: { usbClasses: ['hid', 'video'] } },
      ],
    });
    const placesOf = (place: Parameters<typeof compileUsbguard>[1]) => {
      const result = compileUsbguard(document, place);
      return [
        result?.leftOut.filter(({ path }) => path.startsWith('/overrides')).map(({ path }) => path),
        textOf(result ?? { files: [] }).includes('07:'),
      ];
    };
    expect(placesOf({})).toEqual([['/overrides/0/devices', '/overrides/1/devices'], false]);
    expect(placesOf({ ward: 'icu' })).toEqual([['/overrides/1/devices'], true]);
    expect(placesOf({ ward: 'er' })).toEqual([['/overrides/1/devices'], false]);
  });

  const rules = (devices: NonNullable<PolicyDocument['devices']>) =>
    textOf(compileUsbguard(small({ devices }), {}) ?? { files: [] })
      .split('\n')
      .slice(1, -1);
  test('makes nothing of a policy that says nothing about devices', () => expect(compileUsbguard(small({}), {})).toBeNull());
  test('blocks storage first and everything else last, and always lets hubs be', () =>
    expect(rules({})).toEqual(['block with-interface one-of { 08:*:* }', 'allow with-interface match-all { 09:*:* }', 'block']));
  test('takes devices of the classes only, and a second keyboard never', () =>
    expect(rules({ usbClasses: ['hid', 'smart-card'], usbDevices: [{ name: 'Scanner', id: '05e0:1200', serial: 'A 1' }] })).toEqual([
      'block with-interface one-of { 08:*:* }',
      'allow id 05e0:1200 serial "A 1"',
      'allow with-interface match-all { 09:*:* }',
      'block with-interface one-of { 03:00:01 03:01:01 } if allowed-matches(with-interface one-of { 03:00:01 03:01:01 })',
      'allow with-interface match-all { 03:*:* 0b:*:* }',
      'block',
    ]));
  test('says that it holds only where USBGuard runs', () =>
    expect(sentences(compileUsbguard(small({ devices: {} }), {}) ?? { leftOut: [] })).toContain('It holds only where USBGuard runs'));
});

describe('laws', () => {
  const some = <T>(values: readonly T[]) =>
    fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }), { nil: undefined });
  const clocks = ['00:00', '06:00', '22:00'] as const;
  const anyRule = fc
    .record({
      effect: fc.constantFrom('allow' as const, 'deny' as const),
      contents: some([sha('c'), sha('5')]),
      apps: some(['calc', 'stock', 'chart']),
      paths: some(['/opt/calc', '/opt/stock']),
      roles: some(['nurse', 'porter']),
      wards: some(['icu', 'er']),
      seatGroups: some(['bays', 'all']),
      days: some(WEEKDAYS),
      between: fc.option(fc.record({ from: fc.constantFrom(...clocks), until: fc.constantFrom(...clocks) }), { nil: undefined }),
    })
    .map((rule) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)));
  const anyDocument = fc.record({ rules: fc.array(anyRule, { maxLength: 6 }), emergency: fc.boolean() }).map(({ rules, emergency }) =>
    small({
      rules: rules.map((rule, index) => ({ effect: 'deny', ...rule, id: `rule-${index}` })),
      seatGroups: [
        { id: 'bays', seats: ['Bay *'] },
        { id: 'all', seats: ['*'] },
      ],
      breakGlass: { ...base.breakGlass, enabled: emergency, apps: ['stock'] },
    }),
  );

  /** Whether the seat would ever start it, by trying every role, ward, kind of seat, day and hour that the rules can tell apart. */
  function everStarts(document: PolicyDocument, appId: string): boolean {
    const where = ['icu', 'er', 'none'].flatMap((ward) =>
      ['Bay 1', 'Desk'].flatMap((seat) => WEEKDAYS.flatMap((day) => [0, 360, 1320].map((minute) => ({ ward, seat, day, minute })))),
    );
    const sessions = [
      ...document.roles.map(({ id }) => ({ kind: 'person' as const, role: id })),
      ...(document.breakGlass.enabled ? [{ kind: 'breakglass' as const }] : []),
    ];
    return sessions.some((session) => where.some((at) => decide({ appId, session, where: at }, document).effect === 'allow'));
  }

  test('an engine is given exactly what the seat would start for somebody somewhere at some time', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const rules = textOf(compileFapolicyd(document, factsFor(document)));
        const policy: { URLAllowlist: string[] } = JSON.parse(textOf(compileChromium(document, {})));
        for (const app of document.apps) {
          const isGiven =
            app.kind === 'web' ? policy.URLAllowlist.length > 0 : executes(rules, { ...started, path: app.path, sha256: app.sha256 });
          expect(isGiven).toBe(everStarts(document, app.id));
        }
      }),
      { numRuns: 300 },
    );
  });
  test('the order of the rules never matters', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const reversed = { ...document, rules: document.rules?.toReversed() ?? [] };
        const can = (of: PolicyDocument) => [...reachOf(of, {})].map(([id, { witness }]) => [id, witness !== null]);
        expect(can(reversed)).toEqual(can(document));
      }),
    );
  });
  test('fails closed where the search for somebody comes to its limit', () => {
    const seats = Array.from({ length: 500 }, (_, index) => `Bay ${index} *`);
    const document = small({
      rules: [
        { id: 'd', effect: 'deny', apps: ['calc'] },
        ...WEEKDAYS.map((day): Rules[number] => ({ id: day, effect: 'allow', apps: ['calc'], days: [day], seatGroups: ['bays'] })),
      ],
      seatGroups: [{ id: 'bays', seats }],
    });
    expect(reachOf(document, {}).get('calc')).toEqual({ witness: null, gaveUp: true });
    expect(sentences(compileFapolicyd(document, factsFor(document)))).toContain('calc is not allowed: its rules are too many');
  });
});
