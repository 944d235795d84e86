/**
 * The console in a real browser against a real server: signing in, finding a session, reading its story by mouse and by
 * keyboard, light and dark, at twice the text size; without a finding of axe and without a script that the server did not send.
 */

import { chmod, chown, copyFile, cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type ElectronApplication, _electron as electron, expect, type Page, test } from '@playwright/test';
import { type Display, startDisplay } from '../../demo/display.ts';
import { electronWrapper } from '../../demo/kiosk.ts';
import { readRuntime } from '../../demo/runtime.ts';
import { type ReadSite, startReadSite } from '../support/read-site.ts';
import { cli, rows, until } from '../support/server-process.ts';
import { dropTo } from './support/seat.ts';

const UNPRIVILEGED = 61_235;
const session = 'a'.repeat(32);

// One visit of one auditor, step by step.
test.describe.configure({ mode: 'serial' });

let site: ReadSite;
let display: Display;
let browser: ElectronApplication;
let page: Page;
let removeWrapper: () => Promise<void>;

async function record(): Promise<void> {
  site = await startReadSite(async ({ server }) => {
    await cli(['staff', 'add', 'n.ada', '--state', server.state, '--name', 'Ada Reyes', '--role', 'nurse']);
  });
  const { server, seat } = site;
  seat.append([
    {
      type: 'session.started',
      body: { session, person: 'n.ada', role: 'nurse', factors: ['badge', 'pin'], policyVersion: 1, replaces: null },
    },
    { type: 'app.launched', body: { session, app: 'records', sha256: null, rule: 'role/nurse', policyVersion: 1, mode: 'enforced' } },
    { type: 'session.locked', body: { session, reason: 'idle' } },
    { type: 'session.unlocked', body: { session, person: 'n.ada', factors: ['badge'] } },
    { type: 'app.refused', body: { session, app: 'solitaire', reason: 'not-in-policy', code: 'LAUNCH_APP_UNKNOWN' } },
    { type: 'session.ended', body: { session, person: 'n.ada', reason: 'logout' } },
  ]);
  await until(() => rows(server.state, 'select * from index_cursors where next_seq = ?', seat.size).length > 0);
}

async function openBrowser({ folder, server }: ReadSite): Promise<void> {
  // The browser runs as somebody else.
  await chmod(folder, 0o755);
  const asRoot = process.getuid?.() === 0;
  const owner = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const home = join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  await cp(resolve(import.meta.dirname, '../../demo/console-window'), join(home, 'window'), { recursive: true });
  await copyFile(server.ready.ca, join(home, 'ca.pem'));
  for (const path of [home, join(home, 'window'), join(home, 'ca.pem')]) await chown(path, owner.uid, owner.gid);
  display = await startDisplay({ dir: join(folder, 'display'), width: 1280, height: 1000, owner });
  const wrapper = await electronWrapper(readRuntime().electron.path, asRoot ? dropTo(owner) : undefined);
  removeWrapper = wrapper.remove;
  browser = await electron.launch({
    executablePath: wrapper.path,
    chromiumSandbox: true,
    cwd: '/',
    args: [
      join(home, 'window'),
      `--user-data-dir=${join(home, 'data')}`,
      `--site-ca=${join(home, 'ca.pem')}`,
      `--address=${server.ready.console}`,
    ],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: home,
      LANG: 'C.UTF-8',
      DISPLAY: display.name,
      ...(display.authority === undefined ? {} : { XAUTHORITY: display.authority }),
    },
  });
  page = await browser.firstWindow();
}

test.beforeAll(async () => {
  await record();
  await openBrowser(site);
});
test.afterAll(async () => {
  await browser?.close();
  await removeWrapper?.();
  await display?.stop();
  await site?.remove();
});

async function expectNoFinding(): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
}

test('a wrong password is told in words, the right one opens the record, and axe finds nothing on the way', async () => {
  await page.getByLabel('Name').fill(site.auditor.name);
  await page.getByLabel('Password').fill('not the password');
  await expectNoFinding();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('Name or password is wrong.');
  await page.getByLabel('Password').fill(site.auditor.password);
  await page.keyboard.press('Enter');
  await page.getByRole('cell', { name: 'Ada Reyes, nurse' }).waitFor();
  await expectNoFinding();
});

test('the story is read by mouse and by arrow keys, and says the same in lanes and table', async () => {
  await page
    .getByRole('row', { name: /Ada Reyes/ })
    .getByRole('button')
    .click();
  await page.getByRole('heading', { name: 'Ada Reyes at Bay 4' }).waitFor();
  await expect(page.getByText('Policy version 1 ruled this session from its start.')).toBeVisible();
  const apps = page.getByRole('toolbar', { name: /^Apps/ });
  await apps.getByRole('button').first().click();
  await expect(page.locator('figcaption')).toContainText('records was opened');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('figcaption')).toContainText('solitaire was refused (not-in-policy).');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('figcaption')).toContainText('solitaire was refused');
  await expect(page.locator('tr.chosen')).toContainText('solitaire was refused');
  await expect(page.locator('tbody tr')).toHaveCount(6);
  expect(await page.getByText('verified', { exact: true }).count()).toBeGreaterThanOrEqual(6);
  await expectNoFinding();
});

test('in the dark and at twice the text size it stays readable and nothing runs off the page', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expectNoFinding();
  await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
  });
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});

test('the address keeps the open story, and the browser’s back leads out of it', async () => {
  const address = page.url();
  expect(address).toContain(`story=${site.seat.workstationId}`);
  await page.goto(address);
  await page.getByRole('heading', { name: 'Ada Reyes at Bay 4' }).waitFor();
  await page.getByRole('button', { name: 'Back to the sessions' }).click();
  await page.goBack();
  await page.getByRole('heading', { name: 'Ada Reyes at Bay 4' }).waitFor();
});

test('a script that the server did not send does not run', async () => {
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = "document.documentElement.dataset.planted = 'yes'";
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="document.documentElement.dataset.planted = \'yes\'" alt="">');
  });
  await page.waitForTimeout(300);
  expect(await page.locator('html').getAttribute('data-planted')).toBeNull();
});

test('what was read here is in the server’s own log', () => {
  const reads = rows<{ body: string }>(site.server.state, "select body from server_events where type = 'audit.read' and actor = 'iris'");
  expect(reads.some(({ body }) => body.includes(session))).toBe(true);
});
