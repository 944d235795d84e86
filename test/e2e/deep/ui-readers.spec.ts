/**
 * Keyboard readers with real keys of the window system: what they type reaches the agent and no field, wherever the focus is, also
 * with the rhythm and the terminator of another policy.
 */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import type { SeatView } from '../../../contract/seat-view.ts';
import { focusedWindow, tapByWedge } from '../support/keys.ts';
import { openSeat, type Seat } from '../support/seat.ts';
import { lockedView, openView, pinView } from '../support/views.ts';

const run = promisify(execFile);
const NUMBER = '04A1B2C3D4';
/** As wide as a policy may make it: a busy machine may hold a key back for a moment. */
const WIDE: SeatView['wedge'] = { minLength: 6, medianGapMs: 50, maxGapMs: 150, endGapMs: 500, terminator: 'enter' };
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);
const reports = (seat: Seat): readonly string[] => seat.agent.of('refused').map(({ what }) => what);

async function xdotool(seat: Seat, ...args: readonly string[]): Promise<void> {
  const env = { PATH: '/usr/bin:/bin', DISPLAY: seat.display.name, XAUTHORITY: seat.display.authority };
  await run('xdotool', [...args], { env });
}

/** Keys as slow as a person's. */
const typeSlowly = (seat: Seat, text: string): Promise<void> => xdotool(seat, 'type', '--delay', '200', text);

test.describe('keyboard readers', () => {
  let seat: Seat;
  let page: Page;
  let site: Server;
  let origin = '';
  test.beforeAll(async () => {
    site = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<input id=note autofocus style="width:100%;height:400px">');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    seat = await openSeat();
    page = seat.kiosk.page;
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

  test('escape 43 locked: real keys of a reader at the PIN pad are a badge and no digit', async () => {
    seat.agent.push({ ...pinView(), wedge: WIDE });
    await until(page, 'pin');
    await tapByWedge(seat.display, NUMBER);
    await expect.poll(() => seat.agent.of('badge')).toEqual([{ number: NUMBER }]);
    expect(await page.locator('.dot[data-filled="yes"]').count()).toBe(0);
    expect(seat.agent.of('pin')).toEqual([]);
    await typeSlowly(seat, '27');
    await expect(page.locator('.dot[data-filled="yes"]')).toHaveCount(2);
  });

  test('the Super key leads from a web application to the session bar, and back', async () => {
    const book = { id: 'book', name: 'Ward handbook', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
    seat.agent.push(openView({ apps: [{ ...book, state: 'running' }] }));
    seat.agent.web({ appId: 'book', action: 'open' });
    await until(page, 'launcher');
    await page.getByRole('navigation').getByRole('button', { name: 'Ward handbook', exact: true }).click();
    await until(page, 'app');
    await expect.poll(() => focusedWindow(seat.display)).toBe('Wardlock web');
    await xdotool(seat, 'key', 'Super_L');
    await expect.poll(() => focusedWindow(seat.display)).toBe('Wardlock');
    await expect(page.locator('.chip-home')).toBeFocused();
    await xdotool(seat, 'key', 'Super_L');
    await expect.poll(() => focusedWindow(seat.display)).toBe('Wardlock web');
    seat.agent.web({ appId: 'book', action: 'closeAll' });
    expect(reports(seat)).toEqual([]);
  });

  test('escape 43 in session: real keys of a reader never reach the field that has the focus, in the launcher and in a web app', async () => {
    const book = { id: 'book', name: 'Ward handbook', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
    seat.agent.on('launch', () => {
      seat.agent.push({ ...openView({ apps: [{ ...book, state: 'running' }] }), wedge: WIDE });
      seat.agent.web({ appId: 'book', action: 'open' });
    });
    seat.agent.push({ ...openView({ apps: [{ ...book, state: 'ready' }] }), wedge: WIDE });
    await until(page, 'launcher');
    const search = page.getByRole('searchbox');
    await search.focus();
    await typeSlowly(seat, 'wa');
    await expect(search).toHaveValue('wa');
    await tapByWedge(seat.display, NUMBER);
    await expect.poll(() => seat.agent.of('badge')).toEqual([{ number: NUMBER }]);
    expect(await search.inputValue()).toBe('wa');

    const opened = seat.kiosk.app.waitForEvent('window');
    await page.getByRole('button', { name: /^Ward handbook/ }).click();
    const web = await opened;
    await until(page, 'app');
    await web.waitForSelector('#note');
    // The window may still be on its way to the screen: a person who sees nothing appear clicks and types again. What they type
    // is held back for a moment, so the field is given time before it is judged.
    const note = web.locator('#note');
    await expect(async () => {
      await note.fill('');
      await xdotool(seat, 'mousemove', '640', '300', 'click', '1');
      await typeSlowly(seat, 'no');
      await expect(note).toHaveValue('no', { timeout: 3_000 });
    }).toPass({ intervals: [500], timeout: 60_000 });
    await tapByWedge(seat.display, NUMBER);
    await expect.poll(() => seat.agent.of('badge')).toHaveLength(2);
    await typeSlowly(seat, 'te');
    await expect(web.locator('#note')).toHaveValue('note');
  });

  test('escape 43 locked: the policy’s terminator ends a number, and one of 4,096 characters is swallowed and named', async () => {
    seat.agent.push({ ...pinView(), wedge: { ...WIDE, terminator: 'none' } });
    await until(page, 'pin');
    await xdotool(seat, 'type', '--delay', '4', NUMBER);
    await expect.poll(() => seat.agent.of('badge')).toEqual([{ number: NUMBER }]);
    await xdotool(seat, 'type', '--delay', '1', '7'.repeat(4096));
    await expect.poll(() => reports(seat)).toContain('badge too long');
    expect(await page.locator('.dot[data-filled="yes"]').count()).toBe(0);
    expect(seat.agent.of('pin')).toEqual([]);
  });
});
