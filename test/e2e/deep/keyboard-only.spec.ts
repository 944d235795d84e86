/**
 * A whole shift without a pointer: into the seat, into a native application, from there to the session bar by the Super key, back, and out.
 * A whole seat, with real keys of the X server.
 */
import { expect, test } from '@playwright/test';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { screens } from '../../../demo/screens.ts';
import { ANNA, tap } from '../../../demo/shift.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { focusedWindow, press, typeByHand } from '../support/keys.ts';

const NO_WARNING_SECONDS = 600;
const [SEAT, APPLICATIONS] = ['Wardlock', 'Wardlock apps'];

let opened: TestClinic;
let kiosk: Kiosk;
test.beforeEach(async () => {
  opened = await openTestClinic(NO_WARNING_SECONDS);
  kiosk = await openDrivenKiosk(opened.clinic);
});
test.afterEach(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
});

const window = (): Promise<string> => focusedWindow(opened.display);

/** What has the keyboard in the seat's own page, as a screen reader would name it. */
const focused = (): Promise<string> =>
  kiosk.page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent ?? '');

/** How long a key that was heard may take to have its effect. */
const PRESSED_MS = 4_000;

/** Goes on with Tab until that has the keyboard. */
async function tabTo(name: RegExp): Promise<void> {
  await expect
    .poll(async () => {
      const now = await focused();
      if (!name.test(now)) await press(opened.display, 'Tab');
      return now;
    })
    .toMatch(name);
}

test('without a pointer: in, into an application, to the bar and back with Super, to another application, and locked', async () => {
  const { page } = kiosk;
  const seen = screens(page);
  await seen.until('lock');
  await tap(opened.clinic, ANNA.badge);
  await seen.until('pin');
  const filled = page.locator('.dot[data-filled="yes"]');
  await typeByHand(opened.display, ANNA.pin.slice(0, -1), (typed) => expect(filled).toHaveCount(typed.length));
  await press(opened.display, ANNA.pin.slice(-1));
  await seen.until('launcher');
  await tabTo(/^Calculator/);
  await press(opened.display, 'Return');
  await seen.until('app');
  await expect.poll(window).toBe(APPLICATIONS);

  // On a busy machine the application may not hear keys yet in the moment in which its window comes: whoever presses then presses again.
  await expect(async () => {
    if ((await window()) === APPLICATIONS) await press(opened.display, 'Super_L');
    await expect.poll(window, { timeout: PRESSED_MS }).toBe(SEAT);
  }).toPass({ timeout: 4 * PRESSED_MS });
  await expect.poll(focused).toMatch(/^Apps/);
  await opened.display.picture(test.info().outputPath('bar-by-keyboard.png'));
  await press(opened.display, 'Super_L');
  await expect.poll(window).toBe(APPLICATIONS);

  await press(opened.display, 'Super_L');
  await expect.poll(window).toBe(SEAT);
  await expect.poll(focused).toMatch(/^Apps/);
  await press(opened.display, 'Return');
  await seen.until('launcher');
  await tabTo(/^Calculator/);
  await press(opened.display, 'Return');
  await seen.until('app');

  await press(opened.display, 'Super_L');
  await expect.poll(window).toBe(SEAT);
  await tabTo(/^Lock/);
  await press(opened.display, 'Return');
  await seen.until('lock');
});
