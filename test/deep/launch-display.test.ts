/**
 * The nested display for real: an application of a session is seen on the seat's display and sees nothing of it. Xvfb stands for the
 * seat's own display; everything else is what a seat runs.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { AppExit, Desktop, LaunchSpec } from '../../agent/launch/port.ts';
import { SHELL } from '../support/in-session.ts';
import { isAlive, processesOf } from '../support/processes.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { named, openSeat, runApp, type Seat, startApp } from '../support/sandboxed-seat.ts';
import {
  clickButtons,
  coloursShown,
  pressKeys,
  startTestDisplay,
  type TestDisplay,
  whileKeyIsDown,
  XClient,
} from '../support/x-display.ts';

const CALCULATOR = '/usr/bin/xcalc';
const APPS = { x: 0, y: 40, width: 640, height: 400 };
const PIN = { x: 0, y: 0, width: 640, height: 40 };
const COVER_COLOUR = 0xff00aa;
const RED = 0xff0000;
const BLUE = 0x0000ff;
/** Longer than a window manager takes to show a menu. */
const MENU_WAIT_MS = 300;
const DRAWN_LIMIT = { timeout: 10_000 };

let seat: Seat;
let outer: TestDisplay;
let screens: XClient;
let appsWindow = 0;
let pinWindow = 0;
let sessionId = '';
let sessions = 0;
let desktop: Desktop;

beforeAll(async () => {
  if (!isLinuxRoot) return;
  [seat, outer] = await Promise.all([openSeat(), startTestDisplay(640, 480)]);
  screens = new XClient(outer.name, outer.xauthority);
  appsWindow = screens.window(APPS);
  pinWindow = screens.window(PIN);
});

afterAll(async () => {
  if (!isLinuxRoot) return;
  screens.close();
  await Promise.all([seat.close(), outer.close()]);
});

beforeEach(async () => {
  if (!isLinuxRoot) return;
  sessions += 1;
  sessionId = sessions.toString(16).padStart(32, '0');
  seat.launcher.openSession({ sessionId });
  desktop = await openDesktop();
});

afterEach(async () => {
  if (isLinuxRoot) await seat.launcher.endSession(sessionId);
});

async function openDesktop(): Promise<Desktop> {
  const surface = { display: outer.name, xauthority: outer.xauthority, windowId: appsWindow, width: APPS.width, height: APPS.height };
  const opened = await seat.launcher.openDesktop(sessionId, surface);
  if (!opened.ok) throw new Error(opened.detail);
  return opened;
}

function calculator(args: readonly string[] = []): LaunchSpec {
  return { sessionId, appId: 'calculator', ...named(CALCULATOR), args, env: {}, children: [] };
}

describe('the nested display of a session', () => {
  rootTest('shows an application in the window of the screens', async () => {
    expect(coloursShown(outer, APPS).size).toBeLessThan(3);
    expect(await startApp(seat.launcher, calculator())).toMatchObject({ ok: true });
    await expect.poll(() => coloursShown(outer, APPS).size, DRAWN_LIMIT).toBeGreaterThan(10);
    expect(processesOf(seat.app.uid, 'xcalc')).toHaveLength(1);
    expect(processesOf(seat.app.uid, 'openbox')).toHaveLength(1);
    expect(processesOf(seat.ui.uid, 'Xephyr')).toHaveLength(1);
  });

  rootTest('escape 63 in session: a key that is typed on the display of the screens is not seen inside', async () => {
    const inside = new XClient(desktop.display.name, desktop.display.xauthority);
    // The worst that a client can do on its own display: take every key there is.
    expect(inside.grabKeys()).toBe(true);
    screens.enter(pinWindow);
    const seen = await whileKeyIsDown(outer, '7', () => ({ outside: screens.seesKey(), inside: inside.seesKey() }));
    inside.close();
    expect(seen).toEqual({ outside: true, inside: false });
  });

  rootTest('escape 64 in session: a window over everything of its display covers nothing of the screens', () => {
    const inside = new XClient(desktop.display.name, desktop.display.xauthority);
    const before = coloursShown(outer, PIN);
    inside.cover({ x: -500, y: -500, width: 4_000, height: 4_000 }, COVER_COLOUR);
    expect(coloursShown(outer, APPS)).toContain(COVER_COLOUR);
    expect(coloursShown(outer, PIN)).toEqual(before);
    inside.close();
  });

  rootTest('when the display is taken away nothing is left of a window over everything', async () => {
    const inside = new XClient(desktop.display.name, desktop.display.xauthority);
    inside.cover({ x: 0, y: 0, width: 640, height: 480 }, COVER_COLOUR);
    expect(coloursShown(outer, APPS)).toContain(COVER_COLOUR);
    await desktop.end();
    expect(coloursShown(outer, { x: 0, y: 0, width: 640, height: 480 })).not.toContain(COVER_COLOUR);
  });

  rootTest('brings the windows of one application, and of what it started, before those of another', async () => {
    const colour = (name: string, appId: string): LaunchSpec => ({ ...calculator(['-bg', name]), appId });
    // The second one's window belongs to a process that its program started.
    const script = { ...named(SHELL), args: ['-c', `${CALCULATOR} -bg blue & wait`], children: [named(CALCULATOR)] };
    const seen = (wanted: number) => expect.poll(() => coloursShown(outer, APPS), DRAWN_LIMIT).toContain(wanted);
    await startApp(seat.launcher, colour('red', 'first'));
    await seen(RED);
    await startApp(seat.launcher, { ...colour('blue', 'second'), ...script });
    await seen(BLUE);
    expect(coloursShown(outer, APPS)).not.toContain(RED);
    expect(await seat.launcher.front(sessionId, 'first')).toBe(true);
    await seen(RED);
    expect(coloursShown(outer, APPS)).not.toContain(BLUE);
    expect(await seat.launcher.front(sessionId, 'second')).toBe(true);
    await seen(BLUE);
    expect(await seat.launcher.front(sessionId, 'nobody')).toBe(false);
    await seat.launcher.endApp(sessionId, 'second');
    expect(await seat.launcher.front(sessionId, 'second')).toBe(false);
    await seen(RED);
  });

  rootTest('keys reach the applications when their window has them', async () => {
    const inside = new XClient(desktop.display.name, desktop.display.xauthority);
    screens.enter(appsWindow);
    await whileKeyIsDown(outer, '7', () => expect.poll(() => inside.seesKey(), DRAWN_LIMIT).toBe(true));
    inside.close();
  });

  rootTest('has a window manager that no key and no click makes do anything of its own', async () => {
    await startApp(seat.launcher, calculator(['-geometry', '+0+0']));
    await expect.poll(() => coloursShown(outer, APPS).size, DRAWN_LIMIT).toBeGreaterThan(10);
    screens.enter(appsWindow);
    pressKeys(outer, [
      'alt+F4',
      'alt+Tab',
      'alt+Escape',
      'alt+space',
      'super+e',
      'super+r',
      'super+d',
      'ctrl+alt+Right',
      'ctrl+alt+Delete',
    ]);
    // The empty part of the display, where a window manager has its menus.
    screens.pointAt(appsWindow, APPS.width - 40, APPS.height - 40);
    const corner = { x: APPS.width - 200, y: APPS.y + APPS.height - 200, width: 200, height: 200 };
    const before = coloursShown(outer, corner).size;
    clickButtons(outer, [1, 2, 3]);
    await sleep(MENU_WAIT_MS);
    expect(coloursShown(outer, corner).size).toBe(before);
    expect(processesOf(seat.app.uid, 'xcalc')).toHaveLength(1);
    expect(processesOf(seat.app.uid, 'openbox')).toHaveLength(1);
  });

  rootTest('another one takes its place when it has ended, as after new screens; mostly it has the same number', async () => {
    for (let time = 0; time < 2; time += 1) {
      await desktop.end();
      desktop = await openDesktop();
      expect(coloursShown(outer, APPS).size).toBeLessThan(3);
      expect(await startApp(seat.launcher, calculator())).toMatchObject({ ok: true });
      await expect.poll(() => coloursShown(outer, APPS).size, DRAWN_LIMIT).toBeGreaterThan(10);
    }
  });

  rootTest('the display of the screens is out of reach of an application', async () => {
    const exit = await runApp(seat.launcher, calculator(['-display', outer.name]));
    expect(exit).toMatchObject({ exitCode: 1 });
  });

  rootTest('opens to nobody without its cookie, and the cookie is readable to root and, inside, to applications only', () => {
    expect(() => new XClient(desktop.display.name, outer.xauthority)).toThrow(/refused/u);
    const file = statSync(desktop.display.xauthority);
    expect([file.uid, file.mode & 0o777]).toEqual([0, 0o400]);
  });

  rootTest('has no abstract socket, which every file system could reach', () => {
    const sockets = readFileSync('/proc/net/unix', 'latin1');
    const path = `/tmp/.X11-unix/X${desktop.display.name.slice(1)}\n`;
    expect(sockets).toContain(` ${path}`);
    expect(sockets).not.toContain(`@${path}`);
  });

  rootTest('follows its window to another size', async () => {
    await desktop.resize(APPS.width, 300);
    await startApp(seat.launcher, calculator(['-geometry', '+0+0']));
    await expect.poll(() => coloursShown(outer, APPS).size, DRAWN_LIMIT).toBeGreaterThan(10);
    expect(coloursShown(outer, { ...APPS, y: APPS.y + 300, height: 100 }).size).toBeLessThan(3);
  });

  rootTest('is gone at once when it is ended, with its files, and applications lose it', async () => {
    const ended = Promise.withResolvers<AppExit>();
    await startApp(seat.launcher, calculator(), ended.resolve);
    await expect.poll(() => coloursShown(outer, APPS).size, DRAWN_LIMIT).toBeGreaterThan(10);
    const [server = 0] = processesOf(seat.ui.uid, 'Xephyr');
    await desktop.end();
    expect(isAlive(server)).toBe(false);
    expect(coloursShown(outer, APPS).size).toBeLessThan(3);
    expect(await ended.promise).toMatchObject({ appId: 'calculator', exitCode: 1 });
    await expect.poll(() => existsSync(desktop.display.xauthority)).toBe(false);
    expect(readdirSync('/tmp/.X11-unix')).not.toContain(`X${desktop.display.name.slice(1)}`);
  });
});
