/**
 * A web app of the session, as hostile as a page can be: it must stay on the origins that the policy names, open no window and
 * no dialog, save nothing, be out of sight under the lock, and leave nothing for the next person.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, openView } from './support/views.ts';
import { launches } from './support/web-app.ts';

const run = promisify(execFile);
const UNKNOWN_SITE = join(import.meta.dirname, '../support/unknown-site-program.ts');

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);
const refused = (seat: Seat): readonly string[] => seat.agent.of('refused').map(({ border, what }) => `${border}: ${what}`);

test.describe('web apps', () => {
  let seat: Seat;
  let site: Server;
  let origin = '';
  const asked: string[] = [];
  test.beforeAll(async () => {
    site = createServer((request, response) => {
      asked.push(request.headers.cookie ?? '');
      if (request.url === '/away') response.writeHead(302, { location: 'https://example.org/away' }).end();
      else if (request.url === '/file') response.writeHead(200, { 'content-disposition': 'attachment; filename=x.sh' }).end('x');
      else
        response
          .writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'who=anna' })
          .end('<title>Handbook</title><input id=note autofocus><h1>Handbook</h1>');
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

  test('escapes 22, 23, 25, 29, 31 and 32 in session: a web app stays on its origins, opens nothing, saves nothing, and leaves nothing', async () => {
    const { page, app } = seat.kiosk;
    const book = { id: 'book', name: 'Ward handbook', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
    const open = () => openView({ apps: [{ ...book, state: 'running' as const }] });
    seat.agent.on('launch', () => {
      seat.agent.push(open());
      seat.agent.web({ appId: 'book', action: 'open' });
    });
    seat.agent.push(openView({ apps: [{ ...book, state: 'ready' as const }] }));
    await until(page, 'launcher');
    const opened = app.waitForEvent('window');
    await page.getByRole('button', { name: /^Ward handbook/ }).click();
    const web = await opened;
    await until(page, 'app');
    await web.waitForSelector('h1');

    const pid = await app.evaluate(
      ({ webContents }, url) =>
        webContents
          .getAllWebContents()
          .find((each) => each.getURL().startsWith(url))
          ?.getOSProcessId(),
      origin,
    );
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\s+2$/m);
    await seat.display.picture(test.info().outputPath('web-app.png'));

    // After the answer, because Playwright takes a navigation that was stopped for one that goes on.
    await web.evaluate(() => {
      setTimeout(() => {
        window.open('https://example.org/popup');
        void fetch('https://example.org/data').catch(() => undefined);
        const frame = document.createElement('iframe');
        frame.src = 'https://example.org/frame';
        document.body.append(frame);
        for (const to of ['https://example.org/', 'file:///etc/passwd', 'data:text/html,x', 'mailto:a@example.org']) location.href = to;
      });
    });
    await web.waitForTimeout(400);
    expect(new URL(web.url()).origin).toBe(origin);
    await web.evaluate((away) => {
      setTimeout(() => {
        location.href = away;
      });
    }, `${origin}/away`);
    await expect
      .poll(() => seat.agent.of('webRefused').map((each) => `${each.appId} ${each.origin}`))
      .toContain('book https://example.org');
    // Asked for again until it is: the refused redirect before it may still end this navigation with its own.
    await expect
      .poll(async () => {
        await web.goto(`${origin}/file`).catch(() => undefined);
        return refused(seat).join('\n');
      })
      .toContain('download');
    expect(asked.some((cookie) => cookie.includes('who=anna'))).toBe(true);

    // Dialogs of the operating system: none opens, and each is named.
    const before = await countWindows(seat);
    await app.evaluate(async ({ webContents }, url) => {
      const contents = webContents.getAllWebContents().find((each) => each.getURL().startsWith(url));
      const asPerson = true;
      await contents?.executeJavaScript(
        "const file = document.createElement('input'); file.type = 'file'; document.body.append(file); file.click(); 1",
        asPerson,
      );
      await contents?.executeJavaScript(
        'window.print(); document.execCommand("PRINT"); const inner = document.createElement("iframe"); document.body.append(inner); inner.contentWindow.print(); inner.contentDocument.execCommand("print"); 1',
        asPerson,
      );
    }, origin);
    await web.waitForTimeout(700);
    expect(await countWindows(seat)).toBe(before);
    await expect
      .poll(() => refused(seat))
      .toEqual(expect.arrayContaining([expect.stringContaining('input: print'), 'input: file chooser']));

    // Locked: taken out of its window, and not to be seen.
    seat.agent.push({ ...lockedView(), kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' } });
    await until(page, 'lock');
    const attached = await app.evaluate(({ BaseWindow }) =>
      BaseWindow.getAllWindows().map((window) => [window.getTitle(), window.isVisible(), window.contentView.children.length]),
    );
    expect(attached).toContainEqual(['Wardlock web', false, 0]);

    // Ended: the view is gone, and a new one starts without a cookie.
    seat.agent.web({ appId: 'book', action: 'closeAll' });
    seat.agent.push(lockedView());
    await expect.poll(() => app.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(1);
    asked.length = 0;
    seat.agent.push(openView({ apps: [{ ...book, state: 'ready' as const }] }));
    await until(page, 'launcher');
    await page.getByRole('button', { name: /^Ward handbook/ }).click();
    await until(page, 'app');
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    expect(asked[0]).toBe('');
  });

  test('escapes 22, 23 and 25 in session: no frame gets a process of its own, where a dialog could open: another site is refused, a sandboxed one stays', async () => {
    const { app } = seat.kiosk;
    const inner = origin.replace('127.0.0.1', 'localhost');
    const portal = { id: 'portal', name: 'Portal', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin, inner] };
    const web = await launches(seat, portal);
    await web.waitForSelector('h1');
    seat.agent.asked.length = 0;
    const before = await countWindows(seat);
    const processes = await app.evaluate(
      async ({ webContents }, { outer, framed }) => {
        const contents = webContents.getAllWebContents().find((each) => each.getURL().startsWith(outer));
        if (contents === undefined) return [];
        const add = (source: string, sandbox: boolean): Promise<unknown> =>
          contents.executeJavaScript(
            `new Promise((done) => { const frame = document.createElement('iframe'); if (${sandbox}) frame.sandbox = 'allow-scripts allow-modals'; frame.onload = () => done(1); setTimeout(() => done(0), 3000); frame.src = ${JSON.stringify(source)}; document.body.append(frame); })`,
          );
        await add(`${framed}/`, false);
        await add(`${outer}/inner`, true);
        const frame = contents.mainFrame.framesInSubtree.find((each) => each.url.endsWith('/inner'));
        const asPerson = true;
        await frame?.executeJavaScript(
          "const file = document.createElement('input'); file.type = 'file'; document.body.append(file); file.click(); window.print(); 1",
          asPerson,
        );
        return contents.mainFrame.framesInSubtree.map((each) => each.osProcessId);
      },
      { outer: origin, framed: inner },
    );
    expect(processes).toHaveLength(3);
    expect(new Set(processes).size).toBe(1);
    await expect.poll(() => seat.agent.of('webRefused').map((each) => each.origin)).toContain(inner);
    await expect.poll(() => refused(seat)).toContain('input: file chooser');
    await expect.poll(() => seat.agent.of('print')).toEqual([{ appId: 'portal', part: 'frame' }]);
    expect(await countWindows(seat)).toBe(before);
  });

  for (const clipboard of ['deny', 'read-write'] as const) {
    test(`escapes 22 and 29 in session: pages stay at the addresses of the policy’s patterns, and the clipboard is theirs only if it says so: ${clipboard}`, async () => {
      const patterns = [`${origin}/`, `${origin}/in/*`];
      const wiki = {
        id: 'wiki',
        name: 'Wiki',
        kind: 'web' as const,
        icon: 'book',
        url: `${origin}/`,
        origins: [origin],
        patterns,
        clipboard,
      };
      const web = await launches(seat, wiki);
      await web.waitForSelector('h1');
      seat.agent.asked.length = 0;

      await web.goto(`${origin}/in/1`);
      const tried = seat.agent.of('webRefused').length;
      await web.evaluate(() => {
        setTimeout(() => {
          location.href = '/in/1/out';
        });
      });
      await expect.poll(() => seat.agent.of('webRefused').length).toBeGreaterThan(tried);
      expect(new URL(web.url()).pathname).toBe('/in/1');
      // Without a request: the page writes another address over its own, and is brought home.
      await web.evaluate(() => {
        setTimeout(() => history.pushState(null, '', '/out'));
      });
      await expect.poll(() => new URL(web.url()).pathname).toBe('/');

      await web.waitForSelector('h1');
      const writes = await web.evaluate(() =>
        navigator.clipboard.writeText('of the page').then(
          () => 'written',
          (error: Error) => error.name,
        ),
      );
      expect(writes).toBe(clipboard === 'deny' ? 'NotAllowedError' : 'written');
      const reads = await web.evaluate(() => navigator.clipboard.readText().catch((error: Error) => error.name));
      expect(reads).toBe(clipboard === 'deny' ? 'NotAllowedError' : 'of the page');
    });
  }
});

test.describe('a web app that can’t be seen', () => {
  let seat: Seat;
  test.beforeAll(async () => {
    seat = await openSeat();
  });
  test.afterAll(() => seat.clear());

  /** A site on a port of its own; `to` redirects its pages. */
  async function site(port: number, to?: string): Promise<{ readonly port: number; close(): Promise<void> }> {
    const server = createServer((_request, response) => {
      if (to === undefined) response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Rota</title><h1>Rota</h1>');
      else response.writeHead(302, { location: to }).end();
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
      port: (server.address() as AddressInfo).port,
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  async function opens(port: number, more: readonly string[] = []): Promise<Page> {
    const origin = `http://127.0.0.1:${port}`;
    const rota = { id: 'rota', name: 'Rota', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin, ...more] };
    return launches(seat, rota);
  }
  const failures = (): readonly string[] => seat.agent.of('webFailed').map(({ appId, reason }) => `${appId} ${reason}`);
  const isSeen = (): Promise<boolean | undefined> =>
    seat.kiosk.app.evaluate(({ BaseWindow }) =>
      BaseWindow.getAllWindows()
        .find((window) => window.getTitle() === 'Wardlock web')
        ?.isVisible(),
    );

  test('escape 32 in session: a server that is not there is told by the seat’s own page, never by Chromium’s; once it is there, trying again shows it', async () => {
    const { page } = seat.kiosk;
    const first = await site(0);
    await first.close();
    await opens(first.port);
    await until(page, 'trouble');
    await expect.poll(failures).toEqual(['rota connection']);
    expect(await isSeen()).toBe(false);
    const card = page.getByRole('main');
    await expect(card).toContainText('Rota does not answer.');
    await expect(card).toContainText('ERR_CONNECTION_REFUSED');
    await seat.display.picture(test.info().outputPath('web-trouble.png'));
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('button', { name: 'Try again' })).toBeEnabled();
    expect(await isSeen()).toBe(false);
    await page.getByRole('button', { name: 'Other apps' }).click();
    await until(page, 'launcher');
    await page.getByRole('button', { name: /^Rota/ }).first().click();
    await until(page, 'trouble');

    const second = await site(first.port);
    await page.getByRole('button', { name: 'Try again' }).click();
    await until(page, 'app');
    expect(await isSeen()).toBe(true);

    // Its page ends: told, and a new one opens with all its locks.
    await seat.kiosk.app.evaluate(({ webContents }, port) => {
      webContents
        .getAllWebContents()
        .find((each) => each.getURL().includes(`:${port}/`))
        ?.forcefullyCrashRenderer();
    }, first.port);
    await until(page, 'trouble');
    await expect(page.getByRole('main')).toContainText('Rota has stopped.');
    await expect.poll(() => failures().at(-1)).toBe('rota ended');
    const opened = seat.kiosk.app.waitForEvent('window');
    await page.getByRole('button', { name: 'Try again' }).click();
    await (await opened).waitForSelector('h1');
    await until(page, 'app');
    await second.close();
  });

  test('a page that fails later, by a certificate that nobody signed or a name that nobody has, is told and recorded like one that fails at the start', async () => {
    const { page } = seat.kiosk;
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-e2e-'));
    const unknown = spawn(process.execPath, [UNKNOWN_SITE, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = String((await once(unknown.stdout, 'data'))[0]).trim();
    const secure = `https://127.0.0.1:${port}`;
    const first = await site(0);
    try {
      for (const [address, reason, code] of [
        [`${secure}/patient/7?name=Smith`, 'certificate', 'ERR_CERT_AUTHORITY_INVALID'],
        ['http://rota.invalid/patient/7', 'name', 'ERR_NAME_NOT_RESOLVED'],
      ] as const) {
        seat.agent.asked.length = 0;
        const web = await opens(first.port, [new URL(address).origin]);
        await web.waitForSelector('h1');
        // In a loop, as a page that tries again by itself.
        for (let time = 0; time < 3; time += 1) {
          await web.evaluate((to) => setTimeout(() => location.assign(to)), address).catch(() => undefined);
          await until(page, 'trouble');
        }
        await expect(page.getByRole('main')).toContainText(code);
        await expect.poll(failures).toContain(`rota ${reason}`);
        // They are gathered for a second: one of the address before may still come.
        expect(failures().filter((one) => one !== `rota ${reason}` && one !== 'rota certificate')).toEqual([]);
        expect(JSON.stringify(seat.agent.of('webFailed'))).not.toMatch(/patient|Smith|127/u);
      }
    } finally {
      await first.close();
      unknown.kill();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('escapes 22 and 29 in session: a start page that leads elsewhere is told as not allowed', async () => {
    const away = await site(0, 'https://example.org/login');
    await opens(away.port);
    await until(seat.kiosk.page, 'trouble');
    await expect(seat.kiosk.page.getByRole('main')).toContainText('leads to a page that is not allowed here.');
    expect(await isSeen()).toBe(false);
    await expect.poll(() => seat.agent.of('webRefused').map(({ origin }) => origin)).toContain('https://example.org');
    await away.close();
  });
});

/** Windows on the display, dialogs of the toolkit included. */
async function countWindows(seat: Seat): Promise<number> {
  const { stdout } = await run('xwininfo', ['-root', '-tree'], {
    env: { PATH: '/usr/bin:/bin', DISPLAY: seat.display.name, XAUTHORITY: seat.display.authority },
  });
  return stdout.split('\n').filter((line) => line.includes('("wardlock" "wardlock")') || line.includes('("wardlock" "Wardlock")')).length;
}
