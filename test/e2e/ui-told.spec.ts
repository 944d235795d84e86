/** What a person must read at the seat so as not to guess: where their session went, as whom the seat works, how often a PIN may still be tried, for how long the record has room. */
import { expect, type Page, test } from '@playwright/test';
import { openSeat, type Seat } from './support/seat.ts';
import { ANNA, lockedView, openView, pinView } from './support/views.ts';

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('in words on the screen', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());

  test('a seat that was left for another one says where the session went', async () => {
    seat.agent.push({ ...lockedView(), message: { key: 'session.taken', params: { seat: 'Bay 7' } } });
    await until(page, 'lock');
    await expect(page.getByRole('status').filter({ hasText: 'Your session moved to Bay 7' })).toBeVisible();
  });

  test('a seat that nobody touched says as whom it works, and stops saying so once somebody does', async () => {
    const reminding = (reminder: boolean) => {
      const view = openView();
      return view.session === null ? view : { ...view, session: { ...view.session, reminder } };
    };
    const said = page.getByText(`Signed in: ${ANNA.displayName}`);
    seat.agent.push(reminding(true));
    await until(page, 'launcher');
    await expect(said).toBeInViewport({ ratio: 1 });
    seat.agent.push(reminding(false));
    await expect(said).toHaveCount(0);
    await expect(page.locator('.bar-person')).toContainText(ANNA.displayName);
  });

  test('a wrong PIN says how many tries are left', async () => {
    seat.agent.push({ ...pinView({ triesLeft: 2 }), message: { key: 'pin.wrong', params: { tries: 2 } } });
    await until(page, 'pin');
    await expect(page.getByText('2 tries left').filter({ visible: true }).first()).toBeInViewport({ ratio: 1 });
  });

  test('a locked seat says for how many days its record has room', async () => {
    const { truth } = lockedView();
    seat.agent.push(lockedView());
    await until(page, 'lock');
    await expect(page.getByText('space for 23 days')).toBeInViewport({ ratio: 1 });
    seat.agent.push({ ...lockedView(), truth: { ...truth, storage: { state: 'low', daysLeft: 2, unreceipted: 9 } } });
    await expect(page.getByText('only 2 days left')).toBeInViewport({ ratio: 1 });
  });
});
