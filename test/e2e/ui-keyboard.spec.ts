/**
 * The whole way of a shift with a keyboard alone, by real keys of the window system: in by name or by badge, the PIN, an
 * application, and out again. The pointer is never touched, and whoever looks sees at each step where the focus is.
 */
import { expect, type Page, test } from '@playwright/test';
import { press, tapByWedge, typeByHand } from './support/keys.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { APPS, lockedView, openView, pinView } from './support/views.ts';

/** More than any screen here has. */
const MOST_STOPS = 40;
const BY_NAME = { ...lockedView(), signIn: { byName: true, suggests: true, byCode: false, newBadge: false } };
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('with the keyboard alone', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
    await page.evaluate(() => {
      const { dataset } = document.documentElement;
      document.addEventListener('keyup', ({ key }) => {
        if (key === 'Tab') dataset['tabs'] = String(Number(dataset['tabs'] ?? 0) + 1);
      });
    });
    const { agent } = seat;
    agent.on('name', () => agent.push(pinView()));
    agent.on('badge', () => agent.push(pinView()));
    agent.on('pin', () => agent.push(openView()));
    agent.on('launch', ({ appId }) =>
      agent.push(openView({ apps: APPS.map((app) => (app.id === appId ? { ...app, state: 'starting' } : app)) })),
    );
    agent.on('lock', () => agent.push(BY_NAME));
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    seat.agent.push(BY_NAME);
    await until(page, 'lock');
    seat.agent.asked.length = 0;
  });

  /** The way that is the same however somebody came as far as the PIN. */
  async function fromPinToLock(): Promise<void> {
    await until(page, 'pin');
    await typeByHand(seat.display, '271828', (typed) => expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(typed.length));
    await press(seat.display, 'Return');
    await expect.poll(() => seat.agent.of('pin')).toEqual([{ pin: '271828' }]);
    await until(page, 'launcher');
    await tabTo(seat, 'Medication');
    await press(seat.display, 'Return');
    await expect.poll(() => seat.agent.of('launch')).toEqual([{ appId: 'pill' }]);
    await expect(page.getByRole('button', { name: /^Medication starting/ })).toBeVisible();
    await tabTo(seat, 'Lock');
    await press(seat.display, 'Return');
    await expect.poll(() => seat.agent.of('lock')).toHaveLength(1);
    await until(page, 'lock');
  }

  test('in by name: the way to the field, the PIN, a tile and the lock', async () => {
    await tabTo(seat, 'No badge');
    await press(seat.display, 'Return');
    await until(page, 'entry');
    await typeByHand(seat.display, 'anna.reyes', (typed) => expect(page.getByRole('textbox')).toHaveValue(typed));
    await press(seat.display, 'Return');
    await expect.poll(() => seat.agent.of('name')).toEqual([{ name: 'anna.reyes' }]);
    await fromPinToLock();
  });

  test('in by a badge that is read as keys: the same way', async () => {
    // Tapped until it is read, as a person does: other processes share this machine, and a late key is no tap.
    await expect
      .poll(async () => {
        if (seat.agent.of('badge').length === 0) await tapByWedge(seat.display, '04A1B2C3D4');
        return seat.agent.of('badge').map(({ number }) => number);
      })
      .toContain('04A1B2C3D4');
    await fromPinToLock();
  });
});

/** Tab until the control of that name has the focus, which is drawn at every stop. */
async function tabTo(seat: Seat, name: string): Promise<void> {
  const { page } = seat.kiosk;
  const passed: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    const before = await tabs(page);
    await press(seat.display, 'Tab');
    await expect.poll(() => tabs(page)).toBe(before + 1);
    const at = await focused(page);
    if (at === null) continue;
    expect(at.drawn, `the focus is seen on ${at.name}`).toBe(true);
    if (at.name.startsWith(name)) return;
    passed.push(at.name);
  }
  throw new Error(`Tab never came to ${name}, only to ${passed.join(', ')}.`);
}

/** How often Tab went up: a key from the window system arrives when it does, and where the focus was before is no answer. */
async function tabs(page: Page): Promise<number> {
  return page.evaluate(() => Number(document.documentElement.dataset['tabs'] ?? 0));
}

async function focused(page: Page): Promise<{ readonly name: string; readonly drawn: boolean } | null> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (at === null || at === document.body) return null;
    // A field draws its focus around itself, and the search around its whole box.
    const drawn = [at, at.parentElement].some((each) => each !== null && getComputedStyle(each).outlineStyle !== 'none');
    return { name: at.getAttribute('aria-label') ?? at.textContent ?? '', drawn };
  });
}
