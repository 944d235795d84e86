/**
 * Printing at a whole seat: real agent, screens and print server. What the policy lets print comes out of the queue and is in the record; what it
 * does not comes nowhere, and is told and recorded; screens that are killed in the middle leave no half page and no doubt in the record.
 */
import { createServer, type Server } from 'node:http';
import { expect, type Page, test } from '@playwright/test';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { type Screens, screens } from '../../../demo/screens.ts';
import { type PrintServer, startPrintServer } from '../../support/print-server.ts';
import { processesOf } from '../../support/processes.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { signIn } from '../support/sign-in.ts';

const NO_WARNING_SECONDS = 600;
/** On the page, and nowhere else. */
const PATIENT = 'Smith Anna 1961-04-02';
const LAST_LINE = 'the last line of the page';

test.describe.configure({ mode: 'serial' });

let opened: TestClinic;
let kiosk: Kiosk;
let seen: Screens;
let printer: PrintServer;
let site: Server;

test.beforeAll(async () => {
  site = createServer((_request, response) => {
    const page = `<title>${PATIENT}</title><h1>potassium 6.1</h1><p>${PATIENT}<p>${LAST_LINE}`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  const origin = `http://127.0.0.1:${address.port}`;
  printer = await startPrintServer();
  await printer.queue('accepting');
  opened = await openTestClinic(NO_WARNING_SECONDS);
  const web = { kind: 'web' as const, icon: 'web', url: `${origin}/`, origins: [origin] };
  await opened.clinic.publish((policy) => ({
    ...policy,
    apps: [...policy.apps, { ...web, id: 'records', name: 'Records', print: true }, { ...web, id: 'notes', name: 'Notes' }],
    roles: policy.roles.map((role) => ({ ...role, apps: [...role.apps, 'records', 'notes'] })),
  }));
  await expect.poll(async () => (await opened.status()).truth.policy.version).toBe(2);
  await startScreens();
});
test.afterAll(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
  await printer?.stop();
  site?.closeAllConnections();
  site?.close();
});

test('what the policy lets print comes out of the printer, recorded before and after, and neither names the page', async () => {
  await signIn(kiosk.page, opened.clinic);
  const web = await opens('Records');
  await web.evaluate('print()');
  await seen.says('Sent to the printer, from Records.');
  await expect.poll(async () => (await printer.printed()).length).toBe(1);
  const [sheet] = await printer.printed();
  expect(sheet?.text).toContain(PATIENT);
  expect(sheet?.text).toContain(LAST_LINE);
  expect(sheet?.job).toMatch(/ Wardlock records$/u);
  await expect.poll(() => recorded('print.ended')).toEqual([expect.objectContaining({ app: 'records', outcome: 'sent' })]);
  expect(recorded('print.started')).toEqual([{ session: await openSession(), app: 'records' }]);
});

test('one that may not prints nothing, and is told and recorded', async () => {
  const web = await opens('Notes');
  await web.evaluate('print()');
  await seen.says('Notes may not print here.');
  await expect.poll(() => recorded('print.refused')).toEqual([{ session: await openSession(), app: 'notes', reason: 'not-allowed' }]);
  expect(await printer.printed()).toHaveLength(1);
  expect(recorded('print.started')).toHaveLength(1);
});

test('screens that are killed in the middle of a print: locked, no half page, and neither the record nor the person is left in doubt', async () => {
  const session = await openSession();
  const web = await opens('Records');
  printer.hold();
  const printing = (): readonly number[] => processesOf(opened.clinic.users?.ui.uid ?? process.geteuid?.() ?? -1, 'lp');
  // After a refusal, the one of the test before, the next one has to wait a moment.
  await expect
    .poll(async () => {
      await web.evaluate('print()');
      return printing();
    })
    .toHaveLength(1);
  process.kill(kiosk.pid, 'SIGKILL');
  await expect.poll(async () => (await opened.status()).phase).toBe('locked');
  printer.release();
  await expect.poll(printing).toEqual([]);
  for (const { text } of await printer.printed()) expect(text).toContain(LAST_LINE);
  await expect.poll(() => recorded('print.ended').at(-1)).toEqual({ session, app: 'records', outcome: 'unknown' });
  expect(recorded('ui.lost')).toHaveLength(1);
  expect(recorded('session.locked')).toHaveLength(1);

  await startScreens();
  await signIn(kiosk.page, opened.clinic);
  await seen.says('Perhaps printed, perhaps not: look at the printer before you print again.');
  const before = (await printer.printed()).length;
  await (await opens('Records')).evaluate('print()');
  await seen.says('Sent to the printer, from Records.');
  await expect.poll(async () => (await printer.printed()).length).toBe(before + 1);
  const words = JSON.stringify(opened.events());
  for (const word of ['Smith', '1961', 'potassium']) expect(words).not.toContain(word);
});

/** Web applications that these screens show, by name. */
const pages = new Map<string, Page>();

async function startScreens(): Promise<void> {
  pages.clear();
  kiosk = await openDrivenKiosk(opened.clinic, { environment: { CUPS_SERVER: printer.socket } });
  seen = screens(kiosk.page);
  await seen.until('lock');
}

async function openSession(): Promise<string> {
  const { session } = await opened.status();
  if (session === null) throw new Error('Nobody is signed in.');
  return session.id;
}

/** Brings a web application to the front, and gives its page. */
async function opens(name: string): Promise<Page> {
  if ((await kiosk.page.getAttribute('html', 'data-screen')) === 'app') await seen.press('Apps');
  await seen.until('launcher');
  const coming = pages.get(name) ?? kiosk.app.waitForEvent('window');
  await seen.press(new RegExp(`^${name}`, 'u'));
  const web = await coming;
  pages.set(name, web);
  await seen.until('app');
  await web.waitForSelector('h1');
  return web;
}

const recorded = (type: string): readonly { readonly outcome?: string }[] =>
  opened
    .events()
    .filter((event) => event.type === type)
    .map(({ body }) => JSON.parse(body));
