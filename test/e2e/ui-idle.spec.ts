/**
 * What the seat takes for a person, in a real kiosk: a clip that plays in a web app is none, however often the operating system counts
 * it as input, and a machine that sleeps and wakes is told to the agent.
 */
import { expect, test } from '@playwright/test';
import type { Params } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';
import { compareSources, SOURCES_START } from '../../core/idle/sources.ts';
import { SESSION_BAR_HEIGHT } from '../../core/view/frame.ts';
import { type ClipsSite, openClips, startClips } from './support/clips.ts';
import { click, point, press, typeBlindly } from './support/keys.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { APPS, lockedView, openView } from './support/views.ts';

let seat: Seat;
let site: ClipsSite;

test.beforeAll(async () => {
  site = await startClips();
  seat = await openSeat();
});
test.afterAll(async () => {
  await seat.clear();
  await site.close();
});

test('escape 62 in session: clips that play in a web app are no input, though the system counts them', async () => {
  let sources = SOURCES_START;
  let idleMs = 0;
  let former = { osIdleMs: 0, ownIdleMs: 0 };
  let counted = 0;
  await openClips(seat, site);
  seat.agent.on('activity', (told) => {
    if (told.osIdleMs + 1_000 < former.osIdleMs && told.ownIdleMs > former.ownIdleMs) counted += 1;
    former = told;
    ({ state: sources, idleMs } = compareSources(sources, { ...told, atMs: performance.now(), card: 'unknown' }));
  });
  // The system has taken the clips for somebody, more than once; nobody has touched anything.
  await expect.poll(() => counted, { timeout: 60_000 }).toBeGreaterThan(1);
  expect(former).toMatchObject({ nativeFront: false });
  expect(idleMs).toBe(former.ownIdleMs);
  expect(idleMs).toBeGreaterThan(former.osIdleMs);
  expect(sources.doubt).toBeNull();
});

for (const [what, touch] of [
  ['a pointer that moves over it', () => point(seat.display, 640, 400)],
  ['typed text', () => typeBlindly(seat.display, 'ward')],
  ['a key that the seat keeps from it', () => press(seat.display, 'F12')],
] as const) {
  test(`what somebody does in a web app is input of a page: ${what}`, async () => {
    await openClips(seat, site);
    const told = listen();
    await expect.poll(() => told.last?.ownIdleMs).toBeGreaterThan(3_000);
    await touch();
    await expect.poll(() => told.last?.ownIdleMs).toBeLessThan(3_000);
  });
}

test('so it is in a list that a page opened over itself, where no page sees it', async () => {
  const web = await openClips(seat, site);
  await click(seat.display, 60, SESSION_BAR_HEIGHT + 15);
  await web.evaluate(() => addEventListener('mousemove', () => document.body.setAttribute('data-moved', 'yes'), true));
  const told = listen();
  for (const touch of [() => point(seat.display, 80, SESSION_BAR_HEIGHT + 150), () => press(seat.display, 'Down')]) {
    await expect.poll(() => told.last?.ownIdleMs).toBeGreaterThan(3_000);
    await touch();
    await expect.poll(() => told.last?.ownIdleMs).toBeLessThan(3_000);
  }
  await expect(web.locator('body')).not.toHaveAttribute('data-moved');
});

test('the agent hears whether a native application is seen, whose input no page sees', async () => {
  const told = listen();
  seat.agent.on('launch', () => {});
  seat.agent.push(openView({ apps: APPS.filter(({ id }) => id === 'chart') }));
  await seat.kiosk.page.waitForSelector('html[data-screen="launcher"]');
  await expect.poll(() => told.last?.nativeFront).toBe(false);
  await seat.kiosk.page.getByRole('button', { name: 'Patient chart running' }).click();
  await expect.poll(() => told.last?.nativeFront).toBe(true);
  seat.agent.push(lockedView());
  await expect.poll(() => told.last?.nativeFront).toBe(false);
});

test('what the machine tells of sleep and of its own lock locks the seat, before the agent has answered', async () => {
  const { app, page } = seat.kiosk;
  for (const [event, what] of [
    ['suspend', 'suspend'],
    ['resume', 'resume'],
    ['lock-screen', 'osLock'],
  ] as const) {
    seat.agent.push(openView());
    await page.waitForSelector('html[data-screen="launcher"]');
    seat.agent.asked.length = 0;
    seat.agent.hang(true);
    await app.evaluate(({ powerMonitor }, name) => powerMonitor.emit(name), event);
    await page.waitForSelector('html[data-screen="lock"]');
    seat.agent.hang(false);
    await expect.poll(() => seat.agent.of('power')).toEqual([{ what }]);
    // An open picture before that one might have been on its way when the machine told of it.
    seat.agent.push(lockedView());
  }
});

/** What the agent was told last of when somebody was there. */
function listen(): { readonly last: Params<UiBoundary, 'activity'> | undefined } {
  const told: { last: Params<UiBoundary, 'activity'> | undefined } = { last: undefined };
  seat.agent.on('activity', (report) => {
    told.last = report;
  });
  return told;
}
