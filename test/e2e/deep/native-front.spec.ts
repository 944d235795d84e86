/**
 * Several native applications at once, as a person sees them: each fills the display that they share, and its tile and its place on the bar
 * bring it before the others. Where the policy wants so, the tile starts another one.
 */
import { expect, test } from '@playwright/test';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { screens } from '../../../demo/screens.ts';
import { processesOf } from '../../support/processes.ts';
import { named } from '../../support/sandboxed-seat.ts';
import { coloursShown } from '../../support/x-display.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { signIn } from '../support/sign-in.ts';

const NO_WARNING_SECONDS = 600;
const SCREEN = { x: 0, y: 0, width: 1280, height: 800 } as const;
/** Such as nothing else on the screen has. */
const COLOURS = { Red: 0xff0000, Blue: 0x0000ff, Green: 0x00ff00 } as const;
type Name = keyof typeof COLOURS;

let opened: TestClinic;
let kiosk: Kiosk;

test.beforeEach(async () => {
  opened = await openTestClinic(NO_WARNING_SECONDS);
  const native = { kind: 'native' as const, icon: 'app', ...named('/usr/bin/xcalc'), env: {}, children: [] };
  await opened.clinic.publish((policy) => ({
    ...policy,
    apps: [
      ...policy.apps,
      { ...native, id: 'red', name: 'Red', args: ['-bg', 'red'] },
      { ...native, id: 'blue', name: 'Blue', args: ['-bg', 'blue'] },
      { ...native, id: 'green', name: 'Green', args: ['-bg', 'green1'], oneInstance: false },
    ],
    roles: policy.roles.map((role) => ({ ...role, apps: [...role.apps, 'red', 'blue', 'green'] })),
  }));
  kiosk = await openDrivenKiosk(opened.clinic);
  await expect.poll(async () => (await opened.status()).truth.policy.version).toBe(2);
  await signIn(kiosk.page, opened.clinic);
});
test.afterEach(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
});

/** Nothing but that application's windows is to be seen of the three. */
async function onlyShown(name: Name): Promise<void> {
  const display = { name: opened.display.name, xauthority: opened.display.authority, close: () => Promise.resolve() };
  const shown = (): readonly string[] => {
    const colours = coloursShown(display, SCREEN);
    return Object.entries(COLOURS).flatMap(([one, colour]) => (colours.has(colour) ? [one] : []));
  };
  await expect.poll(shown).toEqual([name]);
}

const running = (): number => processesOf(opened.clinic.users?.app.uid ?? process.geteuid?.() ?? 0, 'xcalc').length;

async function tile(name: Name): Promise<void> {
  const seen = screens(kiosk.page);
  if ((await kiosk.page.getAttribute('html', 'data-screen')) === 'app') await seen.press('Apps');
  await seen.until('launcher');
  await kiosk.page
    .getByRole('list', { name: 'Apps' })
    .getByRole('button', { name: new RegExp(`^${name}`) })
    .click();
  await seen.until('app');
  await onlyShown(name);
}

test('an application that others cover comes to the front by its place on the bar and by its tile, and no second one starts', async () => {
  await tile('Red');
  await tile('Blue');
  await kiosk.page.getByRole('navigation').getByRole('button', { name: 'Red', exact: true }).click();
  await onlyShown('Red');
  await tile('Blue');
  expect(running()).toBe(2);
});

test('where the policy lets an application run several times, its tile starts another one', async () => {
  await tile('Green');
  expect(running()).toBe(1);
  await tile('Green');
  await expect.poll(running).toBe(2);
});
