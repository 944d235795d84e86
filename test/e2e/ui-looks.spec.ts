/** How the policy wants the screens: the languages that they begin in and offer, as a person in front of the seat meets them. */
import { expect, type Page, test } from '@playwright/test';
import type { Looks } from '../../contract/looks.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, openView } from './support/views.ts';

const GERMAN_FIRST: Looks = { languages: ['de', 'en'] };
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('languages of the policy', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());

  const says = (words: string) => expect(page.getByRole('heading', { name: words })).toBeVisible();
  const settings = (title: string) => page.getByRole('button', { name: title });

  test('the seat starts in the first one; a choice holds through the session and goes with it', async () => {
    await says('Tap your badge.');
    seat.agent.push({ ...lockedView(), looks: GERMAN_FIRST });
    await says('Ausweis anhalten.');
    await expect(page.locator('html')).toHaveAttribute('lang', 'de-DE');
    await settings('Bildschirm einstellen').click();
    expect(await page.getByRole('group', { name: 'Sprache' }).getByRole('radio').all()).toHaveLength(2);
    await expect(page.getByRole('radio', { name: 'Deutsch' })).toBeChecked();
    await seat.display.picture(test.info().outputPath('languages.png'));
    // The circle lies under its word.
    await page.getByText('English', { exact: true }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await says('Tap your badge.');

    seat.agent.push(openView({ looks: GERMAN_FIRST }));
    await until(page, 'launcher');
    await expect(page.locator('html')).toHaveAttribute('lang', 'en-GB');
    seat.agent.push({ ...lockedView(), looks: GERMAN_FIRST, kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' } });
    await until(page, 'lock');
    await says('Tap your badge.');
    seat.agent.push({ ...lockedView(), looks: GERMAN_FIRST });
    await says('Ausweis anhalten.');
  });

  test('one that the policy takes away during the session falls back, and a single one is not offered as a choice', async () => {
    seat.agent.push(openView({ looks: GERMAN_FIRST }));
    await until(page, 'launcher');
    await page.evaluate(() => window.wardlock.display({ locale: 'en', theme: 'light', textPercent: 100 }));
    await expect(page.locator('html')).toHaveAttribute('lang', 'en-GB');
    seat.agent.push(openView({ looks: { languages: ['de'] } }));
    await expect(page.locator('html')).toHaveAttribute('lang', 'de-DE');
    seat.agent.push({ ...lockedView(), looks: { languages: ['de'] } });
    await until(page, 'lock');
    await settings('Bildschirm einstellen').click();
    await expect(page.getByRole('group', { name: 'Schriftgröße' })).toBeVisible();
    await expect(page.getByRole('group', { name: 'Sprache' })).toHaveCount(0);
    // A page that was taken over can't bring another one either.
    await page.evaluate(() => window.wardlock.display({ locale: 'en', theme: 'dark', textPercent: 100 }));
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(page.locator('html')).toHaveAttribute('lang', 'de-DE');
  });
});
