/** The smallest screen, also with twice the text size in the longer language: what a person needs stands there whole, and does not move. */
import { expect, type Page, test } from '@playwright/test';
import type { DisplaySettings } from '../../contract/bridge.ts';
import type { SeatView, SessionView } from '../../contract/seat-view.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { ANNA, APPS, breakGlassView, lockedView, openView, pinView } from './support/views.ts';

const LARGE_GERMAN: DisplaySettings = { locale: 'de', theme: 'light', textPercent: 200 };
const USUAL: DisplaySettings = { locale: 'en', theme: 'light', textPercent: 100 };
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('at 1024 x 768', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat({ width: 1024, height: 768 });
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());

  async function shows(display: DisplaySettings): Promise<void> {
    seat.agent.push(lockedView());
    await until(page, 'lock');
    await page.evaluate((wanted) => window.wardlock.display(wanted), display);
    await expect(page.locator('html')).toHaveAttribute('data-text', String(display.textPercent));
  }

  test('no key of the pad moves sideways when the screen says something', async () => {
    await shows(LARGE_GERMAN);
    const five = page.getByRole('button', { name: '5', exact: true });
    const across = async (): Promise<readonly (number | undefined)[]> => {
      const box = await five.boundingBox();
      return [box?.x, box?.width];
    };
    seat.agent.push(pinView());
    await until(page, 'pin');
    const before = await across();
    seat.agent.push({ ...pinView({ triesLeft: 2 }), message: { key: 'pin.wrong', params: { tries: 2 } } });
    await expect(page.getByText('Falsche PIN.')).toBeVisible();
    expect(await across()).toEqual(before);
    seat.agent.push(pinView({ triesLeft: 2, waitMs: 30_000 }));
    await expect(page.locator('.waiting')).toBeVisible();
    expect(await across()).toEqual(before);
  });

  test('an emergency says whole how long it still is, and that it is recorded', async () => {
    await shows(LARGE_GERMAN);
    seat.agent.push(breakGlassView());
    await until(page, 'launcher');
    await expect(page.locator('.bar-recorded')).toHaveText('wird aufgezeichnet');
    const isCut = await page.locator('.bar-emergency p > span').evaluate((line) => line.scrollWidth > line.clientWidth);
    expect(isCut).toBe(false);
  });

  test('every letter for a name is there without scrolling, beside people to pick', async () => {
    await shows(USUAL);
    seat.agent.push({ ...lockedView(), signIn: { byName: true, suggests: true, byCode: true, newBadge: false } });
    await page.locator('.button-entry').click();
    await page.getByRole('button', { name: 'a', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Anna Reyes' })).toBeVisible();
    for (const key of await page.locator('.entry-key').all()) await expect(key).toBeInViewport({ ratio: 1 });
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  for (const display of [USUAL, LARGE_GERMAN, { ...LARGE_GERMAN, textPercent: 150 } as const]) {
    test(`the lock keeps its place whatever else the bar has to say, ${display.locale} at ${display.textPercent} %`, async () => {
      await shows(display);
      const lock = page.locator('.bar-lock');
      const place = async (): Promise<readonly number[]> => {
        const { x = 0, width = 0, height = 0 } = (await lock.boundingBox()) ?? {};
        return [x, width, height].map(Math.round);
      };
      seat.agent.push(openView());
      await until(page, 'launcher');
      const before = await place();
      const { truth } = lockedView();
      const inTrouble: SeatView['truth'] = {
        ...truth,
        reader: { state: 'frozen', name: 'Reader' },
        connection: { state: 'offline', since: '2026-11-23T06:00:00Z' },
        storage: { state: 'full', daysLeft: 0, unreceipted: 3 },
        idle: { confidence: 'low', reason: 'osBlind' },
      };
      const person = { ...ANNA, displayName: 'Bernadette Oyelaran-Lindqvist', roleName: 'Anaesthesia nurse practitioner' };
      const ends = { remainingMs: 48_000, why: 'maxAge' as const };
      const localAlarm = { since: '2026-11-23T06:00:00Z' };
      const inSession = (view: SeatView, more: Partial<SessionView>): SeatView =>
        view.session === null ? view : { ...view, session: { ...view.session, ...more } };
      const crowded = [
        inSession(openView({ truth: inTrouble }), { person, reminder: true, ends }),
        inSession(openView({ truth: inTrouble }), {
          person,
          ends,
          procedure: { offeredSeconds: 3600, until: new Date(Date.now() + 2_530_000).toISOString() },
        }),
        inSession({ ...breakGlassView(), truth: inTrouble, localAlarm }, { ends }),
      ];
      for (const [at, view] of crowded.entries()) {
        seat.agent.push(view);
        await expect(page.locator('.bar-ends')).toBeVisible();
        expect(await place()).toEqual(before);
        for (const said of await page.locator('.bar-ends, .bar-alarm').all()) await expect(said).toBeInViewport({ ratio: 1 });
        await page.screenshot({ path: test.info().outputPath(`bar-${at}.png`), clip: { x: 0, y: 0, width: 1024, height: 80 } });
        // A choice of language and size goes with its session.
        await shows(display);
      }
    });
  }

  test('the bar names the application in front, however many run', async () => {
    await shows(USUAL);
    seat.agent.push(openView({ apps: APPS.filter(({ state }) => state !== 'blocked').map((app) => ({ ...app, state: 'running' })) }));
    await until(page, 'launcher');
    const chip = (name: string) => page.locator('.chip-pair').filter({ hasText: name });
    await expect(chip('Ward clock')).not.toBeInViewport();
    await page.getByRole('button', { name: 'Ward clock running' }).click();
    await expect.poll(() => seat.agent.of('launch')).toContainEqual({ appId: 'clock' });
    await until(page, 'app');
    await expect(chip('Ward clock')).toBeInViewport({ ratio: 1 });
    // The way back lies over none of it.
    await page.getByRole('button', { name: 'Apps', exact: true }).click();
    await until(page, 'launcher');
  });
});
