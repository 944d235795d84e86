/** How soon nothing of the work is seen any more: from the click on Lock to the last pixel of it on any display, looked at from outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { endSession } from '../../../demo/screens.ts';
import { ANNA } from '../../../demo/shift.ts';
import { lookAt } from './glass.ts';
import { inTurn, type Timed, tapTaken, untilFree, type Work } from './taps.ts';

const SEEN_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 1;

export async function measureLock(work: Work, runs: number): Promise<Timed> {
  const { clinic, kiosk, outputs, seen, signal } = work;
  const areas = (await outputs?.areas()) ?? [{ x: 0, y: 0, width: 1280, height: 800 }];
  const glass = lookAt(clinic.display.name, clinic.display.authority);
  try {
    await untilFree(work);
    await tapIn(work);
    await seen.until('launcher');
    await seen.press('Signal');
    await seen.until('app');
    const timed = await inTurn(work, runs, async () => {
      if ((await kiosk.page.locator('html').getAttribute('data-screen')) === 'lock') {
        await untilFree(work);
        await tapIn(work);
        await seen.until('app');
      }
      await until(() => glass.shows(signal.colour, areas));
      const lock = kiosk.page.getByRole('button', { name: 'Lock', exact: true });
      const place = await lock.boundingBox();
      if (place === null) throw new Error('There is no button to lock with.');
      await kiosk.page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
      const from = performance.now();
      const clicked = kiosk.page.mouse.down().then(() => kiosk.page.mouse.up());
      await until(() => !glass.shows(signal.colour, areas));
      const time = performance.now() - from;
      await clicked;
      await seen.until('lock');
      return time;
    });
    await tapIn(work);
    await seen.until('app');
    await seen.press('Apps');
    await endSession(seen);
    return timed;
  } finally {
    glass.close();
  }
}

async function tapIn(work: Work): Promise<void> {
  while (!(await tapTaken(work, ANNA))) await sleep(LOOK_EVERY_MS);
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + SEEN_LIMIT_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('What the display shows did not change.');
    await sleep(LOOK_EVERY_MS);
  }
}
