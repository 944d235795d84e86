/**
 * Ways out of the seat that need real keys and a real pointer of the window system, and what one person could leave for the
 * next. A machine for tests has no touch screen and no assistive programs: there the configuration that stops them is held.
 */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import { BENEATH } from '../../support/outputs.ts';
import { coloursShown } from '../../support/x-display.ts';
import { press } from '../support/keys.ts';
import { openSeat, type Seat } from '../support/seat.ts';
import { lockedView, openView } from '../support/views.ts';

const run = promisify(execFile);
const SCREEN = { x: 0, y: 0, width: 1280, height: 800 } as const;
const SECRET = 'potassium 6.1';
/** Virtual terminals and SysRq are the system's to switch off; on this display their keys must at least lead nowhere. */
const SYSTEM_KEYS: readonly { readonly escape: number; readonly keys: readonly string[]; readonly named: string }[] = [
  { escape: 2, keys: ['ctrl+alt+Delete'], named: 'Ctrl+Alt+Delete' },
  { escape: 4, keys: ['Super_L', ...['r', 'e', 'd', 'l', 'x', 'Tab'].map((key) => `super+${key}`)], named: 'Super+R' },
  { escape: 5, keys: Array.from({ length: 5 }, () => 'Super_L'), named: 'Super' },
  {
    escape: 10,
    keys: [...Array.from({ length: 12 }, (_, key) => `ctrl+alt+F${key + 1}`), 'ctrl+alt+BackSpace', 'alt+Sys_Req'],
    named: 'Ctrl+Alt+F1',
  },
];
/** More than any screen here has. */
const MOST_CONTROLS = 40;
/** The dialogs that any page can ask for. */
const QUESTIONS = ['alert', 'confirm', 'prompt'] as const;
/** Asks them all, and says what was refused by an error. */
const questions = `${JSON.stringify(QUESTIONS)}.flatMap((name) => {
  try { window[name]('x'); } catch (failure) { return [String(failure)]; }
  return [];
})`;
/** What web applications are kept from, one by one: a dialog that waits for its answer may keep the next one from opening. */
const CHOOSER = "const file = document.createElement('input'); file.type = 'file'; document.body.append(file); file.click();";
/** Of the File System Access API: they ask the system for a dialog by another way than a field for files does. */
const PICKERS = ['showOpenFilePicker', 'showSaveFilePicker', 'showDirectoryPicker'] as const;
const PRINT = "window.print(); document.execCommand('print');";
const LOGIN = "const inner = document.createElement('iframe'); inner.src = '/login'; document.body.append(inner);";
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);
const refused = (seat: Seat): readonly string[] => seat.agent.of('refused').map(({ border, what }) => `${border}: ${what}`);

test.describe('one person after the other', () => {
  let seat: Seat;
  let page: Page;
  let site: Server;
  let origin = '';
  const cookies: string[] = [];
  test.beforeAll(async () => {
    site = createServer((request, response) => {
      if (request.url === '/login') {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="ward"' }).end();
        return;
      }
      cookies.push(request.headers.cookie ?? '');
      const colour = `#${BENEATH.toString(16)}`;
      response
        .writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'who=anna' })
        .end(`<title>${SECRET}</title><body style="background:${colour}"><input id=note value="${SECRET}">`);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    seat = await openSeat();
    page = seat.kiosk.page;
    seat.agent.on('launch', () => {
      seat.agent.push(openWith('running'));
      seat.agent.web({ appId: 'book', action: 'open' });
    });
  });
  test.afterAll(async () => {
    await seat.clear();
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  });
  test.beforeEach(async () => {
    seat.agent.push(lockedView());
    await until(page, 'lock');
    seat.agent.asked.length = 0;
  });

  const openWith = (state: 'ready' | 'running') =>
    openView({ apps: [{ id: 'book', name: 'Ward handbook', kind: 'web', icon: 'book', state, url: `${origin}/`, origins: [origin] }] });
  const enter = async (phase: 'locked' | 'in session'): Promise<void> => {
    if (phase === 'locked') return;
    seat.agent.push(openWith('ready'));
    await until(page, 'launcher');
  };
  const stays = async (phase: 'locked' | 'in session', windows: number): Promise<void> => {
    await expect(page.locator('html')).toHaveAttribute('data-screen', phase === 'locked' ? 'lock' : 'launcher');
    expect(page.url()).toBe('wardlock://seat/index.html');
    expect(await shownWindows(seat)).toBe(windows);
  };
  const openWeb = async (): Promise<Page> => {
    await enter('in session');
    const opened = seat.kiosk.app.waitForEvent('window');
    await page.getByRole('button', { name: /^Ward handbook/ }).click();
    const web = await opened;
    await until(page, 'app');
    await web.waitForSelector('#note');
    await web.waitForLoadState('load');
    return web;
  };
  /** The keys of the server are off, as on a seat's own display. */
  const layout = (name: string) => run('setxkbmap', ['-layout', name, '-option', 'srvrkeys:none'], { env: environment(seat) });
  const shows = (): boolean =>
    coloursShown({ name: seat.display.name, xauthority: seat.display.authority, close: () => Promise.resolve() }, SCREEN).has(BENEATH);

  for (const phase of ['locked', 'in session'] as const) {
    for (const { escape, keys, named } of SYSTEM_KEYS) {
      test(`escape ${escape} ${phase}: keys of the system do nothing on the seat and are named`, async () => {
        await enter(phase);
        const windows = await shownWindows(seat);
        await layout('us');
        for (const chord of keys) await press(seat.display, chord);
        await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining(named));
        await stays(phase, windows);
      });
    }

    test(`escape 11 ${phase}: the same keys do nothing after a change of the input language`, async () => {
      await enter(phase);
      const windows = await shownWindows(seat);
      try {
        await layout('de');
        for (const { keys, named } of SYSTEM_KEYS) {
          for (const chord of keys) await press(seat.display, chord);
          await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining(named));
        }
        await stays(phase, windows);
      } finally {
        await layout('us');
      }
    });

    test(`escape 12 ${phase}: Shift five times opens nothing and sticks no key`, async () => {
      await enter(phase);
      const windows = await shownWindows(seat);
      for (let time = 0; time < 6; time += 1) await xdotool(seat, 'key', 'Shift_L');
      await stays(phase, windows);
      if (phase === 'locked') return;
      // With sticky keys the last Shift would still hold for the next letter.
      await page.getByRole('searchbox').focus();
      await xdotool(seat, 'key', 'a');
      await expect(page.getByRole('searchbox')).toHaveValue('a');
    });

    test(`escape 14 ${phase}: keys that open a magnifier, a narrator or an on-screen keyboard open nothing and are named`, async () => {
      await enter(phase);
      const windows = await shownWindows(seat);
      for (const chord of ['super+alt+8', 'super+alt+s', 'super+ctrl+o', 'super+plus', 'super+u', 'super+ctrl+Return'])
        await press(seat.display, chord);
      await expect.poll(() => refused(seat).join('\n')).toContain('Super');
      await stays(phase, windows);
    });

    test(`escape 16 ${phase}: right, middle and long press, and dragging with the real pointer do nothing`, async () => {
      await enter(phase);
      const windows = await shownWindows(seat);
      await seat.kiosk.app.evaluate(({ clipboard }) =>
        Reflect.apply(Reflect.get(clipboard, 'writeText'), clipboard, ['file:///etc/passwd', 'selection']),
      );
      for (const button of ['3', '2']) await xdotool(seat, 'mousemove', '640', '420', 'click', button);
      await xdotool(seat, 'mousemove', '640', '420', 'mousedown', '1', 'sleep', '1', 'mouseup', '1');
      await xdotool(seat, 'mousemove', '400', '300', 'mousedown', '1', 'mousemove', '900', '700', 'mousemove', '2', '2', 'mouseup', '1');
      await stays(phase, windows);
      expect(await page.evaluate(() => getSelection()?.toString() ?? '')).toBe('');
    });

    test(`escape 17 ${phase}: a swipe from an edge finds no history, no hidden bar and no other window`, async () => {
      await enter(phase);
      const windows = await shownWindows(seat);
      for (const [x, y] of [
        [0, 400],
        [1279, 400],
        [640, 0],
        [640, 799],
      ] as const)
        await xdotool(seat, 'mousemove', String(x), String(y), 'mousedown', '1', 'mousemove', '640', '420', 'mouseup', '1');
      await stays(phase, windows);
      const past = await seat.kiosk.app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.navigationHistory.length(),
      );
      expect(past).toBe(1);
      expect(await page.evaluate(() => [innerWidth, innerHeight])).toEqual([SCREEN.width, SCREEN.height]);
    });
  }

  test('escape 20 locked: a picture of the whole display holds nothing of the work, and the keys that take one are named', async () => {
    await openWeb();
    await expect.poll(shows).toBe(true);
    seat.agent.push({ ...lockedView(), kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' } });
    await until(page, 'lock');
    await expect.poll(shows).toBe(false);
    for (const key of ['Print', 'alt+Print', 'shift+Print']) await press(seat.display, key);
    await expect.poll(() => refused(seat).join('\n')).toContain('PrintScreen');
    const taken = await page.evaluate(() =>
      navigator.mediaDevices.getDisplayMedia({ video: true }).then(
        () => 'taken',
        () => 'refused',
      ),
    );
    expect(taken).toBe('refused');
    expect(shows()).toBe(false);
  });

  test('escape 20 in session: the keys that take a picture are named, and no page may take one', async () => {
    const web = await openWeb();
    for (const key of ['Print', 'alt+Print', 'shift+Print']) await press(seat.display, key);
    await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining('PrintScreen'));
    for (const from of [page, web]) {
      const taken = await from.evaluate(async () => {
        if (navigator.mediaDevices === undefined) return 'refused';
        return navigator.mediaDevices.getDisplayMedia({ video: true }).then(
          () => 'taken',
          () => 'refused',
        );
      });
      expect(taken).toBe('refused');
    }
  });

  for (const phase of ['locked', 'in session'] as const) {
    test(`escape 21 ${phase}: no page opens a dialog over the ${phase === 'locked' ? 'lock' : 'work'}, and the pages go on`, async () => {
      const web = await openWeb();
      if (phase === 'locked') {
        seat.agent.push({ ...lockedView(), kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' } });
        await until(page, 'lock');
        await expect.poll(shows).toBe(false);
      }
      const windows = await shownWindows(seat);
      // Nobody answers one that opens: it would stay.
      for (const each of [page, web]) each.on('dialog', () => undefined);
      for (const dialog of [CHOOSER, PRINT, LOGIN]) await asPerson(seat, origin, `{ ${dialog} } 1`);
      for (const picker of PICKERS)
        expect(await asPerson(seat, origin, `window.${picker}().then(() => 'picked', String)`)).toContain('AbortError');
      // Electron has no prompt at all.
      for (const address of ['wardlock:', origin])
        expect(await asPerson(seat, address, questions)).toEqual([expect.stringContaining('prompt()')]);
      await expect
        .poll(() => refused(seat))
        .toEqual(expect.arrayContaining([expect.stringContaining('input: file chooser'), 'permission: http-login']));
      // Behind a lock it is refused at once. In session the agent is asked, and the second time only where the first is over by then.
      if (phase === 'locked') await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining('input: print'));
      else await expect.poll(() => seat.agent.of('print')).toContainEqual({ appId: 'book', part: 'page' });
      expect(await shownWindows(seat)).toBe(windows);
      await expect(page.locator('html')).toHaveAttribute('data-screen', phase === 'locked' ? 'lock' : 'app');
      expect(shows()).toBe(phase === 'in session');
      expect(await web.evaluate(() => document.title)).toBe(SECRET);
    });

    test(`escape 8 ${phase}: neither keys nor the wheel zoom; at 25 % and 500 % the controls that lock, end and help are reached all the same`, async () => {
      await enter(phase);
      for (const chord of ['ctrl+plus', 'ctrl+minus', 'ctrl+KP_Add', 'ctrl+KP_Subtract']) await press(seat.display, chord);
      await xdotool(seat, 'mousemove', '640', '420', 'keydown', 'ctrl', 'click', '--repeat', '5', '4', 'keyup', 'ctrl');
      const zoom = (): Promise<number | undefined> =>
        seat.kiosk.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomFactor());
      await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining('Ctrl+'));
      expect(await zoom()).toBe(1);
      const usual = await controls(page);
      const needed = phase === 'locked' ? ['Emergency access', 'Screen settings'] : ['Change PIN', 'End session', 'Lock'];
      expect(usual).toEqual(expect.arrayContaining(needed));
      try {
        for (const factor of [0.25, 5]) {
          await seat.kiosk.app.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(to), factor);
          await expect.poll(() => page.evaluate(() => devicePixelRatio)).toBeCloseTo(factor);
          expect(await controls(page), `at ${factor}`).toEqual(expect.arrayContaining(needed));
        }
      } finally {
        await seat.kiosk.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(1));
      }
    });
  }

  for (const phase of ['locked', 'in session'] as const) {
    test(`escape 60 ${phase}: what somebody copied, stored or had in a title is gone for whoever comes next`, async () => {
      const web = await openWeb();
      await web.evaluate(() => localStorage.setItem('note', 'potassium'));
      await web.locator('#note').focus();
      await web.keyboard.press('ControlOrMeta+a');
      await web.keyboard.press('ControlOrMeta+c');
      const copied = () =>
        seat.kiosk.app.evaluate(
          async ({ clipboard }) =>
            `${await clipboard.readText()}${await Reflect.apply(Reflect.get(clipboard, 'readText'), clipboard, ['selection'])}`,
        );
      await expect.poll(copied).toContain(SECRET);
      seat.agent.push(lockedView());
      await until(page, 'lock');
      await expect.poll(copied).toBe('');
      expect(await titles(seat)).not.toContain(SECRET);
      expect(await page.locator('body').innerText()).not.toContain(SECRET);
      if (phase === 'locked') return;
      cookies.length = 0;
      const next = await openWeb();
      expect(cookies[0]).toBe('');
      expect(await next.evaluate(() => localStorage.length)).toBe(0);
    });
  }
});

/** Runs it in the page of that address as a click of a person would: some dialogs open only then. */
async function asPerson(seat: Seat, address: string, script: string): Promise<unknown> {
  return seat.kiosk.app.evaluate(
    async ({ webContents }, [start = '', code = '']) => {
      const contents = webContents.getAllWebContents().find((each) => each.getURL().startsWith(start));
      const isPerson = true;
      return contents?.executeJavaScript(code, isPerson);
    },
    [address, script],
  );
}

/** What the keyboard reaches, by name, and whether it can then be seen and pressed. */
async function controls(page: Page): Promise<readonly string[]> {
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  const reached: string[] = [];
  for (let presses = 0; presses < MOST_CONTROLS; presses += 1) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => {
      const at = document.activeElement;
      if (at === null || at === document.body) return null;
      const { left, top, width, height } = at.getBoundingClientRect();
      const [x, y] = [left + width / 2, top + height / 2];
      const seen = document.elementFromPoint(x, y);
      const isSeen = seen !== null && (at.contains(seen) || seen.contains(at));
      return `${at.getAttribute('aria-label') ?? at.textContent ?? ''} ${isSeen ? '' : 'out of sight'}`.trim();
    });
    if (name === null || reached[0] === name) break;
    reached.push(name);
  }
  return reached.toSorted();
}

async function xdotool(seat: Seat, ...args: readonly string[]): Promise<void> {
  await run('xdotool', [...args], { env: environment(seat) });
}

const environment = (seat: Seat) => ({ PATH: '/usr/bin:/bin', DISPLAY: seat.display.name, XAUTHORITY: seat.display.authority });

/** How many windows the display itself shows, whoever made them. */
async function shownWindows(seat: Seat): Promise<number> {
  const { stdout } = await run('xdotool', ['search', '--onlyvisible', '--name', '.'], { env: environment(seat) });
  return stdout.trim().split('\n').length;
}

async function titles(seat: Seat): Promise<string> {
  return (await run('xwininfo', ['-root', '-tree'], { env: environment(seat) })).stdout;
}
