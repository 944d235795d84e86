/**
 * Escapes 29, 31 and 32 in session, in a web application: every scheme by every way that a page has to go somewhere, with a person's
 * gesture. The page stays where it was or is brought home, nothing opens, and no program of the system is asked to open anything: a
 * trap stands in its place, which is first shown to be heard.
 */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { KioskLaunch } from '../../../demo/kiosk.ts';
import { type Ground, openSeat, type Seat } from '../support/seat.ts';
import { lockedView, openView } from '../support/views.ts';

const SCHEMES_29 = [
  'file:///etc/passwd',
  'file://localhost/etc/passwd',
  'view-source:https://example.org/',
  'view-source:file:///etc/passwd',
  'data:text/html,<h1>out</h1>',
  'javascript:void(document.title="ran")',
  'about:version',
  'about:config',
  'about:srcdoc',
  'chrome://version/',
  'chrome://settings/',
  'chrome-untrusted://print/',
  'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/index.html',
  'devtools://devtools/bundled/inspector.html',
  'blob:https://example.org/1',
  'filesystem:https://example.org/temporary/x',
  'wardlock://seat/index.html',
] as const;
const SCHEMES_31 = [
  'mailto:a@example.org',
  'tel:112',
  'sms:112',
  'ssh://example.org',
  'smb://example.org/share',
  'ftp://example.org/',
  'ms-settings:display',
  'intent:#Intent;scheme=x;end',
  'x-unknown:1',
] as const;
const SCHEMES_32 = ['https://example.org/', 'http://example.org:8080/'] as const;
const ADDRESSES = [...SCHEMES_29, ...SCHEMES_31, ...SCHEMES_32];

/** How a page goes to `to`, as a function of its own script. */
const WAYS: Readonly<Record<string, string>> = {
  'its own address': 'location.href = to',
  'a link': "const a = document.createElement('a'); a.href = to; document.body.append(a); a.click(); a.remove()",
  'a link to a new tab':
    "const a = document.createElement('a'); a.href = to; a.target = '_blank'; document.body.append(a); a.click(); a.remove()",
  'window.open': 'open(to)',
  'a form':
    "const form = document.createElement('form'); form.action = to; form.method = 'post'; document.body.append(form); form.submit()",
  'a refresh':
    "const meta = document.createElement('meta'); meta.httpEquiv = 'refresh'; meta.content = '0;url=' + to; document.head.append(meta)",
  'a redirect of its server': "location.href = '/to?' + encodeURIComponent(to)",
  'a frame': "const frame = document.createElement('iframe'); frame.src = to; document.body.append(frame)",
  'an object': "const object = document.createElement('object'); object.data = to; document.body.append(object)",
  'a webview': "const view = document.createElement('webview'); view.setAttribute('src', to); document.body.append(view)",
  'the top of a frame':
    "const { contentDocument } = document.querySelector('#inner'); const a = contentDocument.createElement('a'); a.href = to; a.target = '_top'; contentDocument.body.append(a); a.click()",
};
/** These leave the page where it is. */
const BESIDE = ['a link to a new tab', 'window.open', 'a frame', 'an object', 'a webview'];
/** A page gives the browser this long to take up one try before the next one replaces it, in milliseconds. */
const PACE_MS = 80;
/** What the kiosk itself refuses, and names. The other schemes Chromium keeps from every page by itself: docs/limitations.md. */
const NAMED = [
  ...['chrome-extension:', 'wardlock:', 'mailto:', 'tel:', 'sms:', 'ssh:', 'smb:', 'ftp:', 'ms-settings:', 'intent:', 'x-unknown:'],
  ...['https://example.org', 'http://example.org:8080'],
];
/** A webview is an unknown element, which loads nothing. */
const INERT = 'a webview';
/** Where frames of a page that stayed may be. */
const HARMLESS = ['', 'about:blank', 'about:blank#blocked', 'about:srcdoc', 'wardlock://seat/index.html'];
const CANARY = 'https://canary.example';

let seat: Seat;
let site: Server;
let origin = '';
/** Where the trap writes what it was asked to open. */
let caught = '';

test.beforeAll(async () => {
  site = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://site');
    if (pathname === '/to') response.writeHead(302, { location: decodeURIComponent(search.slice(1)) }).end();
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(pathname === '/' ? '<h1>Home</h1><iframe id=inner src=/inner></iframe>' : 'inner');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  origin = `http://127.0.0.1:${address.port}`;
  seat = await openSeat({}, withTrap);
});
test.afterAll(async () => {
  await seat?.clear();
  site?.closeAllConnections();
  site?.close();
});

/** Starts the kiosk where `xdg-open` and the browser are the trap. */
async function withTrap({ folder, launch }: Ground): Promise<KioskLaunch> {
  const trap = join(folder, 'trap');
  await mkdir(trap, { mode: 0o755 });
  caught = join(launch.home, 'caught');
  for (const name of ['xdg-open', 'xdg-email', 'gio', 'sensible-browser']) {
    await writeFile(join(trap, name), `#!/bin/sh\necho "$*" >> ${caught}\n`);
    await chmod(join(trap, name), 0o755);
  }
  const as: KioskLaunch['as'] = ({ command, args }) => {
    const inside = { command: '/usr/bin/env', args: [`PATH=${trap}:/usr/bin:/bin`, command, ...args] };
    return launch.as?.(inside) ?? inside;
  };
  return { ...launch, as };
}

function trapped(): readonly string[] {
  try {
    return readFileSync(caught, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Runs a script in the page of the web application as a person's act, without waiting for what it leads to. */
async function asPage(...scripts: readonly string[]): Promise<void> {
  await seat.kiosk.app.evaluate(
    async ({ webContents }, { seatPage, codes, pace }) => {
      const asPerson = true;
      for (const code of codes) {
        const contents = webContents.getAllWebContents().find((each) => !each.getURL().startsWith(seatPage));
        void contents?.executeJavaScript(`setTimeout(() => { ${code} }); 1`, asPerson).catch(() => undefined);
        await new Promise((next) => setTimeout(next, pace));
      }
    },
    { seatPage: 'wardlock://seat/', codes: scripts, pace: PACE_MS },
  );
}

/** The page of the web application is there, its frame too. */
async function isHome(): Promise<boolean> {
  const { frames } = await everything();
  return frames.includes(`${origin}/`) && frames.includes(`${origin}/inner`);
}

/** A page that could not go there is told by the seat's own page, which offers to try again. */
async function comesHome(): Promise<boolean> {
  const { page } = seat.kiosk;
  if ((await page.getAttribute('html', 'data-screen')) === 'trouble') await page.evaluate(() => window.wardlock.retry({ appId: 'book' }));
  return isHome();
}

const named = (): readonly string[] => seat.agent.of('webRefused').map((each) => each.origin);

/** What there is in the whole kiosk: pages, frames by where they are, windows. */
async function everything() {
  return seat.kiosk.app.evaluate(({ webContents, BaseWindow }) => ({
    pages: webContents
      .getAllWebContents()
      .map((each) => each.getURL())
      .sort(),
    frames: webContents.getAllWebContents().flatMap((each) => each.mainFrame.framesInSubtree.map((frame) => frame.url)),
    windows: BaseWindow.getAllWindows()
      .map((window) => window.getTitle())
      .sort(),
    devTools: webContents.getAllWebContents().some((each) => each.isDevToolsOpened()),
  }));
}

async function openBook(): Promise<void> {
  const { page } = seat.kiosk;
  const book = { id: 'book', name: 'Ward handbook', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
  seat.agent.on('launch', () => {
    seat.agent.push(openView({ apps: [{ ...book, state: 'running' }] }));
    seat.agent.web({ appId: 'book', action: 'open' });
  });
  seat.agent.web({ appId: 'book', action: 'closeAll' });
  seat.agent.push(lockedView());
  await page.waitForSelector('html[data-screen="lock"]');
  seat.agent.push(openView({ apps: [{ ...book, state: 'ready' }] }));
  await page.waitForSelector('html[data-screen="launcher"]');
  await page.getByRole('button', { name: /^Ward handbook/ }).click();
  await page.waitForSelector('html[data-screen="app"]');
  await expect.poll(isHome).toBe(true);
}

test('the trap hears what is opened outside', async () => {
  await seat.kiosk.app.evaluate(({ shell }) => shell.openExternal('x-trap:1'));
  await expect.poll(trapped).toEqual(['x-trap:1']);
});

for (const [way, script] of Object.entries(WAYS)) {
  test(`escapes 29, 31 and 32 in session: by ${way} a page of a web application reaches no other scheme, site, window or program`, async () => {
    await openBook();
    const before = await everything();
    const heard = trapped().length;
    seat.agent.asked.length = 0;
    const tries = ADDRESSES.map((to) => `((to) => { ${script} })(${JSON.stringify(to)})`);
    if (BESIDE.includes(way)) await asPage(...tries);
    else {
      for (const one of tries) {
        await asPage(one);
        await expect.poll(comesHome).toBe(true);
      }
    }
    // What was tried before this one has been judged by then; a page that is being brought home does not hear it.
    const canary = async (): Promise<readonly string[]> => {
      await asPage(`location.href = '${CANARY}/'`);
      return named();
    };
    await expect.poll(canary).toContain(CANARY);
    await expect.poll(comesHome).toBe(true);
    const after = await everything();
    expect(after).toMatchObject({ pages: before.pages, windows: before.windows, devTools: false });
    expect(after.frames.filter((frame) => !HARMLESS.includes(frame) && !before.frames.includes(frame))).toEqual([]);
    if (way !== INERT) await expect.poll(named).toEqual(expect.arrayContaining(NAMED));
    expect(trapped()).toHaveLength(heard);
  });
}
