/**
 * The borders of the page: sandbox, content security policy, navigation, windows, permissions, the bridge. Each escape is
 * tried from inside the page, as a page that was taken over would, and must be refused and reported.
 */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { bridgeBoundary } from '../../contract/bridge.ts';
import { press } from './support/keys.ts';
import { openSeat, type Seat } from './support/seat.ts';
import { lockedView, openView } from './support/views.ts';

const SCHEMES = [
  'file:///etc/passwd',
  'view-source:wardlock://seat/index.html',
  'data:text/html,<h1>out</h1>',
  'about:blank',
  'chrome://version',
  'devtools://devtools/bundled/inspector.html',
  'https://example.org/',
  'mailto:someone@example.org',
  'tel:112',
  'x-unknown:1',
];

const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);
const refused = (seat: Seat): readonly string[] => seat.agent.of('refused').map(({ border, what }) => `${border}: ${what}`);

test.describe('the borders of the seat', () => {
  let seat: Seat;
  let page: Page;
  test.beforeAll(async () => {
    seat = await openSeat();
    page = seat.kiosk.page;
  });
  test.afterAll(() => seat.clear());
  test.beforeEach(async () => {
    seat.agent.push(lockedView());
    await until(page, 'lock');
    seat.agent.asked.length = 0;
  });

  test('the page runs in Chromium’s own sandbox, as nobody', async () => {
    const pid = await seat.kiosk.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId());
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).not.toMatch(/^Uid:\s+0\s/m);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('--no-sandbox');
  });

  test('the page has no Node, no Electron and one bridge', async () => {
    const world = await page.evaluate(() => ({
      require: typeof Reflect.get(window, 'require'),
      process: typeof Reflect.get(window, 'process'),
      electron: typeof Reflect.get(window, 'electron'),
      bridge: Object.keys(window.wardlock).sort(),
    }));
    expect(world).toEqual({
      require: 'undefined',
      process: 'undefined',
      electron: 'undefined',
      bridge: [
        'breakGlass',
        'cancel',
        'changePin',
        'close',
        'code',
        'display',
        'enrol',
        'enrolBadge',
        'handOver',
        'hello',
        'launch',
        'leave',
        'lock',
        'logout',
        'name',
        'names',
        'on',
        'pin',
        'procedure',
        'retry',
        'show',
        'stay',
        'typing',
        'witness',
      ],
    });
  });

  test('the content security policy stops scripts, styles, pictures and connections that are not the seat’s own', async () => {
    const stopped = await page.evaluate(async () => {
      const seen: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
      const script = document.createElement('script');
      const style = document.createElement('style');
      style.textContent = 'body { display: none }';
      const image = new Image();
      image.src = 'https://example.org/x.png';
      const frame = document.createElement('iframe');
      frame.src = 'https://example.org/';
      try {
        document.body.append(style, image, frame);
        script.src = 'https://example.org/x.js';
        document.body.append(script);
      } catch {
        seen.push('trusted types');
      }
      await fetch('https://example.org/').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const element of [script, style, image, frame]) element.remove();
      return seen;
    });
    expect(stopped).toEqual(expect.arrayContaining(['style-src-elem', 'img-src', 'frame-src', 'connect-src']));
    expect(stopped.some((directive) => /trusted|script-src/.test(directive))).toBe(true);
  });

  for (const phase of ['locked', 'in session'] as const) {
    test(`escape 32 ${phase}: no window, no new tab, no webview`, async () => {
      await enter(seat, phase);
      const opened = await page.evaluate(() => {
        const link = document.createElement('a');
        link.href = 'https://example.org/';
        link.target = '_blank';
        document.body.append(link);
        link.click();
        link.remove();
        const view = document.createElement('webview');
        view.setAttribute('src', 'https://example.org/');
        document.body.append(view);
        view.remove();
        return window.open('https://example.org/') === null;
      });
      expect(opened).toBe(true);
      await expect.poll(() => refused(seat).join('\n')).toContain('window: https://example.org');
      expect(seat.kiosk.app.windows()).toHaveLength(1);
    });

    test(`escape 33 ${phase}: a page that was taken over calls every method of the bridge with wild arguments`, async () => {
      await enter(seat, phase);
      const methods = await page.evaluate(() => Object.keys(window.wardlock).filter((name) => name !== 'on'));
      expect(methods.toSorted()).toEqual(Object.keys(bridgeBoundary.requests).toSorted());
      const answers = await page.evaluate(async (names) => {
        const wild: unknown[] = [null, undefined, 7, 'x'.repeat(100_000), [], { appId: '../../bin/sh', path: '/bin/sh' }];
        const call = async (name: string, params: unknown): Promise<string> => {
          const method: unknown = Reflect.get(window.wardlock, name);
          if (typeof method !== 'function') return 'no method';
          for (;;) {
            const answer: unknown = await method(params);
            const code = typeof answer === 'object' && answer !== null && 'code' in answer ? String(answer.code) : 'ok';
            // Only the rate was judged: as patient as whoever wants to try everything.
            if (code !== 'IPC_TOO_MANY') return code;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        };
        const said: [string, readonly string[]][] = [];
        for (const name of names) {
          const codes = new Set<string>();
          for (const params of wild) codes.add(await call(name, params));
          said.push([name, [...codes].sort()]);
        }
        return said;
      }, methods);
      expect(answers).toEqual(methods.map((name) => [name, ['IPC_FRAME_TOO_LARGE', 'IPC_MESSAGE_MALFORMED']]));
      for (const name of methods) await expect.poll(() => refused(seat).join('\n')).toContain(`ipc: ${name}`);
      expect(seat.agent.asked.map(({ name }) => name).filter((name) => name !== 'refused')).toEqual([]);
      await page.waitForTimeout(1_500);
    });

    test(`escapes 1, 3, 6, 7 and 8 ${phase}: keys that would leave the seat do nothing and are named`, async () => {
      await enter(seat, phase);
      const zoom = await page.evaluate(() => devicePixelRatio);
      const chords = [
        'alt+F4',
        'alt+Tab',
        'alt+space',
        'ctrl+shift+Escape',
        'ctrl+Escape',
        'F11',
        'F12',
        'ctrl+shift+i',
        'ctrl+r',
        'ctrl+w',
        'ctrl+q',
      ];
      for (const chord of [...chords, 'ctrl+n', 'ctrl+p', 'ctrl+o', 'F1', 'shift+F10', 'Menu', 'ctrl+plus', 'ctrl+minus', 'super+e']) {
        await press(seat.display, chord);
      }
      await expect.poll(() => refused(seat).join('\n')).toContain('input: Super+E');
      expect(refused(seat)).toEqual(
        expect.arrayContaining(['input: Alt+F4', 'input: F12', 'input: Ctrl+Shift+I', 'input: Ctrl+P', 'input: F1']),
      );
      expect(seat.kiosk.app.windows()).toHaveLength(1);
      expect(await page.evaluate(() => devicePixelRatio)).toBe(zoom);
      await expect(page.locator('html')).toHaveAttribute('data-screen', phase === 'locked' ? 'lock' : 'launcher');
    });
  }

  test('escape 16 locked: no menu on right click, nothing can be dragged in, text is not selected', async () => {
    await page.mouse.click(400, 300, { button: 'right' });
    await page.mouse.click(400, 300, { button: 'middle' });
    const dropped = await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData('text/uri-list', 'file:///etc/passwd');
      document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
      return location.href;
    });
    expect(dropped).toBe('wardlock://seat/index.html');
    expect(await page.evaluate(() => getComputedStyle(document.body).userSelect)).toBe('none');
    expect(seat.kiosk.app.windows()).toHaveLength(1);
  });

  test('no permission is given, and what is asked for beyond the page’s own policy is reported', async () => {
    const answers = await page.evaluate(async () => [
      await navigator.mediaDevices.getUserMedia({ audio: true, video: true }).then(
        () => 'given',
        () => 'refused',
      ),
      await new Promise((resolve) =>
        navigator.geolocation.getCurrentPosition(
          () => resolve('given'),
          () => resolve('refused'),
        ),
      ),
      await Notification.requestPermission(),
    ]);
    expect(answers).toEqual(['refused', 'refused', 'denied']);
    await expect.poll(() => refused(seat).join('\n')).toContain('permission: notifications');
  });

  test('every page has the locked web preferences', async () => {
    const preferences = await seat.kiosk.app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => {
        const read: unknown = Reflect.get(contents, 'getLastWebPreferences');
        contents.openDevTools();
        return { given: typeof read === 'function' ? JSON.stringify(read.call(contents)) : '{}', devTools: contents.isDevToolsOpened() };
      }),
    );
    expect(preferences.length).toBeGreaterThan(0);
    for (const { given, devTools } of preferences) {
      const locked = { sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, webviewTag: false };
      expect(JSON.parse(given)).toMatchObject(locked);
      expect(devTools).toBe(false);
    }
  });
});

for (const phase of ['locked', 'in session'] as const) {
  test(`escape 29 ${phase}: no address but the seat’s own, and escape 31: no outer program`, async () => {
    // A seat of its own: Playwright goes on waiting for navigations that the kiosk stopped.
    const seat = await openSeat();
    try {
      await enter(seat, phase);
      const home = { url: 'wardlock://seat/index.html', screen: phase === 'locked' ? 'lock' : 'launcher' };
      for (const address of SCHEMES) {
        await goFromInside(seat, address);
        await expect.poll(() => whereabouts(seat), address).toEqual(home);
      }
      const named = ['navigation: https://example.org', 'navigation: about:', 'navigation: mailto:', 'navigation: x-unknown:'];
      await expect.poll(() => refused(seat)).toEqual(expect.arrayContaining(named));
    } finally {
      await seat.clear();
    }
  });
}

/** The page sends itself somewhere. */
async function goFromInside(seat: Seat, address: string): Promise<void> {
  await seat.kiosk.app.evaluate(
    ({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(`location.href = ${JSON.stringify(to)}; 1`),
    address,
  );
  await new Promise((resolve) => setTimeout(resolve, 80));
}

async function whereabouts(seat: Seat): Promise<unknown> {
  return seat.kiosk.app.evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const screen: unknown = await contents?.executeJavaScript('document.documentElement.dataset.screen');
    return { url: contents?.getURL(), screen };
  });
}

async function enter(seat: Seat, phase: 'locked' | 'in session'): Promise<void> {
  if (phase === 'locked') return;
  seat.agent.push(openView());
  await until(seat.kiosk.page, 'launcher');
}
