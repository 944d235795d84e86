/**
 * What a web application saves, at a whole seat with a real web server: it lands in the session's own home, as the user of its applications,
 * whatever page and server call it, and one of those can read it. What the policy, a limit, an address or the lock stands against lands nowhere,
 * and each is told and recorded without a word of the file.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { MAX_AT_ONCE } from '../../../core/downloads/limits.ts';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { endSession, type Screens, screens } from '../../../demo/screens.ts';
import { insideSession, named } from '../../support/sandboxed-seat.ts';
import { openTestClinic, type TestClinic } from '../support/clinic.ts';
import { signIn } from '../support/sign-in.ts';

const NO_WARNING_SECONDS = 600;
const CONTENT = 'Smith^Anna 1961-04-02';
const MEGABYTE = 1024 * 1024;
const EXECUTE_BITS = 0o111;
const isRoot = process.geteuid?.() === 0;

let opened: TestClinic;
let kiosk: Kiosk;
let seen: Screens;
let site: Server;
let foreign: Server;
let origin = '';
let foreignOrigin = '';
/** Answers that never end by themselves. */
const endless = new Set<ServerResponse>();
/** What the foreign server was asked for. */
const strayed: string[] = [];

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  return `http://127.0.0.1:${address.port}`;
}

function attachment(response: ServerResponse, disposition: string, more: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': disposition, ...more });
}

function answer(path: string, named: string, response: ServerResponse): void {
  if (path === '/report') {
    attachment(response, 'attachment; filename="report.txt"');
    response.end(`${CONTENT}\n`);
  } else if (path === '/named') {
    attachment(response, `attachment; filename*=UTF-8''${encodeURIComponent(named)}`);
    response.end(CONTENT);
  } else if (path === '/declared') {
    attachment(response, 'attachment; filename="declared.bin"', { 'content-length': String(65 * MEGABYTE) });
    response.write(CONTENT);
    endless.add(response);
  } else if (path === '/flood') {
    attachment(response, 'attachment; filename="flood.bin"');
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(MEGABYTE)));
    };
    response.on('drain', more);
    more();
  } else if (path === '/slow') {
    attachment(response, 'attachment; filename="slow.txt"');
    response.write(CONTENT);
    endless.add(response);
  } else if (path === '/away') response.writeHead(302, { location: `${foreignOrigin}/report` }).end();
  else if (path === '/passwd') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Records</title><h1>Records</h1>');
}

test.beforeAll(async () => {
  site = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://site');
    answer(pathname, searchParams.get('as') ?? '', response);
  });
  foreign = createServer((request, response) => {
    strayed.push(request.url ?? '');
    answer('/report', '', response);
  });
  [origin, foreignOrigin] = [await listening(site), await listening(foreign)];
  opened = await openTestClinic(NO_WARNING_SECONDS);
  const web = { kind: 'web' as const, icon: 'web', url: `${origin}/`, origins: [origin] };
  const script =
    'read -r line < "$HOME/Downloads/report.txt"; echo "read: $line" > "$HOME/seen"; while :; do read -r line < /dev/zero; done';
  await opened.clinic.publish((policy) => ({
    ...policy,
    apps: [
      ...policy.apps,
      { ...web, id: 'records', name: 'Records', downloads: 'allow' },
      { ...web, id: 'notes', name: 'Notes' },
      { ...named('/bin/dash'), id: 'reader', name: 'Reader', kind: 'native', icon: 'book', args: ['-c', script], env: {}, children: [] },
    ],
    roles: policy.roles.map((role) => ({ ...role, apps: [...role.apps, 'records', 'notes', 'reader'] })),
  }));
  await startScreens();
  await expect.poll(async () => (await opened.status()).truth.policy.version).toBe(2);
  await signIn(kiosk.page, opened.clinic);
  await findHome();
});
test.afterAll(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
  for (const server of [site, foreign]) {
    server?.closeAllConnections();
    server?.close();
  }
});

async function startScreens(): Promise<void> {
  pages.clear();
  kiosk = await openDrivenKiosk(opened.clinic);
  seen = screens(kiosk.page);
}

/** Web applications that are open, by name. */
const pages = new Map<string, Page>();

/** Brings a web application to the front. */
async function opens(name: string): Promise<Page> {
  if ((await kiosk.page.getAttribute('html', 'data-screen')) === 'app') await seen.press('Apps');
  await seen.until('launcher');
  const known = pages.get(name);
  const coming = known === undefined ? kiosk.app.waitForEvent('window') : known;
  await seen.press(new RegExp(`^${name}`));
  const web = await coming;
  pages.set(name, web);
  await seen.until('app');
  await web.waitForSelector('h1');
  return web;
}

/** A page that tried to go where it may not is brought home, or told by the seat's own page, which offers to try again. */
async function comesHome(): Promise<boolean> {
  const { page } = kiosk;
  if ((await page.getAttribute('html', 'data-screen')) === 'trouble')
    await page.evaluate(() => window.wardlock.retry({ appId: 'records' }));
  const heading = await pages
    .get('Records')
    ?.$('h1')
    .catch(() => null);
  return heading !== null && (await page.getAttribute('html', 'data-screen')) === 'app';
}

/** The page follows a link of its own to a file. */
async function saves(web: Page, address: string, as = ''): Promise<void> {
  await web.evaluate(
    ({ to, name }) => {
      const link = document.createElement('a');
      link.href = to;
      if (name !== '') link.download = name;
      document.body.append(link);
      link.click();
      link.remove();
    },
    { to: address, name: as },
  );
}

/** The home of the one session of these tests. The seat is asked once: that takes a program of its own. */
let home = '';

async function findHome(): Promise<void> {
  const { session } = await opened.status();
  const { stateDir } = opened.clinic.seat;
  if (session === null) throw new Error('No session is open.');
  home = isRoot ? await insideSession(stateDir, session.id, '/home/wardlock') : join(stateDir, 'run', 'homes', session.id);
}

/** What the session has, by name. */
function kept(): readonly string[] {
  const folder = join(home, 'Downloads');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** What lies on its way: it must be nothing once a download is over. */
function onTheWay(): readonly string[] {
  return readdirSync(join(opened.clinic.seat.stateDir, 'run', 'incoming'));
}

const recorded = (type: string) =>
  opened
    .events()
    .filter((event) => event.type === type)
    .map(({ body }) => JSON.parse(body));
const refusals = (): readonly string[] => recorded('download.refused').map(({ app, reason }) => `${app} ${reason}`);
/** How many were refused for that reason. */
const refusedFor = (why: string): number =>
  recorded('download.refused').reduce((sum, { reason, count }) => (reason === why ? sum + count : sum), 0);

test('a file is saved for the applications of the session, as their user, without a dialog and without a right to execute', async () => {
  const web = await opens('Records');
  const windows = await kiosk.app.evaluate(({ BaseWindow }) => BaseWindow.getAllWindows().length);
  await saves(web, `${origin}/report`);
  await seen.says('Saved in the folder Downloads until the session ends: file 1, from Records.');
  await expect(kiosk.page.getByRole('status').filter({ hasText: 'Saved in the folder' })).toBeVisible();
  expect(await kiosk.app.evaluate(({ BaseWindow }) => BaseWindow.getAllWindows().length)).toBe(windows);
  expect(kept()).toEqual(['report.txt']);
  const file = join(home, 'Downloads', 'report.txt');
  expect(readFileSync(file, 'utf8')).toBe(`${CONTENT}\n`);
  const { uid, mode } = lstatSync(file);
  expect([uid, mode & EXECUTE_BITS]).toEqual([opened.clinic.users?.app.uid ?? process.geteuid?.(), 0]);
  expect(onTheWay()).toEqual([]);

  await seen.press('Apps');
  await seen.press(/^Reader/);
  // What it does is done before the seat hears that it runs and brings it to the front.
  await seen.until('app');
  await expect.poll(() => existsSync(join(home, 'seen')) && readFileSync(join(home, 'seen'), 'utf8')).toBe(`read: ${CONTENT}\n`);
  await expect.poll(() => recorded('download.saved')).toEqual([expect.objectContaining({ app: 'records', bytes: CONTENT.length + 1 })]);
});

test('a page’s own file is saved as well, and whatever a file is called, it gets one harmless name and takes no other’s place', async () => {
  const web = await opens('Records');
  await web.evaluate((text) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text]));
    link.download = 'table.csv';
    link.click();
  }, CONTENT);
  await seen.says('file 2, from Records');
  const called = ['../../../etc/cron.d/x', '.bashrc', '-rf', 'a/b\\c.txt', 'report.txt', 'report.txt', `${'ü'.repeat(240)}.pdf`];
  for (let first = 0; first < called.length; first += MAX_AT_ONCE) {
    const group = called.slice(first, first + MAX_AT_ONCE);
    for (const name of group) await saves(web, `${origin}/named?as=${encodeURIComponent(name)}`);
    await seen.says(`file ${2 + first + group.length}, from Records`);
  }
  const names = kept();
  expect(names).toEqual(expect.arrayContaining(['report (2).txt', 'report (3).txt', 'report.txt', 'table.csv']));
  expect(names).toHaveLength(9);
  for (const name of names) {
    expect(name).toMatch(/^[^.\-/][^/]*$/u);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
  }
  expect(names.filter((name) => name.endsWith('.pdf'))).toHaveLength(1);
  expect(onTheWay()).toEqual([]);
});

test('what the policy denies, what is too large and what comes from elsewhere is not saved, and each is told and recorded', async () => {
  const before = kept();
  const notes = await opens('Notes');
  await saves(notes, `${origin}/report`);
  await seen.says('Notes may not save files here.');
  await expect.poll(() => recorded('border.refused').map(({ border }) => border)).toContain('download');

  const web = await opens('Records');
  for (const path of ['/declared', '/flood']) {
    const told = refusals().length;
    await saves(web, `${origin}${path}`);
    await expect.poll(() => refusals().slice(told)).toEqual(['records too-large']);
    await seen.says('Not saved: the file is larger than 64 MB.');
  }
  for (const to of [`${origin}/away`, `${origin}/passwd`, `${foreignOrigin}/report`, 'file:///etc/passwd', `data:text/plain,${CONTENT}`]) {
    for (const as of ['', 'x.txt']) {
      await saves(web, to, as).catch(() => undefined);
      await expect.poll(comesHome).toBe(true);
    }
  }
  await expect.poll(() => recorded('web.refused').map((body) => body.origin)).toContain(foreignOrigin);
  // What was tried before this one has been judged by then.
  await saves(web, `${origin}/report`);
  await seen.says('file 10, from Records');
  expect(kept()).toEqual([...before, 'report (4).txt'].sort());
  expect(strayed).toEqual([]);
  await expect.poll(onTheWay).toEqual([]);
});

test('screens that are killed in the middle of a download: locked, nothing of it is there, and the person is told on coming back', async () => {
  const before = kept();
  const web = await opens('Records');
  for (let number = 0; number < 2; number += 1) await saves(web, `${origin}/slow?${number}`);
  await expect.poll(() => onTheWay().length).toBe(2);
  process.kill(kiosk.pid, 'SIGKILL');
  await expect.poll(async () => (await opened.status()).phase).toBe('locked');
  await expect.poll(onTheWay).toEqual([]);
  await expect.poll(() => recorded('download.refused')).toContainEqual(expect.objectContaining({ reason: 'screens-lost', count: 2 }));
  expect(recorded('ui.lost')).toHaveLength(1);

  await startScreens();
  await signIn(kiosk.page, opened.clinic);
  await seen.says('Not saved: the seat locked before the file was there. Save it again.');
  expect(kept()).toEqual(before);
  await saves(await opens('Records'), `${origin}/report`);
  await seen.says('file 11, from Records');
  expect(onTheWay()).toEqual([]);
});

test('a lock in the middle of a download ends it, and the person is told on coming back; the end of the session leaves nothing', async () => {
  const before = kept();
  const web = await opens('Records');
  for (let number = 0; number < 4; number += 1) await saves(web, `${origin}/slow?${number}`);
  await expect.poll(() => refusedFor('at-once')).toBe(1);
  await expect.poll(() => onTheWay().length).toBe(3);
  await seen.press(/^Lock/);
  await seen.until('lock');
  await expect.poll(onTheWay).toEqual([]);
  expect(await kiosk.page.getByText('Not saved').count()).toBe(0);
  // Behind the lock the page works on, and saves nothing.
  await saves(web, `${origin}/report`);
  await expect.poll(() => refusedFor('locked')).toBe(4);
  await signIn(kiosk.page, opened.clinic);
  await seen.says('Not saved: the seat locked before the file was there. Save it again.');
  expect(kept()).toEqual(before);

  const incoming = join(opened.clinic.seat.stateDir, 'run', 'incoming');
  const place = lstatSync(incoming).isSymbolicLink() ? readlinkSync(incoming) : incoming;
  await seen.press('Apps');
  await endSession(seen);
  expect(readdirSync(place)).toEqual([]);
  const words = JSON.stringify(opened.events());
  for (const word of ['Smith', '1961', 'report.txt', 'table.csv', 'bashrc', '/named', '/slow']) expect(words).not.toContain(word);
});
