/**
 * Processes of a real seat that are killed together, again and again, at the worst moments, or stopped without dying: the seat is
 * locked or covered each time, never the desktop, and goes on as soon as its processes do.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { endSession, screens } from '../../../demo/screens.ts';
import { ANNA, BEN, tap } from '../../../demo/shift.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { signIn } from '../support/sign-in.ts';

const run = promisify(execFile);
/** Nobody moves during these tests; the seat must not warn meanwhile. */
const NO_WARNING_SECONDS = 600;
const RESTART_LIMIT_MS = 30_000;
const ROUNDS = 3;

test.describe.configure({ mode: 'serial' });

let opened: TestClinic;
let kiosk: Kiosk;

test.beforeAll(async () => {
  opened = await openTestClinic(NO_WARNING_SECONDS);
  kiosk = await openDrivenKiosk(opened.clinic);
});
test.afterAll(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
});

for (const phase of ['locked', 'in session'] as const) {
  test(`escape 48 ${phase}: an agent that is stopped counts as dead: the screens cover everything until it answers`, async () => {
    const seen = screens(kiosk.page);
    if (phase === 'in session') {
      await signIn(kiosk.page, opened.clinic);
      await seen.press(/^Calculator/);
      await seen.until('app');
    } else await seen.until('lock');
    const agent = opened.clinic.seat.agent();
    agent.kill('SIGSTOP');
    try {
      await seen.until('away');
      await expect(kiosk.page.getByText(ANNA.displayName)).toHaveCount(0);
      expect(await shownTitles()).toEqual(['Wardlock']);
    } finally {
      agent.kill('SIGCONT');
    }
    await expect(kiosk.page.locator('html')).not.toHaveAttribute('data-screen', 'away');
    await noSession();
  });
}

for (const phase of ['locked', 'in session'] as const) {
  test(`escape 47 ${phase}: screens, agent and syncer are killed together, in a loop: locked after each, and it still works`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (phase === 'in session') await signIn(kiosk.page, opened.clinic);
      const { seat } = opened.clinic;
      process.kill(kiosk.pid, 'SIGKILL');
      seat.agent().kill('SIGKILL');
      seat.syncer().kill('SIGKILL');
      await Promise.all([seat.agent().exited, seat.syncer().exited]);
      await expect.poll(shownTitles).toEqual([]);
      await seat.startAgent();
      await seat.startSyncer();
      expect(await opened.status()).toMatchObject({ session: null, prompt: null });
      kiosk = await openDrivenKiosk(opened.clinic);
      await screens(kiosk.page).until('lock', RESTART_LIMIT_MS);
    }
    await signIn(kiosk.page, opened.clinic);
    await noSession();
  });
}

const moments = {
  login: async () => {
    await tap(opened.clinic, ANNA.badge);
    await screens(kiosk.page).until('pin');
  },
  switch: async () => {
    await signIn(kiosk.page, opened.clinic);
    await screens(kiosk.page).press(/^Calculator/);
    await screens(kiosk.page).until('app');
    await tap(opened.clinic, BEN.badge);
    await screens(kiosk.page).until('pin');
  },
  lock: async () => {
    await signIn(kiosk.page, opened.clinic);
    await screens(kiosk.page).press(/^Calculator/);
    await screens(kiosk.page).until('app');
    await screens(kiosk.page).press(/^Lock/);
  },
} as const;
for (const moment of ['login', 'switch', 'lock'] as const) {
  test(`escape 52 ${moment === 'lock' ? 'in session' : 'locked'}: the screens crash at ${moment}: no window of anybody's work is left, and new screens are locked`, async () => {
    await moments[moment]();
    process.kill(kiosk.pid, 'SIGKILL');
    await expect.poll(shownTitles).toEqual([]);
    await expect.poll(async () => (await opened.status()).phase).toMatch(/^(locked|authenticating)$/);
    kiosk = await openDrivenKiosk(opened.clinic);
    const seen = screens(kiosk.page);
    await expect(kiosk.page.locator('html')).toHaveAttribute('data-screen', /^(lock|pin)$/, { timeout: RESTART_LIMIT_MS });
    if ((await opened.status()).prompt !== null) await seen.press('Cancel');
    await seen.until('lock');
    await signIn(kiosk.page, opened.clinic);
    await noSession();
  });
}

/** Ends whatever session is open; the seat is locked afterwards. */
async function noSession(): Promise<void> {
  const seen = screens(kiosk.page);
  const screen = await kiosk.page.locator('html').getAttribute('data-screen');
  if (screen === 'app') {
    await seen.press('Apps');
    await seen.until('launcher');
  }
  if (screen === 'app' || screen === 'launcher') await endSession(seen);
  else await seen.until('lock');
}

/** Titles of the windows that the display itself shows, without covers and windows that have no name. */
async function shownTitles(): Promise<readonly string[]> {
  const env = { PATH: '/usr/bin:/bin', DISPLAY: opened.display.name, XAUTHORITY: opened.display.authority };
  // xdotool ends with 1 when it finds nothing.
  const ids = await run('xdotool', ['search', '--onlyvisible', '--name', '.'], { env }).then(
    ({ stdout }) => stdout.trim().split('\n'),
    () => [],
  );
  const names = await Promise.all(
    ids.map((id) =>
      run('xdotool', ['getwindowname', id], { env }).then(
        ({ stdout }) => stdout.trim(),
        () => '',
      ),
    ),
  );
  return names.filter((name) => /Wardlock|Xephyr|Calculator|xcalc/i.test(name)).toSorted();
}
