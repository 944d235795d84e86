/** What the screens do by their own clock: they forget what somebody left, and notice a clock that was set. The page's time is the test's. */
import { expect, type Page, test } from '@playwright/test';
import { typeAsPerson } from '../../demo/kiosk.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, openView, pinView } from './support/views.ts';

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('by the clock of the page', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
    await page.clock.install();
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    seat.agent.hang(false);
    seat.agent.push(pinView());
    await until(page, 'pin');
    seat.agent.push(lockedView());
    await until(page, 'lock');
  });

  test('what somebody wrote for an emergency and left is gone; each key begins the time anew', async () => {
    await page.locator('.button-emergency').click();
    const note = page.getByRole('textbox');
    await note.focus();
    await typeAsPerson(page, 'bed');
    await page.clock.fastForward(40_000);
    await typeAsPerson(page, ' 4');
    await page.clock.fastForward(40_000);
    await expect(note).toHaveValue('bed 4');
    await page.clock.fastForward(30_000);
    await until(page, 'lock');
    await page.locator('.button-emergency').click();
    await expect(note).toHaveValue('');
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  test('settings that are left open close by themselves', async () => {
    await page.getByRole('button', { name: 'Screen settings' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.clock.fastForward(61_000);
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  test('a new badge is not forgotten while its PIN is typed', async () => {
    seat.agent.push({ ...lockedView(), signIn: { byName: true, suggests: false, byCode: false, newBadge: true } });
    await page.locator('.button-new-badge').click();
    await typeAsPerson(page, 'anna.reyes');
    await page.locator('.entry-steps .button-accent').click();
    await page.clock.fastForward(50_000);
    await typeAsPerson(page, '271828');
    await page.clock.fastForward(50_000);
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(6);
    await page.clock.fastForward(11_000);
    await until(page, 'lock');
  });

  test('the clock of the lock is right soon after it was set, or after a sleep', async () => {
    const shown = page.locator('.clock-time');
    const later = new Date(Date.now() + 5 * 3_600_000 + 60_000);
    await page.clock.setSystemTime(later);
    await page.clock.runFor(5_000);
    const two = (n: number): string => String(n).padStart(2, '0');
    await expect(shown).toHaveText(
      new RegExp(`^${two(later.getHours())}:(${two(later.getMinutes())}|${two((later.getMinutes() + 1) % 60)})$`),
    );
    await page.clock.setSystemTime(new Date());
  });

  test('fault: an agent that stays away is said to, and for how long', async () => {
    seat.agent.hang(true);
    await until(page, 'away');
    await expect(page.getByText('This seat is locked.')).toBeVisible();
    await page.clock.runFor(190_000);
    await expect(page.getByText('For 3 minutes.')).toBeVisible();
    await expect(page.getByRole('alert')).not.toContainText('For');
    seat.agent.hang(false);
    await until(page, 'lock');
  });

  test('the end of a session is read out once, and counted down for the eyes', async () => {
    const view = openView();
    if (view.session === null) throw new Error('The view has no session.');
    seat.agent.push({ ...view, session: { ...view.session, ends: { remainingMs: 48_000, why: 'maxAge' } } });
    await until(page, 'launcher');
    const readOut = page.locator('.bar-ends [role="alert"]');
    const seen = page.locator('.bar-ends [aria-hidden="true"]');
    const first = await readOut.textContent();
    expect(first).toContain('Ends in 0:48.');
    await page.clock.runFor(5_000);
    await expect(seen).toContainText(/Ends in 0:(4[0-3]|3\d)\./);
    expect(await readOut.textContent()).toBe(first);
  });
});
