/** The commands that IT asks about a policy before anybody works under it, as they are typed. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { POLICY_TYPE } from '../../contract/seat-api.ts';
import type { NativeApp } from '../../policies/schema.ts';
import { testPolicy } from '../support/policy.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');
// A program of every machine that is none of the seat's own parts.
const SHELL = '/usr/bin/env';
const GONE = '/nowhere/stock';
let folder: string;
let file: string;

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function cli(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (failure, out, err) => {
      const code = failure === null ? 0 : typeof failure.code === 'number' ? failure.code : -1;
      resolve({ code, out, err });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-policy-'));
  file = join(folder, 'policy.jsonc');
  const native = { kind: 'native' as const, icon: 'sums', args: [], env: {} };
  const content = createHash('sha256')
    .update(await readFile(SHELL))
    .digest('hex');
  const apps: NativeApp[] = [
    { ...native, id: 'shell', name: 'Shell', path: SHELL, sha256: content, children: [] },
    { ...native, id: 'stock', name: 'Stock', path: GONE, sha256: '5'.repeat(64), children: [{ path: SHELL, sha256: '0'.repeat(64) }] },
  ];
  const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
  const policy = testPolicy(1, keys, {
    apps,
    roles: [{ id: 'nurse', name: 'Nurse', apps: ['shell', 'stock'] }],
    overrides: [{ id: 'icu', wards: ['icu'], timers: { warnAfterSeconds: 300 } }],
    rules: [{ id: 'nights', effect: 'deny', apps: ['shell'], between: { from: '22:00', until: '06:00' }, wards: ['icu'] }],
    breakGlass: { enabled: true, needsBadge: false, limitSeconds: 900, apps: ['shell'], reasons: [{ id: 'code', text: 'Code blue' }] },
  });
  await mkdir(join(folder, 'seat/agent'), { recursive: true });
  const payload = Buffer.from(JSON.stringify(policy)).toString('base64');
  const signed = { payloadType: POLICY_TYPE, payload, signatures: [{ keyid: '0'.repeat(64), sig: 'AAAA' }] };
  await writeFile(join(folder, 'seat/agent/policy.json'), JSON.stringify(signed));
  await writeFile(file, `// for the ward\n${JSON.stringify(policy, null, 2)}`);
});
afterAll(() => rm(folder, { recursive: true }));

describe('policy explain', () => {
  const ask = (...more: readonly string[]) => cli('policy', 'explain', file, '--ward', 'icu', '--seat', 'Bay 4', ...more);
  test('says why a program would run by day, and as what', async () => {
    const { code, out } = await ask('--role', 'nurse', '--at', 'tue 12:00', '--exec', SHELL);
    expect(code).toBe(0);
    expect(out).toContain('is the application Shell.');
    expect(out).toContain('The role nurse in icu at Bay 4 on Tuesday at 12:00 may start Shell: allowed (role:nurse).');
    expect(out).toContain('deny   nights, by the application: silent: for other hours');
    expect(out).toContain('is a program that Stock may start, and runs only inside it.');
    const last = out.trimEnd().split('\n').at(-1);
    expect(last).toBe('But it would not start: its content on this machine is not the one that the policy names.');
  });
  test('says why it would not at night, with exit code 1, and as JSON', async () => {
    const { code, out } = await ask('--role', 'nurse', '--at', '02:00', '--app', 'shell', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ runs: false, app: 'shell', explanation: { decision: { effect: 'deny', ruleId: 'nights' } } });
  });
  test('without a file goes by the policy in force at a seat, which it names by its folder', async () => {
    const words = ['policy', 'explain', '--role', 'nurse', '--ward', 'icu', '--at', '02:30', '--exec', SHELL];
    const found = await cli(...words, '--state', join(folder, 'seat'));
    expect(found).toMatchObject({ code: 1, err: '' });
    expect(found.out).toContain('may not start Shell: a rule denies it (nights).');
    expect(await cli(...words, '--state', folder)).toMatchObject({
      code: 64,
      err: expect.stringContaining('There is no policy in force in'),
    });
  });
  test('says what else holds there, and by which override', async () => {
    const { out } = await ask('--role', 'nurse', '--at', '2030-01-15T02:30', '--settings');
    expect(out).toContain('Overrides that fit: icu.');
    expect(out).toContain('timers.warnAfterSeconds: 300');
    expect(out).toContain('mode: lockdown');
  });
  test('knows emergency access, and what the policy names nowhere', async () => {
    expect(await ask('--emergency', '--at', '02:00', '--exec', SHELL)).toMatchObject({ code: 0 });
    const nowhere = await ask('--emergency', '--exec', '/bin/true');
    expect(nowhere.code).toBe(1);
    expect(nowhere.out).toMatch(/\/true would not run: the policy names it nowhere\./);
    expect((await ask('--role', 'nurse', '--exec', GONE)).out).toContain('is not on this machine');
  });
  test.each([
    [['--role', 'ghost', '--app', 'shell'], 'The policy has no role ghost. It has: nurse.'],
    [['--role', 'nurse', '--app', 'ghost'], 'The policy has no application ghost. It has: shell, stock.'],
    [['--role', 'nurse', '--exec', 'env'], 'Name the program by its absolute path, such as --exec /usr/bin/xcalc'],
    [['--role', 'nurse', '--at', '26:00', '--app', 'shell'], '26:00 is no time.'],
    [['--role', 'nurse'], 'Name a program with --exec PATH'],
    [['--app', 'shell'], 'Name a role with --role ROLE'],
  ])('asked wrongly (%j) says how to ask', async (args, sentence) => {
    const { code, err } = await ask(...args);
    expect(code).toBe(64);
    expect(err).toContain(sentence);
  });
});

test('policy diff says what changes, with exit code 1, and 0 where nothing does', async () => {
  const after = join(folder, 'after.jsonc');
  await writeFile(after, (await readFile(file, 'utf8')).replace('"Nurse"', '"Ward nurse"'));
  expect(await cli('policy', 'diff', file, file)).toMatchObject({ code: 0, out: 'The two policies say the same.\n' });
  expect(await cli('policy', 'diff', file, after)).toMatchObject({
    code: 1,
    out: 'The role Ward nurse: name Nurse before, Ward nurse now.\n',
  });
});

test('policy new writes a policy that validates, once', async () => {
  const [reader, escrow] = [join(folder, 'reader'), join(folder, 'escrow')];
  await cli('keys', 'new', 'reader', '--out', reader);
  await cli('keys', 'new', 'escrow', '--out', escrow);
  const out = join(folder, 'front-desk.jsonc');
  const ask = ['policy', 'new', 'front-desk', '--tenant', 'site', '--reader', `${reader}.pub`, '--escrow', `${escrow}.pub`, '--out', out];
  expect((await cli(...ask)).code).toBe(0);
  expect(await cli('policy', 'validate', out)).toMatchObject({ code: 0 });
  expect((await cli(...ask)).err).toContain(`Cannot write ${out}. It exists already, and a policy is never overwritten.`);
  const nowhere = join(folder, 'missing', 'policy.jsonc');
  expect((await cli(...ask.slice(0, -1), nowhere)).err).toContain(`Cannot write ${nowhere}. Its folder does not exist: make that first.`);
});

describe('policy compile', () => {
  test('writes the rules of an engine and says what was left out, with its place', async () => {
    const out = join(folder, 'compiled');
    const words = ['policy', 'compile', file, '--to', 'fapolicyd', '--user', '61567', '--out', out];
    const text = await cli(...words);
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toContain('/rules/0: Rule nights: fapolicyd knows no wards and no hours, so it denies nothing there.');
    expect(text.out).toContain(`${GONE} is not on this machine`);
    expect(text.out).toContain('Compiled for every ward and seat.');
    const answer: unknown = JSON.parse((await cli(...words, '--json')).out);
    expect(answer).toMatchObject({ engine: 'fapolicyd', files: [join(out, 'wardlock.rules'), join(out, 'wardlock.trust')] });
    expect(await readFile(join(out, 'wardlock.rules'), 'utf8')).toContain('deny_audit perm=execute uid=61567 : all');
  });
  test('into a place that takes no folder ends, and says so', async () => {
    const { code, err } = await cli('policy', 'compile', file, '--to', 'chromium', '--out', '/proc/none');
    expect({ code, err }).toEqual({ code: 64, err: 'Cannot write to /proc/none: no folder can be made there. (START_USAGE)\n' });
  });
  test('refuses root, a missing user, and rules for USB devices from nothing', async () => {
    const compile = (...words: readonly string[]) => cli('policy', 'compile', file, '--out', join(folder, 'none'), '--to', ...words);
    const [root, nobody, usb] = await Promise.all([compile('fapolicyd', '--user', '0'), compile('fapolicyd'), compile('usbguard')]);
    expect(root).toMatchObject({ code: 64, err: expect.stringContaining('Programs of root are left alone') });
    expect(nobody).toMatchObject({ code: 64, err: expect.stringContaining('--user') });
    expect(usb).toMatchObject({ code: 1, err: expect.stringContaining('POLICY_NOT_COMPILED') });
  });
});
