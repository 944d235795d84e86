/**
 * Every screen of the seat as a picture and as a page: in both themes, three sizes, large text, German, the
 * pseudo-locale from both sides. Pictures are kept as artifacts and looked at; what a machine can tell is asserted.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import type { DisplaySettings, SeatBridge } from '../../../contract/bridge.ts';
import type { SeatView } from '../../../contract/seat-view.ts';
import { typeAsPerson } from '../../../demo/kiosk.ts';
import { openSeat, type Seat } from '../support/seat.ts';
import { ANNA, breakGlassView, lockedView, openView, pinView } from '../support/views.ts';

declare global {
  interface Window {
    readonly wardlock: SeatBridge;
  }
}

interface Shot {
  readonly name: string;
  readonly screen: string;
  readonly view: () => SeatView;
  /** What a person does before the picture. */
  readonly act?: (page: Page) => Promise<void>;
}

const truth = lockedView().truth;
const EVERY_WAY = { byName: true, suggests: true, byCode: true, newBadge: false };
const SHOTS: readonly Shot[] = [
  { name: 'lock', screen: 'lock', view: lockedView },
  {
    name: 'lock-in-trouble',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' },
      message: { key: 'badge.unknown', params: {}, code: 'SESSION_BADGE_UNKNOWN' },
      truth: {
        ...truth,
        connection: { state: 'offline', since: '2026-11-23T09:00:00Z' },
        keys: { protection: 'file', meaning: 'The key of this seat lies in a file.' },
        enforcement: { mode: 'degraded', missing: [{ layer: 'landlock', meaning: 'The kernel does not hold programs back.' }] },
      },
    }),
  },
  {
    name: 'reader-unplugged',
    screen: 'lock',
    view: () => ({ ...lockedView(), truth: { ...truth, reader: { state: 'absent', name: 'Reader' } } }),
  },
  {
    name: 'reader-stopped',
    screen: 'lock',
    view: () => ({ ...lockedView(), signIn: EVERY_WAY, truth: { ...truth, reader: { state: 'stopped', name: 'Reader' } } }),
  },
  {
    name: 'reader-ghost',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      message: { key: 'badge.unreadable', params: {}, code: 'SESSION_BADGE_UNREADABLE' },
      truth: { ...truth, reader: { state: 'ghost', name: 'Reader' } },
    }),
  },
  {
    name: 'lock-new-badge',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      signIn: { ...EVERY_WAY, newBadge: true },
      message: { key: 'badge.unknown', params: {}, code: 'SESSION_BADGE_UNKNOWN' },
    }),
  },
  {
    name: 'new-badge-taken',
    screen: 'newbadge',
    view: () => ({ ...lockedView(), signIn: { ...EVERY_WAY, newBadge: true } }),
    async act(page) {
      await page.locator('.button-new-badge').click();
      await typeAsPerson(page, 'anna.reyes');
      await page.locator('.entry-steps .button-accent').click();
      await page.locator('.pin-panel').waitFor();
      await typeAsPerson(page, '271828');
      await page.locator('.key-ok').click();
      await page.locator('.new-badge-said').waitFor();
    },
  },
  {
    name: 'second-person',
    screen: 'second',
    view: () => ({
      ...lockedView(),
      phase: 'authenticating',
      prompt: { kind: 'second', person: { displayName: 'Anna Reyes', initials: 'AR' }, roles: ['Lead nurse', 'Doctor'] },
      message: { key: 'second.notAllowed', params: {}, code: 'SESSION_SECOND_NOT_ALLOWED' },
    }),
  },
  { name: 'lock-without-badge', screen: 'lock', view: () => ({ ...lockedView(), signIn: EVERY_WAY }) },
  {
    name: 'entry',
    screen: 'entry',
    view: () => ({ ...lockedView(), signIn: EVERY_WAY }),
    async act(page) {
      await page.locator('.button-entry').click();
      await typeAsPerson(page, 'an');
      await page.locator('.entry-people button').first().waitFor();
    },
  },
  {
    name: 'entry-refused',
    screen: 'entry',
    view: () => ({
      ...lockedView(),
      signIn: { ...EVERY_WAY, byName: false },
      message: { key: 'code.wait', params: { seconds: 30 }, code: 'SESSION_PIN_WAIT' },
    }),
    act: (page) => page.locator('.button-entry').click(),
  },
  { name: 'pin', screen: 'pin', view: () => pinView(), act: (page) => typeAsPerson(page, '27') },
  {
    name: 'pin-wrong',
    screen: 'pin',
    view: () => ({ ...pinView({ triesLeft: 2, purpose: 'takeover' }), message: { key: 'pin.wrong', params: { tries: 2 } } }),
  },
  {
    name: 'pin-wait',
    screen: 'pin',
    view: () => ({ ...pinView({ triesLeft: 0, waitMs: 24_000 }), message: { key: 'pin.wait', params: { seconds: 24 } } }),
  },
  { name: 'launcher', screen: 'launcher', view: () => openView() },
  {
    name: 'pin-change',
    screen: 'pinchange',
    view: () => openView(),
    async act(page) {
      await page.locator('.button-pin-change').click();
      await typeAsPerson(page, '27');
    },
  },
  {
    name: 'pin-change-done',
    screen: 'pinchange',
    view: () => openView(),
    async act(page) {
      await page.locator('.button-pin-change').click();
      for (const digits of ['271828', '805917', '805917']) {
        await typeAsPerson(page, digits);
        await page.locator('.key-ok').click();
      }
      await page.locator('.pin-change [role="status"]').waitFor();
    },
  },
  {
    name: 'staff-too-old',
    screen: 'lock',
    view: () => ({
      ...lockedView(),
      message: { key: 'staff.tooOld', params: {}, code: 'SESSION_STAFF_TOO_OLD' },
      truth: { ...truth, staff: { state: 'tooOld', asOf: '2026-11-20T06:00:00Z' } },
    }),
  },
  {
    name: 'launcher-refused',
    screen: 'launcher',
    view: () => openView({ message: { key: 'app.changed', params: { app: 'Label printer' }, code: 'LAUNCH_FILE_CHANGED' } }),
  },
  {
    name: 'signed-in-reminder',
    screen: 'launcher',
    view: () => {
      const view = openView();
      return view.session === null ? view : { ...view, session: { ...view.session, reminder: true } };
    },
  },
  {
    name: 'idle-not-believed',
    screen: 'lock',
    view: () => ({ ...lockedView(), truth: { ...truth, idle: { confidence: 'low', reason: 'osFrozen' } } }),
  },
  {
    name: 'idle-propped',
    screen: 'launcher',
    view: () => openView({ truth: { ...truth, idle: { confidence: 'low', reason: 'neverRests' } } }),
  },
  {
    name: 'procedure',
    screen: 'launcher',
    view: () => {
      const view = openView();
      const until = new Date(Date.now() + 2_530_000).toISOString();
      return view.session === null ? view : { ...view, session: { ...view.session, procedure: { offeredSeconds: 3600, until } } };
    },
  },
  {
    name: 'warning',
    screen: 'launcher',
    view: () => ({ ...openView(), phase: 'warning', warning: { remainingMs: 13_000, totalMs: 20_000 } }),
  },
  { name: 'breakglass-reason', screen: 'breakglass', view: lockedView, act: (page) => page.locator('.button-emergency').click() },
  {
    name: 'breakglass-confirm',
    screen: 'breakglass',
    view: lockedView,
    async act(page) {
      await page.locator('.button-emergency').click();
      await page.locator('.emergency-steps .button-accent').click();
    },
  },
  {
    name: 'breakglass-badge',
    screen: 'badge',
    view: () => ({ ...lockedView(), phase: 'authenticating', prompt: { kind: 'badge', purpose: 'breakGlass' } }),
  },
  {
    name: 'breakglass-code',
    screen: 'badge',
    view: () => ({ ...lockedView(), phase: 'authenticating', prompt: { kind: 'badge', purpose: 'breakGlass' }, signIn: EVERY_WAY }),
    act: (page) => page.locator('.button-entry').click(),
  },
  { name: 'breakglass-session', screen: 'launcher', view: breakGlassView },
  {
    name: 'faulted',
    screen: 'faulted',
    view: () => ({ ...lockedView(), phase: 'faulted', message: { key: 'store.broken', params: {}, code: 'AUDIT_STORE_FOREIGN' } }),
  },
  {
    name: 'faulted-unenforced',
    screen: 'faulted',
    view: () => ({
      ...lockedView(),
      phase: 'faulted',
      message: { key: 'seat.unenforced', params: {}, code: 'SESSION_SEAT_UNENFORCED' },
      truth: {
        ...truth,
        enforcement: { mode: 'degraded', missing: [{ layer: 'landlock', meaning: 'Programs are not held to the policy.' }] },
      },
    }),
  },
  {
    name: 'enrolment',
    screen: 'enrolment',
    view: () => ({ ...lockedView(), phase: 'unenrolled', enrolment: { step: 'verifying', error: null } }),
  },
  {
    name: 'enrolment-failed',
    screen: 'enrolment',
    view: () => ({
      ...lockedView(),
      phase: 'unenrolled',
      enrolment: {
        step: 'failed',
        error: { code: 'ENROL_WRONG_SERVER', message: 'The server that answered is not the one that issued this token.' },
      },
    }),
  },
];

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
        const { page } = seat.kiosk;
        seat.agent.push(lockedView());
        await page.evaluate((display) => window.wardlock.display(display), face.display);
        await expect(page.locator('html')).toHaveAttribute('data-text', String(face.display.textPercent));
        await expect(page.locator('html')).toHaveAttribute('data-theme', face.display.theme);
        for (const shot of SHOTS) {
          await test.step(shot.name, async () => {
            await show(seat, shot);
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

/** Where a person stands before turning to a screen that the agent does not know of. */
const OWN_START: Readonly<Record<string, string>> = { breakglass: 'lock', entry: 'lock', newbadge: 'lock', pinchange: 'launcher' };

/** Goes by way of the lock, so that nothing of the screen before is left. */
async function show(seat: Seat, { view, screen, act }: Shot): Promise<void> {
  const { page } = seat.kiosk;
  seat.agent.push({ ...lockedView(), phase: 'faulted' });
  await page.waitForSelector('html[data-screen="faulted"]');
  seat.agent.push(view());
  await page.waitForSelector(
    act !== undefined && OWN_START[screen] !== undefined ? `html[data-screen="${OWN_START[screen]}"]` : `html[data-screen="${screen}"]`,
  );
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
  const own = said.filter((text) => !/⟦.*⟧/s.test(text) && !given.includes(text) && text !== date && !/^([\d\s:.,%]*|.)$/u.test(text));
  expect(own).toEqual([]);
}
