/**
 * The whole way once, for real: a shift through the real screens by real processes, then the record in the server's
 * database. The screens are only the way in; what counts is what the database holds.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { Kiosk } from '../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../demo/open-kiosk.ts';
import { progress } from '../../demo/progress.ts';
import { endSession, screens } from '../../demo/screens.ts';
import { ANNA, BEN, enterPin, playShift, tap } from '../../demo/shift.ts';
import { openTestClinic, type TestClinic } from './support/clinic.ts';

/** The issue's own limit for a policy to reach a connected seat. */
const POLICY_LIMIT_MS = 5_000;
/** With so many digits around it a number is part of a longer one. */
const CHANCE_DIGITS = 6;
/** Nobody's PIN. */
const PLANTED = '907365';
const Border = Type.Object({ border: Type.String() });

test.describe.configure({ mode: 'serial' });

let opened: TestClinic;
let kiosk: Kiosk;

test.beforeAll(async () => {
  opened = await openTestClinic(6);
  kiosk = await openDrivenKiosk(opened.clinic);
});
test.afterAll(async () => {
  await kiosk?.stop();
  await opened?.clear();
});

test('the screens run unprivileged, with seccomp on the renderer', async () => {
  const renderers = processesBelow(kiosk.pid).filter((pid) => commandOf(pid).includes('--type=renderer'));
  expect(renderers.length).toBeGreaterThan(0);
  for (const pid of renderers) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).not.toMatch(/^Uid:\t0\b/m);
  }
});

test('the agent has no network: no interface but a loopback that is down', () => {
  test.skip(opened.clinic.users === undefined, 'a network namespace of its own needs root');
  const devices = readFileSync(`/proc/${opened.clinic.seat.agent().pid}/net/dev`, 'utf8').trim().split('\n').slice(2);
  expect(devices.map((line) => line.trim().split(':')[0])).toEqual(['lo']);
  expect(readFileSync(`/proc/${opened.clinic.seat.agent().pid}/net/fib_trie`, 'utf8')).not.toContain('127.0.0.1');
});

test('a shift: every act is on the server, in order, and no other', async () => {
  const shown: string[] = [];
  await playShift({
    clinic: opened.clinic,
    kiosk,
    display: opened.display,
    progress: progress(
      (text) => shown.push(text),
      () => performance.now(),
    ),
  });
  const sessions = [
    'session.started',
    'session.warned',
    'session.locked',
    'session.unlocked',
    'session.ended',
    'breakglass.started',
    'breakglass.ended',
    'app.launched',
    'app.refused',
    'auth.refused',
  ];
  const told = () =>
    opened
      .events()
      .filter(({ type }) => sessions.includes(type))
      .map(({ type, body }) => [type, who(body)]);
  await expect.poll(told, { timeout: 30_000 }).toEqual([
    ['auth.refused', 'badge.unknown'],
    ['auth.refused', ANNA.id],
    ['session.started', ANNA.id],
    ['app.launched', 'calculator'],
    ['app.launched', 'handbook'],
    ['app.refused', 'labels'],
    ['session.warned', ''],
    ['session.locked', ''],
    ['session.ended', ANNA.id],
    ['session.started', BEN.id],
    ['session.locked', ''],
    ['session.unlocked', BEN.id],
    ['session.ended', BEN.id],
    ['breakglass.started', ''],
    ['app.launched', 'handbook'],
    ['breakglass.ended', ''],
  ]);
});

test('what IT reads at the seat is what its agent knows', async () => {
  const { truth } = await opened.status();
  const { page } = kiosk;
  const row = (id: string) => page.locator(`[data-check="${id}"]`);
  await page.getByRole('button', { name: 'State of this seat in words, for IT' }).click();
  await expect(row('connection')).toHaveText(/The server answers\./);
  await expect(row('policy')).toHaveText(new RegExp(`Version ${truth.policy.version} is in force\\.`));
  await expect(row('keys')).toHaveAttribute('data-mark', truth.keys.protection === 'file' ? 'warn' : 'ok');
  const wellEnforced = truth.enforcement.mode === 'enforced' && truth.enforcement.missing.length === 0;
  await expect(row('enforcement')).toHaveAttribute('data-mark', wellEnforced ? 'ok' : 'warn');
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('no PIN, badge number or window title is in any file of the seat or the server, or in any log', () => {
  const { places } = opened.clinic;
  const folders = [places.seat, places.server, places.logs];
  // The search itself first: it finds what is there, in text and between the bytes of a database.
  const planted = join(places.logs, 'planted');
  try {
    writeFileSync(planted, Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(`"pin":"${PLANTED}"`), Buffer.from([0])]));
    expect(grep(PLANTED, folders)).toEqual([planted]);
  } finally {
    rmSync(planted);
  }
  for (const secret of [ANNA.pin, BEN.pin, ANNA.badge, BEN.badge, 'Ward handbook, demo pages']) {
    expect(grep(secret, folders), `${secret} was found`).toEqual([]);
  }
});

test('a page that talks nonsense: refused at its border, in the record, and the seat does not move', async () => {
  const { phase, session, apps } = await opened.status();
  const refusals = () => opened.events().filter(({ type }) => type === 'border.refused').length;
  const before = refusals();
  const answers = await kiosk.page.evaluate(
    async (wild) => {
      const bridge: unknown = Reflect.get(window, 'wardlock');
      const call = async (name: string, params: unknown): Promise<unknown> => {
        const ask: unknown = typeof bridge === 'object' && bridge !== null ? Reflect.get(bridge, name) : undefined;
        if (typeof ask !== 'function') throw new Error(`the bridge has no ${name}`);
        const answer: unknown = await ask(params);
        return typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'code') : answer;
      };
      const codes: unknown[] = [];
      for (const [name, params] of wild) codes.push(await call(name, params));
      return codes;
    },
    [
      ['launch', null],
      ['launch', { appId: '../../bin/sh' }],
      ['launch', { appId: 'calculator', path: '/bin/sh' }],
      ['pin', { pin: { toString: 'x' } }],
      ['logout', [1, 2, 3]],
      ['breakGlass', { reason: 'x'.repeat(4_000) }],
    ] satisfies [string, unknown][],
  );
  const [malformed, large] = ['IPC_MESSAGE_MALFORMED', 'IPC_FRAME_TOO_LARGE'];
  expect(answers).toEqual([malformed, malformed, malformed, malformed, malformed, large]);
  await expect.poll(refusals, { timeout: 30_000 }).toBeGreaterThan(before);
  const recorded = opened.events().filter(({ type }) => type === 'border.refused');
  expect(recorded.slice(before).map(({ body }) => Value.Parse(Border, JSON.parse(body)).border)).toContain('ipc');
  expect(await opened.status()).toMatchObject({ phase, session, apps });
});

test('a new policy reaches the open seat within 5 s, and the next session is ruled by it', async () => {
  const before = (await opened.status()).truth.policy.version;
  await opened.clinic.publish((policy) => ({
    ...policy,
    roles: policy.roles.map((role) => ({ ...role, apps: role.apps.filter((app) => app !== 'clock') })),
  }));
  await expect
    .poll(async () => (await opened.status()).truth.policy.version, { timeout: POLICY_LIMIT_MS, intervals: [100] })
    .toBe(before + 1);
  const seen = screens(kiosk.page);
  await tap(opened.clinic, ANNA.badge);
  await seen.until('pin');
  await enterPin(seen, ANNA.pin);
  await seen.until('launcher');
  await seen.says('Calculator');
  await expect(kiosk.page.getByText('Ward clock')).toHaveCount(0);
  await endSession(seen);
  await expect
    .poll(
      () =>
        opened
          .events()
          .filter(({ type }) => type === 'session.started')
          .map(({ body }) => policyOf(body))
          .at(-1),
      { timeout: 20_000 },
    )
    .toBe(before + 1);
});

function who(body: string): string {
  const value: unknown = JSON.parse(body);
  if (typeof value !== 'object' || value === null) return '';
  if ('app' in value) return String(value.app);
  if ('person' in value && value.person !== null) return String(value.person);
  return 'reason' in value && 'triesLeft' in value ? String(value.reason) : '';
}

function policyOf(body: string): unknown {
  const value: unknown = JSON.parse(body);
  return typeof value === 'object' && value !== null && 'policyVersion' in value ? value.policyVersion : undefined;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // The process ended between the listing and the look.
    return '';
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function processesBelow(ancestor: number): readonly number[] {
  const all = readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
  const below = (pid: number): boolean => pid === ancestor || (pid > 1 && below(parentOf(pid)));
  return all.filter(below);
}

/**
 * Files that hold the text, among all the bytes of those folders. A PIN may stand by chance inside a time in milliseconds or
 * a hash in hex, so a find within a much longer run of hex digits is none; next to anything else it counts.
 */
function grep(text: string, folders: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(
    'grep',
    ['-raoiE', '--null', '--', `[0-9A-Fa-f]*${text}[0-9A-Fa-f]*`, ...folders],
    // Byte by byte, whatever the language of the machine.
    { encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'C' }, maxBuffer: Number.POSITIVE_INFINITY },
  );
  // 1 is "not found"; anything else is a search that did not happen.
  if (status !== 0 && status !== 1) throw new Error(`grep ended with ${status}: ${stderr}`);
  const finds = stdout.split('\n').map((line) => line.split('\0'));
  const close = finds.filter(([, found = '']) => found !== '' && found.length < text.length + CHANCE_DIGITS);
  return [...new Set(close.map(([file = '']) => file))];
}
