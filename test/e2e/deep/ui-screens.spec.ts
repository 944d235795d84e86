/**
 * Every screen of the seat as a picture and as a page: in both themes, three sizes, large text, German, the
 * pseudo-locale from both sides. Pictures are kept as artifacts and looked at; what a machine can tell is asserted.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import type { DisplaySettings, SeatBridge } from '../../../contract/bridge.ts';
import type { SeatView } from '../../../contract/seat-view.ts';
import { openSeat, type Seat } from '../support/seat.ts';
import { SHOTS, type Shot } from '../support/shots.ts';
import { ANNA, lockedView } from '../support/views.ts';

declare global {
  interface Window {
    readonly wardlock: SeatBridge;
  }
}

interface Face {
  readonly name: string;
  readonly display: DisplaySettings;
  /** axe takes its time: each kind of page is searched in the faces that differ for it. */
  readonly axe: 'all' | 'contrast' | 'no';
}

const sizes: readonly { readonly width: number; readonly height: number; readonly faces: readonly Face[] }[] = [
  {
    width: 1920,
    height: 1080,
    faces: [
      { name: 'light', display: { locale: 'en', theme: 'light', textPercent: 100 }, axe: 'all' },
      { name: 'dark', display: { locale: 'en', theme: 'dark', textPercent: 100 }, axe: 'contrast' },
    ],
  },
  {
    width: 1024,
    height: 768,
    faces: [
      { name: 'german-200-percent', display: { locale: 'de', theme: 'light', textPercent: 200 }, axe: 'all' },
      { name: 'pseudo', display: { locale: 'pseudo', theme: 'light', textPercent: 100 }, axe: 'no' },
      { name: 'pseudo-right-to-left', display: { locale: 'pseudo-rtl', theme: 'dark', textPercent: 100 }, axe: 'no' },
    ],
  },
  {
    width: 1080,
    height: 1920,
    faces: [{ name: 'portrait', display: { locale: 'en', theme: 'dark', textPercent: 100 }, axe: 'no' }],
  },
];

for (const { width, height, faces } of sizes) {
  test.describe(`the seat at ${width} x ${height}`, () => {
    let seat: Seat;
    test.beforeAll(async () => {
      seat = await openSeat({ width, height });
    });
    test.afterAll(() => seat.clear());

    for (const face of faces) {
      test(`every screen, ${face.name}${face.axe === 'no' ? '' : ', and axe finds nothing'}`, async () => {
        // Some forty screens: beside other work on the same machine axe alone takes minutes.
        test.slow();
        const { page } = seat.kiosk;
        seat.agent.push(lockedView());
        await page.evaluate((display) => window.wardlock.display(display), face.display);
        await expect(page.locator('html')).toHaveAttribute('data-text', String(face.display.textPercent));
        await expect(page.locator('html')).toHaveAttribute('data-theme', face.display.theme);
        for (const shot of SHOTS) {
          await test.step(shot.name, async () => {
            await show(seat, shot, face.display);
            const picture = await page.screenshot({ animations: 'disabled' });
            await test.info().attach(`${width}x${height}-${face.name}-${shot.name}`, { body: picture, contentType: 'image/png' });
            await fits(page);
            if (face.display.locale.startsWith('pseudo')) await isTranslated(page, shot.view());
            if (face.axe !== 'no') expect(await violations(page, face.axe), shot.name).toEqual([]);
          });
        }
      });
    }
  });
}

test.describe('without motion', () => {
  let seat: Seat;
  test.beforeAll(async () => {
    seat = await openSeat();
  });
  test.afterAll(() => seat.clear());
  const display: DisplaySettings = { locale: 'en', theme: 'light', textPercent: 100 };

  test('nothing moves on any screen for whoever asked the system for less motion; without that the same watch sees it move', async () => {
    const { page } = seat.kiosk;
    await watchMotion(page);
    await show(seat, { name: 'lock', screen: 'lock', view: lockedView }, display);
    await expect.poll(() => moved(page)).toContainEqual(expect.stringContaining('badge'));
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await moved(page);
    for (const shot of SHOTS) {
      await show(seat, shot, display);
      await page.mouse.move(640, 300);
      expect(await moved(page), shot.name).toEqual([]);
    }
    await show(seat, shotNamed('warning'), display);
    const ring = page.locator('.warning-ring');
    const width = (await ring.boundingBox())?.width;
    await expect.poll(async () => (await ring.boundingBox())?.width).not.toBe(width);
    expect(await moved(page)).toEqual([]);
    const hold = page.locator('.hold');
    await show(seat, shotNamed('breakglass-confirm'), display);
    await hold.hover();
    await page.mouse.down();
    await expect(hold).toHaveAttribute('data-held', 'yes');
    await expect(hold).toHaveText('Keep holding');
    await page.mouse.up();
    expect(await moved(page)).toEqual([]);
  });
});

function shotNamed(wanted: string): Shot {
  const shot = SHOTS.find(({ name }) => name === wanted);
  if (shot === undefined) throw new Error(`There is no picture of ${wanted}.`);
  return shot;
}

/** Keeps the name of everything that moves from now on, however shortly. What takes no time does not move. */
async function watchMotion(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { dataset } = document.documentElement;
    const note = ({ target }: Event): void => {
      const element = target instanceof Element ? target : document.body;
      const moves = element.getAnimations({ subtree: false }).some((each) => Number(each.effect?.getComputedTiming().duration) > 0);
      if (moves) dataset['moved'] = `${dataset['moved'] ?? ''} ${element.getAttribute('class') ?? element.tagName}`;
    };
    for (const begins of ['animationstart', 'transitionrun']) document.addEventListener(begins, note, true);
  });
}

/** What moved since this was asked last. */
async function moved(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const { dataset } = document.documentElement;
    const names = dataset['moved'] ?? '';
    delete dataset['moved'];
    return names.split(' ').filter((name) => name !== '');
  });
}

/** Where a person stands before turning to a screen that the agent does not know of. */
const OWN_START: Readonly<Record<string, string>> = {
  breakglass: 'lock',
  entry: 'lock',
  newbadge: 'lock',
  pinchange: 'launcher',
  app: 'launcher',
  trouble: 'launcher',
};

/** Goes by way of the lock, so that nothing of the screen before is left. */
async function show(seat: Seat, { view, screen, act, web }: Shot, display: DisplaySettings): Promise<void> {
  const { page } = seat.kiosk;
  seat.agent.push({ ...lockedView(), phase: 'faulted' });
  await page.waitForSelector('html[data-screen="faulted"]');
  // The session of the screen before took the language that was chosen along with it.
  await page.evaluate((wanted) => window.wardlock.display(wanted), display);
  seat.agent.push(view());
  await page.waitForSelector(
    act !== undefined && OWN_START[screen] !== undefined ? `html[data-screen="${OWN_START[screen]}"]` : `html[data-screen="${screen}"]`,
  );
  if (web !== undefined) seat.agent.web({ appId: web, action: 'open' });
  await act?.(page);
  await page.waitForSelector(`html[data-screen="${screen}"]`);
}

/** What axe finds, short enough to read. */
async function violations(page: Page, what: 'all' | 'contrast'): Promise<readonly string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode(true);
  const found = await (what === 'contrast' ? axe.withRules(['color-contrast', 'color-contrast-enhanced']) : axe).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** Nothing runs out of the screen sideways, no word out of its button, and keys are large enough for gloves. */
async function fits(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const wrong: string[] = [];
    if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll('button, h1, h2, .message, .kept, .panel')) {
      const box = element.getBoundingClientRect();
      const scrolls = element.closest('.chips, .tiles, .panel, .plain') !== null;
      if (box.width === 0) continue;
      if (box.left < -1 || box.right > innerWidth + 1) if (!scrolls) wrong.push(`${element.className} leaves the screen sideways`);
      if ((box.top < -1 || box.bottom > innerHeight + 1) && !scrolls) wrong.push(`${element.className} leaves the screen`);
      if (element instanceof HTMLButtonElement && element.scrollWidth > element.clientWidth + 1)
        wrong.push(`${element.className}: ${element.innerText} is cut`);
      if (element instanceof HTMLButtonElement && Math.min(box.width, box.height) < 47)
        wrong.push(`${element.className} is ${box.width} x ${box.height}`);
      if (element.classList.contains('key') && Math.min(box.width, box.height) < 71.5) wrong.push(`a key is ${box.width} x ${box.height}`);
    }
    // Main cuts the window along the card: what a warning or a question says stands in it without scrolling.
    for (const card of document.querySelectorAll('.warning-card'))
      if (card.scrollHeight > card.clientHeight + 1)
        wrong.push(`the card is ${card.clientHeight} high, and what it says ${card.scrollHeight}`);
    // What lies below the bar is an application's: what the bar says must be whole, and must push nobody out.
    const bar = document.querySelector('.bar')?.getBoundingClientRect();
    for (const element of document.querySelectorAll('.bar-message .message, .chip-home, .bar-lock')) {
      const box = element.getBoundingClientRect();
      const room = element.closest('.chips')?.getBoundingClientRect() ?? bar ?? box;
      const isIn = box.top >= room.top - 1 && box.bottom <= room.bottom + 1 && box.left >= room.left - 1 && box.right <= room.right + 1;
      if (!isIn) wrong.push(`${element.className} is not whole in the bar`);
    }
    return wrong;
  });
  expect(found).toEqual([]);
}

/** Every text is in the pseudo-locale's brackets, a number, a date, or came from the agent. */
async function isTranslated(page: Page, view: SeatView): Promise<void> {
  const said = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: string[] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      if (text !== '') texts.push(text);
    }
    for (const element of document.querySelectorAll('[aria-label], [placeholder]')) {
      texts.push(element.getAttribute('aria-label') ?? element.getAttribute('placeholder') ?? '');
    }
    return texts;
  });
  const given = JSON.stringify([view, ANNA]);
  const date = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date());
  const own = said.filter(
    (text) => !/⟦.*⟧/s.test(text) && !given.includes(text) && text !== date && !/^([\d\s:.,%]*|.|ERR_[A-Z_]+)$/u.test(text),
  );
  expect(own).toEqual([]);
}
