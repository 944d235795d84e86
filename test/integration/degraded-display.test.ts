/**
 * The nested display of a session on a seat without root, for real: applications start when its window manager does its work, the ones
 * that others cover come to the front, and nothing is left of a display whose session ended while it began.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DegradedLauncher } from '../../agent/launch/degraded/launcher.ts';
import { markedProcesses } from '../../agent/launch/degraded/marked-processes.ts';
import { openDesktop, WINDOW_MANAGER_CONFIG } from '../../agent/launch/desktop.ts';
import type { LaunchSpec } from '../../agent/launch/port.ts';
import type { Surface } from '../../agent/os/display/nested.ts';
import { SHELL } from '../support/in-session.ts';
import { named, startApp } from '../support/sandboxed-seat.ts';
import { coloursShown, startTestDisplay, type TestDisplay, XClient } from '../support/x-display.ts';

const CALCULATOR = '/usr/bin/xcalc';
const AREA = { x: 0, y: 40, width: 640, height: 400 };
const RED = 0xff0000;
const BLUE = 0x0000ff;
const DRAWN_LIMIT = { timeout: 10_000 };
const SESSION = 'f'.repeat(32);
/** A window manager that an application would easily overtake. */
const SLOW_MANAGER = `sleep 0.5; exec openbox --config-file ${WINDOW_MANAGER_CONFIG} --sm-disable`;

let folder = '';
let outer: TestDisplay;
let screens: XClient;
let surface: Surface;
let launcher: DegradedLauncher;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-degraded-display-'));
  outer = await startTestDisplay(640, 480);
  screens = new XClient(outer.name, outer.xauthority);
  surface = { display: outer.name, xauthority: outer.xauthority, windowId: screens.window(AREA), ...AREA };
  launcher = new DegradedLauncher({ runFolder: folder, stateFolder: folder, log: () => undefined });
});

afterEach(async () => {
  await launcher.close();
  screens.close();
  await outer.close();
  await rm(folder, { recursive: true, force: true });
});

/** Folders of displays that have begun and not ended. */
const displaysLeft = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith('display-'));

test('a display is handed out when its window manager does its work, not when that has only started', async () => {
  let env = {};
  const desktop = await openDesktop({
    nested: { surface, authFolder: folder },
    use: ({ name, xauthority }) => {
      env = { DISPLAY: name, XAUTHORITY: xauthority, PATH: '/usr/bin:/bin' };
      return Promise.resolve();
    },
    startManager: () => {
      const { pid = 0 } = spawn('/bin/sh', ['-c', SLOW_MANAGER], { env, stdio: 'ignore' });
      return Promise.resolve({ ok: true, pid, appId: 'manager', sessionId: SESSION, gone: new Promise(() => undefined) });
    },
    log: () => undefined,
  });
  if (!desktop.ok) throw new Error(desktop.detail);
  expect(execFileSync('xprop', ['-root', '_NET_SUPPORTING_WM_CHECK'], { env, encoding: 'utf8' })).toMatch(/window id # 0x/u);
  await desktop.end();
});

test('brings the windows of one application, and of what it started, before those of another', async () => {
  launcher.openSession({ sessionId: SESSION });
  expect(await launcher.openDesktop(SESSION, surface)).toMatchObject({ ok: true });
  const app = (appId: string, more: Pick<LaunchSpec, 'path' | 'sha256' | 'args'>): LaunchSpec => {
    return { sessionId: SESSION, appId, env: {}, children: [], ...more };
  };
  const seen = (wanted: number) => expect.poll(() => coloursShown(outer, AREA), DRAWN_LIMIT).toContain(wanted);
  await startApp(launcher, app('first', { ...named(SHELL), args: ['-c', `${CALCULATOR} -bg red & wait`] }));
  await seen(RED);
  await startApp(launcher, app('second', { ...named(CALCULATOR), args: ['-bg', 'blue'] }));
  await seen(BLUE);
  expect(coloursShown(outer, AREA)).not.toContain(RED);
  expect(await launcher.front(SESSION, 'first')).toBe(true);
  await seen(RED);
  expect(coloursShown(outer, AREA)).not.toContain(BLUE);
  expect(await launcher.front(SESSION, 'nobody')).toBe(false);
  await launcher.endApp(SESSION, 'second');
  expect(await launcher.front(SESSION, 'second')).toBe(false);
});

test('leaves no display behind when the session ends while it begins', async () => {
  launcher.openSession({ sessionId: SESSION });
  const opening = launcher.openDesktop(SESSION, surface);
  // The window manager: it has started, and does not do its work yet.
  await expect.poll(() => markedProcesses(SESSION), { interval: 1 }).toHaveLength(1);
  await launcher.endSession(SESSION);
  expect(await opening).toMatchObject({ ok: false });
  await expect.poll(displaysLeft).toEqual([]);
});
