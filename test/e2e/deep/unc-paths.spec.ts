/**
 * Escape 28: the path of another machine's share, in every field that takes text. Nothing is opened, and nobody is asked for it: listeners stand on
 * the ports of SMB, and each is first shown to be heard.
 */
import { once } from 'node:events';
import { createServer as createSite, type Server as Site } from 'node:http';
import net from 'node:net';
import { expect, type Page, test } from '@playwright/test';
import { openSeat, type Seat } from '../support/seat.ts';
import { lockedView, openView, pinView } from '../support/views.ts';

const PATHS = ['\\\\127.0.0.1\\share\\x', '//127.0.0.1/share/x', 'smb://127.0.0.1/share/x', 'file://127.0.0.1/share/x'] as const;
/** SMB, and the older one over NetBIOS. */
const PORTS = [445, 139] as const;
const EVERY_WAY = { byName: true, suggests: true, byCode: true, newBadge: false };
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);

let seat: Seat;
let page: Page;
let site: Site;
let origin = '';
let listeners: readonly net.Server[] = [];
let asked = 0;

test.beforeAll(async () => {
  test.skip(process.getuid?.() !== 0, 'needs root: it listens on the ports of SMB');
  listeners = await Promise.all(
    PORTS.map(async (port) => {
      const server = net.createServer((socket) => {
        asked += 1;
        socket.destroy();
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  site = createSite((_request, response) => {
    const links = PATHS.map((path, index) => `<a id=link${index} href='${path}'>x</a>`).join('');
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<input id=note><form action=/ ><input id=search name=q></form>${links}`);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  origin = `http://127.0.0.1:${address.port}`;
  seat = await openSeat();
  page = seat.kiosk.page;
  for (const port of PORTS) await once(net.connect(port, '127.0.0.1'), 'connect');
  await expect.poll(() => asked).toBe(PORTS.length);
});
test.afterAll(async () => {
  await seat?.clear();
  site?.closeAllConnections();
  for (const server of [site, ...listeners]) server?.close();
});

/** Types each path into the field that has the focus, and sends it. */
async function typeAll(web: Page, clear: () => Promise<void>): Promise<void> {
  for (const path of PATHS) {
    await web.keyboard.insertText(path);
    await web.keyboard.press('Enter');
    await clear();
  }
}

async function nothingOpened(windows: number): Promise<void> {
  expect(page.url()).toBe('wardlock://seat/index.html');
  expect(await windowsOfKiosk()).toBe(windows);
  expect(asked).toBe(PORTS.length);
}

const windowsOfKiosk = (): Promise<number> => seat.kiosk.app.evaluate(({ BaseWindow }) => BaseWindow.getAllWindows().length);

test('escape 28 locked: a path of a share in the fields for a name, a code, a PIN, an enrolment token and a note opens nothing', async () => {
  const windows = await windowsOfKiosk();
  seat.agent.push({ ...lockedView(), signIn: EVERY_WAY });
  await until(page, 'lock');
  await page.getByRole('button', { name: 'No badge?' }).click();
  const field = page.getByLabel('Your name, or a code');
  await field.focus();
  await typeAll(page, () => field.fill('').catch(() => undefined));
  seat.agent.push(pinView());
  await until(page, 'pin');
  seat.agent.asked.length = 0;
  await typeAll(page, () => page.keyboard.press('Escape'));
  expect(seat.agent.of('pin')).toEqual([]);
  seat.agent.push({ ...lockedView(), phase: 'unenrolled', enrolment: { step: 'idle', error: null } });
  await until(page, 'enrolment');
  for (const input of await page.locator('input').all()) {
    await input.focus();
    await typeAll(page, () => input.fill('').catch(() => undefined));
  }
  seat.agent.push(lockedView());
  await until(page, 'lock');
  await page.getByRole('button', { name: 'Emergency access' }).click();
  const note = page.locator('input[type=text]');
  await note.focus();
  await typeAll(page, () => note.fill('').catch(() => undefined));
  await nothingOpened(windows);
});

test('escape 28 in session: a path of a share in the search of the launcher, in the fields of a page and behind its links opens nothing', async () => {
  seat.agent.on('launch', () => {
    seat.agent.push(openWith('running'));
    seat.agent.web({ appId: 'book', action: 'open' });
  });
  seat.agent.push(openWith('ready'));
  await until(page, 'launcher');
  const windows = await windowsOfKiosk();
  const search = page.getByRole('searchbox');
  await search.focus();
  await typeAll(page, () => search.fill(''));
  expect(seat.agent.of('launch')).toEqual([]);
  await nothingOpened(windows);
  const opened = seat.kiosk.app.waitForEvent('window');
  await page.getByRole('button', { name: /^Ward handbook/ }).click();
  const web = await opened;
  await until(page, 'app');
  for (const id of ['note', 'search']) {
    for (const path of PATHS) {
      await web.locator(`#${id}`).focus();
      await web.keyboard.insertText(path);
      await web.keyboard.press('Enter');
      await web.waitForSelector('#note');
    }
  }
  for (const index of PATHS.keys()) await web.evaluate((link) => document.querySelector<HTMLElement>(link)?.click(), `#link${index}`);
  await expect.poll(() => seat.agent.of('webRefused').length + seat.agent.of('refused').length).toBeGreaterThan(0);
  expect(new URL(web.url()).origin).toBe(origin);
  await nothingOpened(await windowsOfKiosk());
});

function openWith(state: 'ready' | 'running') {
  return openView({
    apps: [{ id: 'book', name: 'Ward handbook', kind: 'web', icon: 'book', state, url: `${origin}/`, origins: [origin] }],
  });
}
