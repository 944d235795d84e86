/** A web application whose page closes itself, as by a button "Close" of its own: it ends like one that is closed in the bar, and takes nothing along. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, type Page, test } from '@playwright/test';
import type { AppView } from '../../contract/seat-view.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, openView } from './support/views.ts';

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

test.describe('a page that closes itself', () => {
  let seat: Seat;
  let site: Server;
  let origin = '';
  test.beforeAll(async () => {
    site = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Page</h1><button onclick="window.close()">Close</button>');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    seat = await openSeat();
  });
  test.afterAll(async () => {
    await seat.clear();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  });

  const running = (...ids: readonly string[]): AppView[] =>
    ids.map((id) => ({ id, name: id, kind: 'web', icon: 'book', state: 'running', url: `${origin}/${id}`, origins: [origin] }));
  const pages = () =>
    seat.kiosk.app.evaluate(({ webContents }, site) => {
      const addresses = webContents.getAllWebContents().map((each) => each.getURL());
      return addresses.filter((address) => address.startsWith(site)).toSorted();
    }, origin);

  test('in session: the agent hears of it, the seat goes on, and with the session every other page ends', async () => {
    const { page, app } = seat.kiosk;
    seat.agent.on('close', () => {
      seat.agent.web({ appId: 'rota', action: 'close' });
      seat.agent.push(openView({ apps: running('records') }));
    });
    seat.agent.push(openView({ apps: running('rota', 'records') }));
    await until(page, 'launcher');
    for (const appId of ['rota', 'records']) seat.agent.web({ appId, action: 'open' });
    await expect.poll(pages).toEqual([`${origin}/records`, `${origin}/rota`]);
    await page.locator('.chip-pair .chip').filter({ hasText: 'rota' }).click();
    await until(page, 'app');
    const rota = app.windows().find((window) => window.url().endsWith('/rota'));
    await rota?.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => seat.agent.of('close')).toEqual([{ appId: 'rota' }]);
    await until(page, 'launcher');
    await expect.poll(pages).toEqual([`${origin}/records`]);

    // The agent has not heard yet: whoever turns to it meets no page, and the screens live on.
    seat.agent.on('close', () => {});
    await page.locator('.chip-pair .chip').click();
    await until(page, 'app');
    await app
      .windows()
      .find((window) => window.url().endsWith('/records'))
      ?.evaluate(() => window.close());
    await expect.poll(() => seat.agent.of('close').length).toBe(2);
    await page.getByRole('button', { name: 'Apps', exact: true }).click();
    await until(page, 'launcher');
    await page.locator('.chip-pair .chip').click();
    await until(page, 'app');

    // One that is gone must not keep the others of its session.
    seat.agent.push(openView({ apps: running('records', 'handbook') }));
    seat.agent.web({ appId: 'handbook', action: 'open' });
    await expect.poll(pages).toEqual([`${origin}/handbook`]);
    seat.agent.push(lockedView());
    await until(page, 'lock');
    await expect.poll(pages).toEqual([]);
  });
});
