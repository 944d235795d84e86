/**
 * Printing from a web application in the real kiosk, through a real print server: recorded first, without any dialog, and never while the
 * seat is locked or the policy does not allow it.
 */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import type { AppView } from '../../../contract/seat-view.ts';
import { type PrintServer, startPrintServer } from '../../support/print-server.ts';
import { openSeat, type Seat } from '../support/seat.ts';
import { lockedView, openView } from '../support/views.ts';

const run = promisify(execFile);
const SECRET = 'Smith Anna 1961-04-02';
const until = (page: Page, screen: string) => page.waitForSelector(`html[data-screen="${screen}"]`);
const prints = (seat: Seat): readonly string[] => seat.agent.of('print').map(({ appId, part }) => `${appId} ${part}`);
const outcomes = (seat: Seat): readonly string[] => seat.agent.of('printed').map(({ outcome }) => outcome);
const refused = (seat: Seat): readonly string[] => seat.agent.of('refused').map(({ border, what }) => `${border}: ${what}`);

let printer: PrintServer;
let seat: Seat;
let site: Server;
let origin = '';

test.beforeAll(async () => {
  site = createServer((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(
        `<title>${SECRET}</title><h1>potassium 6.1</h1><script>heard = []; onbeforeprint = onafterprint = ({ type }) => heard.push(type)</script>`,
      );
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  origin = `http://127.0.0.1:${address.port}`;
  printer = await startPrintServer();
  seat = await openSeat({}, async ({ launch }) => ({
    ...launch,
    as: ({ command, args }) => {
      const inside = { command: '/usr/bin/env', args: [`CUPS_SERVER=${printer.socket}`, command, ...args] };
      return launch.as?.(inside) ?? inside;
    },
  }));
});
test.afterAll(async () => {
  await seat?.clear();
  await printer?.stop();
  site?.closeAllConnections();
  site?.close();
});

test('escape 23 in session: what the policy lets print goes to the printer without a dialog, recorded first and without a title', async () => {
  await printer.queue('accepting');
  const web = await opens(true);
  const windows = await shownWindows();
  let printedBefore = -1;
  seat.agent.on('print', () => {
    // The agent answers only after this: nothing may have been sent by then.
    void printer.printed().then((all) => {
      printedBefore = all.length;
    });
  });
  await web.evaluate('print()');
  await expect.poll(() => outcomes(seat)).toEqual(['sent']);
  expect(prints(seat)).toEqual(['chart page']);
  expect(printedBefore).toBe(0);
  await expect.poll(async () => (await printer.printed()).length).toBe(1);
  const [sheet] = await printer.printed();
  expect(sheet?.text).toContain('potassium 6.1');
  expect(sheet?.job).toMatch(/ Wardlock chart$/);
  await expect.poll(() => web.evaluate('heard')).toEqual(['beforeprint', 'afterprint']);
  expect(await shownWindows()).toBe(windows);

  // An editing command prints as well. Of many at once one is printed, the others are refused.
  await web.evaluate("document.execCommand('print')");
  await expect.poll(() => outcomes(seat)).toEqual(['sent', 'sent']);
  await web.evaluate('for (let i = 0; i < 50; i += 1) print()');
  await expect.poll(() => outcomes(seat)).toEqual(['sent', 'sent', 'sent']);
  await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining('input: print'));
  expect(prints(seat)).toHaveLength(3);
  expect(await shownWindows()).toBe(windows);
});

test('escape 23 in session: without a printer, with one that takes nothing, and with too much paper the agent is told which', async () => {
  await printer.queue('accepting');
  const web = await opens(true);
  await printer.queue('rejecting');
  await web.evaluate('print()');
  await expect.poll(() => outcomes(seat)).toEqual(['refused']);
  await printer.queue('none');
  await web.evaluate('print()');
  await expect.poll(() => outcomes(seat)).toEqual(['refused', 'no-printer']);
  await web.evaluate('document.body.innerHTML = \'<div style="break-after: page">sheet</div>\'.repeat(60); print()');
  await expect.poll(() => outcomes(seat)).toEqual(['refused', 'no-printer', 'too-long']);
});

test('escape 23 in session: a frame is named as one, and what the agent does not record is not printed', async () => {
  await printer.queue('accepting');
  const before = (await printer.printed()).length;
  await opens(true);
  seat.agent.answer('print', { taken: false });
  await inPage("heard.push('still here'); 1");
  await inPage("{ const inner = document.createElement('iframe'); document.body.append(inner); inner.contentWindow.print(); } 1");
  await expect.poll(() => prints(seat)).toEqual(['chart frame']);
  // After a refusal the next one has to wait a moment.
  await expect
    .poll(async () => {
      await inPage('print(); 1');
      return prints(seat);
    })
    .toContain('chart page');
  expect(outcomes(seat)).toEqual([]);
  expect((await printer.printed()).length).toBe(before);
  expect(await inPage('heard')).toEqual(['still here']);
});

test('escape 23 in session: of a page that may not print at all the agent hears, and nothing is printed whatever it answers', async () => {
  await printer.queue('accepting');
  const before = (await printer.printed()).length;
  const web = await opens(false);
  // After a refusal, the one of the test before, the next one has to wait a moment.
  await expect
    .poll(async () => {
      await web.evaluate("print(); document.execCommand('print')");
      return outcomes(seat);
    })
    .toContain('failed');
  expect(outcomes(seat)).not.toContain('sent');
  expect(prints(seat)).toContain('chart page');
  await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining('input: print'));
  expect((await printer.printed()).length).toBe(before);
});

test('escape 23 locked: a page that may print is refused and reported, and the agent is not asked', async () => {
  await printer.queue('accepting');
  const before = (await printer.printed()).length;
  const web = await opens(true);
  seat.agent.push({ ...lockedView(), kept: { initials: 'AR', until: '2026-11-23T14:32:00Z' } });
  await until(seat.kiosk.page, 'lock');
  await web.evaluate("print(); document.execCommand('print')");
  await expect.poll(() => refused(seat)).toContainEqual(expect.stringContaining('input: print'));
  expect(prints(seat)).toEqual([]);
  expect((await printer.printed()).length).toBe(before);
});

/** A new session opens the chart. */
async function opens(print: boolean): Promise<Page> {
  const { app, page } = seat.kiosk;
  const chart: Omit<AppView, 'state'> = {
    id: 'chart',
    name: 'Chart',
    kind: 'web',
    icon: 'chart',
    url: `${origin}/`,
    origins: [origin],
    print,
  };
  seat.agent.on('print', () => {});
  seat.agent.answer('print', { taken: true });
  seat.agent.on('launch', () => {
    seat.agent.push(openView({ apps: [{ ...chart, state: 'running' }] }));
    seat.agent.web({ appId: 'chart', action: 'open' });
  });
  seat.agent.web({ appId: 'chart', action: 'closeAll' });
  seat.agent.push(lockedView());
  await until(page, 'lock');
  await expect.poll(() => app.windows().length).toBe(1);
  seat.agent.push(openView({ apps: [{ ...chart, state: 'ready' }] }));
  await until(page, 'launcher');
  const opened = app.waitForEvent('window');
  await page.getByRole('button', { name: /^Chart/ }).click();
  const web = await opened;
  await until(page, 'app');
  await web.waitForSelector('h1');
  seat.agent.asked.length = 0;
  return web;
}

/** Runs it in the chart: Playwright itself takes a new frame for a navigation of the page. */
async function inPage(script: string): Promise<unknown> {
  return seat.kiosk.app.evaluate(
    ({ webContents }, [start = '', code = '']) =>
      webContents
        .getAllWebContents()
        .find((each) => each.getURL().startsWith(start))
        ?.executeJavaScript(code),
    [origin, script],
  );
}

/** Windows on the display, dialogs of the toolkit included. */
async function shownWindows(): Promise<number> {
  const { stdout } = await run('xwininfo', ['-root', '-tree'], {
    env: { PATH: '/usr/bin:/bin', DISPLAY: seat.display.name, XAUTHORITY: seat.display.authority },
  });
  return stdout.split('\n').filter((line) => /\("wardlock" "wardlock"\)/i.test(line)).length;
}
