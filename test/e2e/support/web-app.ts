/** How a test opens a web application as a person does: from its tile, in a new session. */
import { expect, type Page } from '@playwright/test';
import type { AppView } from '../../../contract/seat-view.ts';
import type { Seat } from './seat.ts';
import { lockedView, openView } from './views.ts';

/** A new session starts this web app from its tile. */
export async function launches(seat: Seat, web: Omit<AppView, 'state'>): Promise<Page> {
  const { app, page } = seat.kiosk;
  seat.agent.on('launch', () => {
    seat.agent.push(openView({ apps: [{ ...web, state: 'running' }] }));
    seat.agent.web({ appId: web.id, action: 'open' });
  });
  await ends(seat, web.id);
  seat.agent.push(openView({ apps: [{ ...web, state: 'ready' }] }));
  await page.waitForSelector('html[data-screen="launcher"]');
  const opened = app.waitForEvent('window');
  await page.getByRole('button', { name: new RegExp(`^${web.name}`) }).click();
  return opened;
}

/** The session ends, and every page of it is gone. */
export async function ends(seat: Seat, appId: string): Promise<void> {
  const { app, page } = seat.kiosk;
  seat.agent.web({ appId, action: 'closeAll' });
  seat.agent.push(lockedView());
  await page.waitForSelector('html[data-screen="lock"]');
  // The window of the test before, which may just have been opened, is not taken for the new one.
  await expect.poll(() => app.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(1);
  await expect.poll(() => app.windows().length).toBe(1);
}
