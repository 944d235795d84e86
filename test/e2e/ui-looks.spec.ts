/** How the policy wants the screens, as a person in front of the seat meets them: languages, the site's name and line, its colour. */
import { expect, type Page, test } from '@playwright/test';
import { Accent, type Looks } from '../../contract/looks.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { BRANDED } from './support/shots.ts';
import { lockedView, openView, pinView } from './support/views.ts';

const GERMAN_FIRST: Looks = { languages: ['de', 'en'], siteName: null, helpdeskLine: null, accent: 'petrol' };
const GERMAN_ONLY: Looks = { ...GERMAN_FIRST, languages: ['de'] };
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
    seat.agent.push(openView({ looks: GERMAN_ONLY }));
    await expect(page.locator('html')).toHaveAttribute('lang', 'de-DE');
    seat.agent.push({ ...lockedView(), looks: GERMAN_ONLY });
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

test.describe('the brand of the site', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat({ width: 1024, height: 768 });
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());

  /** Where everything is that a person at the lock needs. */
  const places = () =>
    page.evaluate(() =>
      ['.seat-name', '.clock-time', '.badge-drawing', '.instruction', '.truth', '.button-emergency', '.button-quiet'].map((what) => {
        const { x, y, width, height } = document.querySelector(what)?.getBoundingClientRect() ?? new DOMRect();
        return `${what} ${x},${y} ${width}x${height}`;
      }),
    );
  const colour = (): Promise<string> => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent'));
  const drawn = (accent: string) => expect(page.locator('html')).toHaveAttribute('data-accent', accent);

  test('stands on the locked screens in the room that is left, moves nothing that a person needs, and is not in the session', async () => {
    await page.evaluate(() => window.wardlock.display({ locale: 'en', theme: 'light', textPercent: 100 }));
    const before = await places();
    expect(before.every((place) => !place.endsWith(' 0x0'))).toBe(true);
    seat.agent.push({ ...lockedView(), looks: BRANDED });
    await expect(page.getByText(BRANDED.siteName ?? '')).toBeVisible();
    await expect(page.getByText(BRANDED.helpdeskLine ?? '')).toBeVisible();
    const isCut = await page.locator('.seat-helpdesk').evaluate((line) => line.scrollHeight > line.clientHeight + 1);
    expect(isCut).toBe(false);
    expect(await places()).toEqual(before);
    await seat.display.picture(test.info().outputPath('brand-lock.png'));
    seat.agent.push({ ...pinView(), looks: BRANDED });
    await until(page, 'pin');
    await expect(page.getByText(BRANDED.siteName ?? '')).toBeVisible();
    seat.agent.push(openView({ looks: BRANDED }));
    await until(page, 'launcher');
    await expect(page.getByText(BRANDED.siteName ?? '')).toHaveCount(0);
    await drawn('plum');

    // No room left: it goes first.
    seat.agent.push({ ...lockedView(), looks: BRANDED });
    await until(page, 'lock');
    await page.evaluate(() => window.wardlock.display({ locale: 'en', theme: 'light', textPercent: 200 }));
    await expect(page.getByText(BRANDED.siteName ?? '')).toBeHidden();
  });

  for (const theme of ['light', 'dark'] as const) {
    test(`has a colour of its own for each name, ${theme}`, async () => {
      await page.evaluate((wanted) => window.wardlock.display({ locale: 'en', theme: wanted, textPercent: 100 }), theme);
      const seen = new Set<string>();
      for (const { const: accent } of Accent.anyOf) {
        seat.agent.push({ ...pinView(), looks: { ...BRANDED, siteName: 'St Elsewhere', helpdeskLine: null, accent } });
        await until(page, 'pin');
        await drawn(accent);
        seen.add(await colour());
        await page.screenshot({ path: test.info().outputPath(`accent-${accent}.png`), animations: 'disabled' });
      }
      expect(seen.size).toBe(Accent.anyOf.length);
    });
  }
});
