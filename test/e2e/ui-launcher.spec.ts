/**
 * The tile of an application that the person's role has and that cannot be opened now: it stays, says why to whoever sees it
 * and to whoever only hears it, is reached by keyboard, and asks the agent for nothing.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import type { AppView } from '../../contract/seat-view.ts';
import { typeAsPerson } from '../../demo/kiosk.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { APPS, lockedView, openView } from './support/views.ts';

const [, medication] = APPS;
const WHY = 'Not at this time: from tomorrow, 07:00.';

test.describe('an application that is blocked now', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    seat.agent.push(lockedView());
    await page.waitForSelector('html[data-screen="lock"]');
    seat.agent.push(openView());
    await page.waitForSelector('html[data-screen="launcher"]');
    seat.agent.asked.length = 0;
  });
  const tile = () => page.getByRole('button', { name: /^Radiology viewer/ });
  const launches = () => seat.agent.of('launch');

  test('is shown with why, is reached by keyboard, and explains itself instead of opening', async () => {
    await expect(tile()).toHaveAccessibleName(`Radiology viewer blocked now ${WHY}`);
    await expect(tile()).toHaveAttribute('aria-disabled', 'true');
    await expect(tile().locator('.tile-reason')).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: 'Radiology viewer' })).toHaveCount(0);
    for (let presses = 0; presses < 30 && !(await isFocused(page, 'Radiology viewer')); presses += 1) await page.keyboard.press('Tab');
    await expect(tile()).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status').filter({ hasText: `Radiology viewer ${WHY}` })).toHaveCount(1);
    await tile().click({ force: true });
    // What is not blocked still opens, and takes the explanation away.
    await page.getByRole('button', { name: `${medication?.name} ready` }).click();
    await expect.poll(launches).toEqual([{ appId: medication?.id }]);
    await expect(page.getByRole('status').filter({ hasText: 'Radiology viewer' })).toHaveCount(0);
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  test('says so in German, and is no longer blocked with the next word of the agent', async () => {
    await page.evaluate(() => window.wardlock.display({ locale: 'de', theme: 'light', textPercent: 100 }));
    await expect(tile()).toHaveAccessibleName('Radiology viewer jetzt gesperrt Nicht um diese Zeit: ab morgen, 07:00 Uhr.');
    const apps = APPS.map(({ blocked, ...app }) => (blocked === undefined ? app : { ...app, state: 'ready' as const }));
    seat.agent.push(openView({ apps }));
    await tile().click();
    await expect.poll(launches).toEqual([{ appId: 'image' }]);
  });
});

test.describe('an application that starts slowly', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());
  const chart = (state: AppView['state']) => openView({ apps: APPS.slice(0, 1).map((app) => ({ ...app, state })) });
  const opened = async (): Promise<void> => {
    seat.agent.push(chart('ready'));
    await page.waitForSelector('html[data-screen="launcher"]');
    seat.agent.asked.length = 0;
    await page.getByRole('button', { name: 'Patient chart ready' }).click();
    await expect.poll(() => seat.agent.of('launch').length).toBe(1);
    seat.agent.push(chart('starting'));
  };

  test('comes to the front once it runs, but never over the pad on which its person has begun to change the PIN', async () => {
    await opened();
    seat.agent.push(chart('running'));
    await page.waitForSelector('html[data-screen="app"]');
    seat.agent.push(lockedView());
    await page.waitForSelector('html[data-screen="lock"]');

    await opened();
    await page.locator('.button-pin-change').click();
    await typeAsPerson(page, '271');
    seat.agent.push(chart('running'));
    await expect(page.locator('.chip-pair')).toHaveCount(1);
    await typeAsPerson(page, '828');
    await expect(page.locator('html')).toHaveAttribute('data-screen', 'pinchange');
    await expect(page.locator('.dots [role="status"]')).toHaveText('6 digits entered');
  });
});

test.describe('the end of a session', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());
  const ends = () => page.getByRole('button', { name: 'End session' });
  const question = () => page.getByRole('alert').filter({ hasText: 'What is not saved there is lost.' });

  test('is asked about while something runs, and a second tap at the same place keeps the session', async () => {
    seat.agent.push(openView());
    await page.waitForSelector('html[data-screen="launcher"]');
    const place = await ends().boundingBox();
    if (place === null) throw new Error('The button has no place.');
    const tap = (part: number) => page.mouse.click(place.x + place.width * part, place.y + place.height / 2);
    await tap(0.9);
    await expect(question()).toHaveText('2 apps are open. What is not saved there is lost.');
    await expect(page.getByRole('button', { name: 'Stay' })).toBeFocused();
    await tap(0.05);
    await expect(question()).toHaveCount(0);
    expect(seat.agent.of('logout')).toEqual([]);
    await ends().click();
    await ends().click();
    await expect.poll(() => seat.agent.of('logout').length).toBe(1);
  });

  test('comes at once where nothing runs', async () => {
    seat.agent.push(lockedView());
    await page.waitForSelector('html[data-screen="lock"]');
    seat.agent.asked.length = 0;
    seat.agent.push(openView({ apps: APPS.map((app) => (app.state === 'running' ? { ...app, state: 'ready' } : app)) }));
    await page.waitForSelector('html[data-screen="launcher"]');
    await ends().click();
    await expect.poll(() => seat.agent.of('logout').length).toBe(1);
  });
});

async function isFocused(page: Page, name: string): Promise<boolean> {
  return page.evaluate((text) => document.activeElement?.textContent?.startsWith(text) === true, name);
}
