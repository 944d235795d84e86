/** What IT sees at a locked seat: the row of truth in sentences, by pointer and by keyboard, changing with the seat, in nobody's way. */
import { expect, type Page, test } from '@playwright/test';
import { openSeat, type Seat } from './support/seat.ts';
import { awaitedView, lockedView } from './support/views.ts';

test.describe('the state of the seat in words', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat({ width: 1024, height: 768 });
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    seat.agent.push(awaitedView());
    await page.waitForSelector('html[data-screen="pin"]');
    seat.agent.push(lockedView());
    await page.waitForSelector('html[data-screen="lock"]');
  });

  const { truth } = lockedView();
  const button = () => page.getByRole('button', { name: 'State of this seat in words, for IT' });
  const dialog = () => page.getByRole('dialog', { name: 'State of this seat' });

  test('says of each part how it is, changes as the seat does, and names the helpdesk once something is wrong', async () => {
    await button().click();
    await expect(dialog().getByText('Everything works.')).toBeVisible();
    await expect(dialog().getByRole('listitem')).toHaveCount(8);
    await expect(dialog().getByText('Helpdesk')).toHaveCount(0);
    await seat.display.picture(test.info().outputPath('seat-check.png'));
    seat.agent.push({
      ...lockedView(),
      truth: {
        ...truth,
        reader: { state: 'absent', name: 'Reader' },
        enforcement: { mode: 'degraded', missing: [{ layer: 'landlock', meaning: '' }] },
      },
    });
    await expect(dialog().getByText('2 things need attention.')).toBeVisible();
    await expect(dialog().locator('[data-check="reader"]')).toContainText('Plug it in again.');
    await expect(dialog().locator('[data-check="enforcement"]')).toContainText('Programs can start others that the rules do not name.');
    await expect(dialog().getByText('Call: Helpdesk, extension 4 0400')).toBeVisible();
    await dialog().getByRole('button', { name: 'Done' }).click();
    await expect(dialog()).toHaveCount(0);
  });

  test('opens and closes by the keyboard, begins at its first line, and gives the focus back', async () => {
    await button().focus();
    await page.keyboard.press('Enter');
    await expect(dialog()).toBeVisible();
    await expect(dialog().locator('[data-check="reader"]')).toBeInViewport();
    await page.keyboard.press('Escape');
    await expect(dialog()).toHaveCount(0);
    await expect(button()).toBeFocused();
  });

  test('goes away for whoever taps a badge', async () => {
    await button().click();
    await expect(dialog()).toBeVisible();
    seat.agent.push(awaitedView());
    await page.waitForSelector('html[data-screen="pin"]');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  test('is there at a seat that is out of order and at one that is not enrolled', async () => {
    seat.agent.push({ ...lockedView(), phase: 'faulted', message: { key: 'store.broken', params: {}, code: 'AUDIT_STORE_FOREIGN' } });
    await page.waitForSelector('html[data-screen="faulted"]');
    await expect(button()).toBeVisible();
    seat.agent.push({ ...lockedView(), phase: 'unenrolled', enrolment: { step: 'idle', error: null } });
    await page.waitForSelector('html[data-screen="enrolment"]');
    await button().click();
    await expect(dialog()).toBeVisible();
  });

  test('the row that it is opened from explains itself in the language of the screen', async () => {
    const missing = [{ layer: 'landlock', meaning: 'The kernel does not hold programs back.' }];
    const keys = { protection: 'file' as const, meaning: 'The key lies in a file.' };
    seat.agent.push({ ...lockedView(), truth: { ...truth, keys, enforcement: { mode: 'degraded', missing } } });
    await page.evaluate(() => window.wardlock.display({ locale: 'de', theme: 'light', textPercent: 100 }));
    const told = (name: string) => page.locator('.truth li').filter({ hasText: name });
    await expect(told('Schutz')).toHaveAttribute('title', 'Programme können andere starten, die die Regeln nicht nennen.');
    await expect(told('Schlüssel')).toHaveAttribute('title', /^Der Schlüssel dieses Platzes liegt in einer Datei/);
    await page.evaluate(() => window.wardlock.display({ locale: 'en', theme: 'light', textPercent: 100 }));
    await expect(told('Protection')).toHaveAttribute('title', 'Programs can start others that the rules do not name.');
  });

  test('speaks the language of the screen', async () => {
    await page.evaluate(() => window.wardlock.display({ locale: 'de', theme: 'light', textPercent: 200 }));
    await page.getByRole('button', { name: 'Zustand dieses Platzes in Worten, für die IT' }).click();
    await expect(page.getByRole('dialog', { name: 'Zustand dieses Platzes' }).getByText('Alles funktioniert.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Fertig' })).toBeInViewport();
  });
});
