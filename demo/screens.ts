/**
 * The seat's screen as a player of the shift sees it: waits for a screen by its name, looks for words, presses buttons by
 * what they say. Times out with the name of what was on the screen instead.
 */
import type { Page } from 'playwright';
import { WardlockError } from '../core/errors/index.ts';

/** How long a screen may take to appear. Generous: the machine may be busy, and a missing screen is a failure anyway. */
const SCREEN_LIMIT_MS = 15_000;

export interface Screens {
  readonly page: Page;
  /** Waits until the screen of that name is shown; `data-screen` of the page's root. */
  until(screen: string, limitMs?: number): Promise<void>;
  untilWarning(limitMs: number): Promise<void>;
  /** Waits until these words stand on the screen. */
  says(words: string | RegExp): Promise<void>;
  press(name: string | RegExp): Promise<void>;
  /** Holds a button down until its screen is gone. */
  hold(name: string | RegExp, untilScreen: string): Promise<void>;
}

export function screens(page: Page): Screens {
  const root = page.locator('html');
  const wait = async (what: string, condition: () => Promise<unknown>): Promise<void> => {
    try {
      await condition();
    } catch (cause) {
      const now = await root.getAttribute('data-screen').catch(() => 'nothing');
      const text = await page
        .locator('body')
        .innerText()
        .catch(() => '');
      throw new WardlockError(
        'START_STEP_FAILED',
        `Waited for ${what}, but the seat shows "${now ?? 'nothing'}": ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`,
        { cause },
      );
    }
  };
  const until: Screens['until'] = (screen, limitMs = SCREEN_LIMIT_MS) =>
    wait(`the screen "${screen}"`, () => page.locator(`html[data-screen="${screen}"]`).waitFor({ state: 'attached', timeout: limitMs }));
  return {
    page,
    until,
    untilWarning: (limitMs) =>
      wait('the warning', () => page.locator('html[data-warning="yes"]').waitFor({ state: 'attached', timeout: limitMs })),
    says: (words) =>
      wait(`the words ${String(words)}`, () => page.getByText(words).first().waitFor({ state: 'visible', timeout: SCREEN_LIMIT_MS })),
    press: (name) =>
      wait(`the button ${String(name)}`, () => page.getByRole('button', { name }).first().click({ timeout: SCREEN_LIMIT_MS })),
    async hold(name, untilScreen) {
      const button = page.getByRole('button', { name }).first();
      await wait(`the button ${String(name)}`, () => button.hover({ timeout: SCREEN_LIMIT_MS }));
      await page.mouse.down();
      try {
        await until(untilScreen);
      } finally {
        await page.mouse.up();
      }
    },
  };
}

/** Ends the session from the launcher; the seat asks first where applications are open. */
export async function endSession(seen: Screens): Promise<void> {
  const { page } = seen;
  await seen.press('End session');
  const isAsked = page.locator('.launcher-ends');
  await isAsked.or(page.locator('html[data-screen="lock"]')).first().waitFor({ state: 'attached', timeout: SCREEN_LIMIT_MS });
  // It may go away by itself in just that moment: what was open has ended, and so the lock is still to come.
  if ((await isAsked.count()) > 0) await seen.press('End session');
  await seen.until('lock');
}
