/**
 * An application's window and a lock that is real: agent, screens and nested display of a whole seat. What an application draws over all of its
 * display, and all keys that it takes there, end at the lock, also when it tries again behind it.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { screens } from '../../../demo/screens.ts';
import { processesByArgument } from '../../support/processes.ts';
import { coloursShown, whileKeyIsDown, XClient } from '../../support/x-display.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { signIn } from '../support/sign-in.ts';

const NO_WARNING_SECONDS = 600;
const SCREEN = { x: 0, y: 0, width: 1280, height: 800 } as const;
/** More than the display, and nothing that the screens draw. */
const COVER = { x: -500, y: -500, width: 4_000, height: 4_000 } as const;
const COVER_COLOUR = 0xff00aa;

let opened: TestClinic;
let kiosk: Kiosk;
let inside: XClient;

test.beforeEach(async () => {
  opened = await openTestClinic(NO_WARNING_SECONDS);
  kiosk = await openDrivenKiosk(opened.clinic);
  const seen = screens(kiosk.page);
  await signIn(kiosk.page, opened.clinic);
  await seen.press(/^Calculator/);
  await seen.until('app');
  inside = openInside();
  inside.cover(COVER, COVER_COLOUR);
  // The control: it covers all of the applications' display, which is seen.
  await expect.poll(isCoverShown).toBe(true);
});
test.afterEach(async () => {
  inside?.close();
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
});

test('escape 64 locked: a window over everything is gone with the lock, a new one behind it is not seen, and both are there after the unlock', async () => {
  await screens(kiosk.page).press(/^Lock/);
  await screens(kiosk.page).until('lock');
  await expect.poll(isCoverShown).toBe(false);
  const again = openInside();
  again.cover(COVER, COVER_COLOUR);
  // Asked after the window is mapped: the server answers in order.
  expect(isCoverShown()).toBe(false);
  again.close();
  await signIn(kiosk.page, opened.clinic);
  await expect.poll(isCoverShown).toBe(true);
});

test('escape 63 locked: keys that are typed at the lock are not seen inside, whatever an application grabs', async () => {
  expect(inside.grabKeys()).toBe(true);
  await screens(kiosk.page).press(/^Lock/);
  await screens(kiosk.page).until('lock');
  const display = { name: opened.display.name, xauthority: opened.display.authority, close: () => Promise.resolve() };
  expect(await whileKeyIsDown(display, '7', () => inside.seesKey())).toBe(false);
});

/** A client of the applications' display with the right to it: the worst neighbour of an application, or the application itself. */
function openInside(): XClient {
  const run = join(opened.clinic.seat.stateDir, 'run');
  const folders = readdirSync(run).filter((name) => name.startsWith('display-'));
  expect(folders).toHaveLength(1);
  const cookie = join(run, folders[0] ?? '', 'client');
  const [name = ''] = processesByArgument('Xephyr', join(run, folders[0] ?? ''));
  return new XClient(name, cookie);
}

function isCoverShown(): boolean {
  const display = { name: opened.display.name, xauthority: opened.display.authority, close: () => Promise.resolve() };
  return coloursShown(display, SCREEN).has(COVER_COLOUR);
}
