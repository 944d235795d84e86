/** Keys that are held down, by the window system's own repeats: a page hears of their end, and one long press is one key. */
import { expect, type Page, test } from '@playwright/test';
import { hold, press } from './support/keys.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, pinView } from './support/views.ts';

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('a key that is held down', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
    await page.evaluate(() => {
      const { dataset } = document.documentElement;
      const count = (name: string): void => {
        dataset[name] = String(Number(dataset[name] ?? 0) + 1);
      };
      document.addEventListener('keydown', ({ repeat }) => repeat && count('repeats'));
      document.addEventListener('keyup', () => count('ups'));
    });
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    // By way of the pad, so that nothing of the screen before is left.
    seat.agent.push(pinView());
    await until(page, 'pin');
    seat.agent.push(lockedView());
    await until(page, 'lock');
    seat.agent.asked.length = 0;
  });
  const heard = (what: 'repeats' | 'ups'): Promise<number> =>
    page.evaluate((name) => Number(document.documentElement.dataset[name] ?? 0), what);

  for (const key of ['space', 'Return']) {
    test(`opens the emergency access only as long as it is held: ${key}`, async () => {
      await page.locator('.button-emergency').click();
      await page.locator('.emergency-steps .button-accent').click();
      const button = page.locator('.hold');
      await button.focus();
      const ups = await heard('ups');
      const repeats = await heard('repeats');
      await hold(seat.display, key, async () => {
        await expect.poll(() => heard('repeats')).toBeGreaterThan(repeats);
        await expect(button).toHaveAttribute('data-held', 'yes');
      });
      // A space is typed text: what the page hears of it first is a whole key, made once it is no badge's.
      await expect.poll(() => heard('ups')).toBe(ups + (key === 'space' ? 2 : 1));
      await expect(button).toHaveAttribute('data-held', 'no');
      expect(seat.agent.of('breakGlass')).toEqual([]);

      await hold(seat.display, key, () => expect.poll(() => seat.agent.of('breakGlass').length).toBe(1));
      await expect(button).toHaveAttribute('data-held', 'no');
    });
  }

  test('is one digit of a PIN; the next press is the next one', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    const dots = page.locator('.dot[data-filled="yes"]');
    const repeats = await heard('repeats');
    await hold(seat.display, '5', () => expect.poll(() => heard('repeats')).toBeGreaterThan(repeats + 2));
    await expect(dots).toHaveCount(1);
    await press(seat.display, '5');
    await expect(dots).toHaveCount(2);
  });
});
