/** Nobody is left without a word: what the agent never took is said to have failed, and a badge is not asked for in silence where its reader is broken. */
import { expect, type Page, test } from '@playwright/test';
import { typeAsPerson } from '../../demo/kiosk.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, openView, pinView } from './support/views.ts';

const NOT_TAKEN = 'That was not possible. Try again.';
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('what finds no answer', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
    for (const name of ['pin', 'code', 'breakGlass', 'launch'] as const)
      seat.agent.on(name, () => {
        if (isBroken) throw new Error('a defect');
      });
  });
  test.afterAll(() => seat.clear());
  let isBroken = true;
  test.beforeEach(() => {
    isBroken = true;
  });
  const said = () => page.getByRole('status').filter({ hasText: NOT_TAKEN });

  test('a PIN: it is typed again, and the words go with the next one', async () => {
    seat.agent.push(pinView());
    await until(page, 'pin');
    await typeAsPerson(page, '271828');
    await page.keyboard.press('Enter');
    await expect(said()).toBeVisible();
    isBroken = false;
    await typeAsPerson(page, '271828');
    await page.keyboard.press('Enter');
    await expect(said()).toHaveCount(0);
  });

  test('a code, an emergency access, an application', async () => {
    seat.agent.push({ ...lockedView(), signIn: { byName: false, suggests: false, byCode: true, newBadge: false } });
    await until(page, 'lock');
    await page.locator('.button-entry').click();
    await typeAsPerson(page, '30195827');
    await page.keyboard.press('Enter');
    await expect(said()).toBeVisible();
    await page.getByRole('button', { name: 'Cancel' }).click();

    await page.locator('.button-emergency').click();
    await page.locator('.emergency-steps .button-accent').click();
    await page.locator('.hold').hover();
    await page.mouse.down();
    await expect(said()).toBeVisible();
    await page.mouse.up();

    seat.agent.push(openView());
    await until(page, 'launcher');
    await page.getByRole('button', { name: 'Medication ready' }).click();
    await expect(said()).toBeVisible();
  });

  test('a badge that is asked for at a broken reader: the screen says what is wrong with it, in an emergency and for a second person', async () => {
    const truth = { ...lockedView().truth, reader: { state: 'absent' as const, name: 'Reader' } };
    const trouble = page.getByRole('status').filter({ hasText: 'The badge reader is unplugged. Plug it in again.' });
    const asking = { ...lockedView(), phase: 'authenticating' as const };
    seat.agent.push({ ...asking, truth, prompt: { kind: 'badge', purpose: 'breakGlass' } });
    await until(page, 'badge');
    await expect(trouble).toBeVisible();
    const second = { kind: 'second' as const, person: { displayName: 'Anna Reyes', initials: 'AR' }, roles: ['Lead nurse'] };
    seat.agent.push({ ...asking, truth, prompt: second });
    await until(page, 'second');
    await expect(trouble).toBeVisible();
    seat.agent.push({ ...asking, prompt: second });
    await expect(trouble).toHaveCount(0);
  });
});
