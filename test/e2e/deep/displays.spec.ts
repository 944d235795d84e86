/**
 * Several monitors, on a real X server whose outputs come and go: nothing below the seat's own windows is ever seen on any of
 * them, and a change of them locks.
 */
import { expect, test } from '@playwright/test';
import { launchKiosk } from '../../../demo/kiosk.ts';
import { BENEATH, type Outputs, outputsOf, xorgWithOutputs } from '../../support/outputs.ts';
import { type Area, coloursShown } from '../../support/x-display.ts';
import { openSeat, prepareGround, type Seat } from '../support/seat.ts';
import { lockedView, openView } from '../support/views.ts';

const until = (seat: Seat, screen: string) => seat.kiosk.page.waitForSelector(`html[data-screen="${screen}"]`);
const RIGHT = '--right-of';

test.describe('escape 18', () => {
  test.skip(process.getuid?.() !== 0, 'an X server with a configuration of its own needs root');
  let seat: Seat;
  let outputs: Outputs;

  /** The outputs on which anything but the seat is seen. */
  const uncovered = async (): Promise<readonly Area[]> => {
    const display = { name: seat.display.name, xauthority: seat.display.authority, close: () => Promise.resolve() };
    return (await outputs.areas()).filter((area) => coloursShown(display, area).has(BENEATH));
  };
  const expectCovered = async (count: number): Promise<void> => {
    await expect.poll(async () => (await outputs.areas()).length).toBe(count);
    await expect.poll(uncovered).toEqual([]);
  };

  test.afterEach(() => seat.clear());

  test('locked: a second monitor before the start, plugged in, unplugged, the first one unplugged: every one is covered', async () => {
    const ground = await prepareGround({ server: xorgWithOutputs });
    outputs = outputsOf(ground.display);
    await outputs.colourBeneath();
    await outputs.plug(1, '1024x768', RIGHT, 0);
    const kiosk = await launchKiosk(ground.launch);
    seat = {
      ...ground,
      kiosk,
      async clear() {
        await kiosk.stop();
        await ground.clear();
      },
    };
    await until(seat, 'lock');
    await expectCovered(2);
    await outputs.plug(2, '1280x800', RIGHT, 1);
    await expectCovered(3);
    await expect.poll(() => seat.agent.of('power')).toContainEqual({ what: 'displays' });
    await outputs.unplug(1);
    await expectCovered(2);
    // What is left must be the seat itself and not just a cover: somebody wants to sign in.
    await outputs.unplug(0);
    await expectCovered(1);
    const [left] = await outputs.areas();
    await expect.poll(() => seat.kiosk.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getBounds())).toEqual(left);
    await until(seat, 'lock');
  });

  test('in session: a monitor that is plugged in or unplugged locks, and shows nothing of the work nor of the display below', async () => {
    seat = await openSeat({ server: xorgWithOutputs });
    outputs = outputsOf(seat.display);
    await outputs.colourBeneath();
    await expectCovered(1);
    const changes: readonly (() => Promise<void>)[] = [() => outputs.plug(1, '1024x768', RIGHT, 0), () => outputs.unplug(1)];
    for (const [at, change] of changes.entries()) {
      seat.agent.asked.length = 0;
      seat.agent.push(openView());
      await until(seat, 'launcher');
      await seat.kiosk.page.getByRole('button', { name: 'Patient chart', exact: true }).click();
      await until(seat, 'app');
      await change();
      await until(seat, 'lock');
      await expect.poll(() => seat.agent.of('power')).toContainEqual({ what: 'displays' });
      await expectCovered(2 - at);
      const shown = await seat.kiosk.app.evaluate(({ BaseWindow }) =>
        BaseWindow.getAllWindows()
          .filter((window) => window.isVisible())
          .map((window) => window.getTitle()),
      );
      expect(shown.filter((title) => title !== 'Wardlock cover')).toEqual(['Wardlock']);
      seat.agent.push(lockedView());
    }
    // Somebody who works with two monitors has nothing of the display below on the other one either.
    await outputs.plug(1, '1024x768', RIGHT, 0);
    await expectCovered(2);
    seat.agent.push(openView());
    await until(seat, 'launcher');
    await expectCovered(2);
  });

  test('locked: a monitor that shows the same as the first one, or a part of it, covers nothing of the seat', async () => {
    seat = await openSeat({ server: xorgWithOutputs });
    outputs = outputsOf(seat.display);
    await outputs.colourBeneath();
    const display = { name: seat.display.name, xauthority: seat.display.authority, close: () => Promise.resolve() };
    for (const mode of ['1280x800', '1024x768'] as const) {
      await outputs.plug(1, mode, '--same-as', 0);
      await expectCovered(2);
      await until(seat, 'lock');
      // A cover has one colour.
      for (const area of await outputs.areas()) await expect.poll(() => coloursShown(display, area).size).toBeGreaterThan(2);
      await expect(seat.kiosk.page.getByRole('heading', { name: 'Tap your badge.' })).toBeInViewport({ ratio: 1 });
    }
  });
});
