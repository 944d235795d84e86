/**
 * Escapes 21 and 32 in session: a web application puts a window of the system above everything, with a video or a page of its own in it.
 * None opens, and it is named where a page can try it at all.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect, type Page, test } from '@playwright/test';
import { windowNames } from '../support/display-windows.ts';
import { openSeat, type Seat } from '../support/seat.ts';
import { lockedView } from '../support/views.ts';
import { launches } from '../support/web-app.ts';

const PAGE = `<h1>Home</h1><canvas id=canvas width=320 height=240></canvas><video id=video muted controls></video>
<script>const pen = canvas.getContext('2d'); let turn = 0; setInterval(() => { turn += 1; pen.fillStyle = turn % 2 ? '#f0a' : '#0af'; pen.fillRect(0, 0, 320, 240); }, 50);</script>`;

let seat: Seat;
let site: Server;
let origin = '';
let web: Page;

test.beforeAll(async () => {
  site = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE));
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  origin = `http://127.0.0.1:${address.port}`;
  seat = await openSeat();
  web = await launches(seat, { id: 'film', name: 'Film', kind: 'web', icon: 'app', url: `${origin}/`, origins: [origin] });
  await web.waitForSelector('h1');
});
test.afterAll(async () => {
  await seat?.clear();
  site?.closeAllConnections();
  site?.close();
});

/** Runs a script in the page as a person's act. */
function asPerson(code: string): Promise<unknown> {
  return seat.kiosk.app.evaluate(
    async ({ webContents }, { from, script }) => {
      const isPerson = true;
      return webContents
        .getAllWebContents()
        .find((each) => each.getURL().startsWith(from))
        ?.executeJavaScript(script, isPerson);
    },
    { from: origin, script: code },
  );
}

test('escapes 21 and 32 in session and locked: neither a video nor a page of a web application gets a window of the system, and the video is named', async () => {
  const before = await windowNames(seat.display);
  const played = await asPerson(
    "(async () => { video.srcObject = canvas.captureStream(30); await video.play(); return video.requestPictureInPicture().then(() => 'opened', (error) => error.name) })()",
  );
  expect(played).toBe('NotSupportedError');
  expect(await web.evaluate(() => document.pictureInPictureEnabled)).toBe(false);
  const paged = await asPerson(
    "(async () => window.documentPictureInPicture === undefined ? 'not there' : documentPictureInPicture.requestWindow().then(() => 'opened', (error) => error.name))()",
  );
  expect(paged).toBe('not there');
  await expect.poll(() => seat.agent.of('refused').map(({ border, what }) => `${border}: ${what}`)).toContain('window: picture-in-picture');
  expect(await windowNames(seat.display)).toEqual(before);
  seat.agent.push({ ...lockedView(), kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' } });
  await seat.kiosk.page.waitForSelector('html[data-screen="lock"]');
  await expect.poll(() => windowNames(seat.display)).toEqual(['Wardlock']);
});
