/**
 * Escape 60 in session: a web application that is opened again and again. Electron keeps every partition for as long as it lives, so they are
 * used again, and the next person must find nothing of the one before in any place where a page can leave something. Nobody drives the
 * kiosk: a driver keeps workers alive.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from '@playwright/test';
import { listeningOfProcess } from '../../support/listening.ts';
import { prepareGround } from '../support/seat.ts';
import { start } from '../support/undriven.ts';
import { lockedView, openView } from '../support/views.ts';

const PEOPLE = 12;
/** One for the person who is there, and those that may still be emptied when the next comes, on a busy machine. */
const MOST_PARTITIONS = 4;
const PLACES = ['answered', 'cache', 'cookie', 'database', 'files', 'history', 'local', 'name', 'session', 'shared', 'worker'];
const WORKER = 'oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim()); onfetch = () => {}; ';
const SHARED =
  'let kept = null; onconnect = ({ ports: [port] }) => { port.onmessage = ({ data }) => { port.postMessage(kept); kept = data; }; };';
/** Tells what it finds when it is opened, leaves something in every place, and tells where it is found then. */
const PAGE = `<h1>Home</h1><script>
  const opened = () => new Promise((done, fail) => {
    const request = indexedDB.open('work');
    request.onupgradeneeded = () => request.result.createObjectStore('notes');
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  const noted = async (mode, use) => {
    const database = await opened();
    const request = use(database.transaction('notes', mode).objectStore('notes'));
    await new Promise((done) => { request.transaction.oncomplete = done; });
    database.close();
    return request.result;
  };
  const shared = (word) => new Promise((done) => { const { port } = new SharedWorker('/shared.js'); port.onmessage = ({ data }) => done(data); port.postMessage(word); });
  async function leave(word) {
    document.cookie = 'who=' + word + '; max-age=99999';
    localStorage.setItem('who', word);
    sessionStorage.setItem('who', word);
    await noted('readwrite', (store) => store.put(word, 'who'));
    await (await caches.open('work')).put('/kept', new Response(word));
    const file = await (await navigator.storage.getDirectory()).getFileHandle('who', { create: true });
    const writer = await file.createWritable();
    await writer.write(word);
    await writer.close();
    await navigator.serviceWorker.register('/worker.js');
    await navigator.serviceWorker.ready;
    await shared(word);
    await fetch('/cached');
    history.pushState({ who: word }, '', '/');
    window.name = word;
  }
  async function find() {
    const found = {
      cookie: document.cookie || null,
      local: localStorage.getItem('who'),
      session: sessionStorage.getItem('who'),
      database: (await noted('readonly', (store) => store.get('who'))) ?? null,
      cache: await (await caches.match('/kept'))?.text() ?? null,
      files: (await Array.fromAsync((await navigator.storage.getDirectory()).keys()))[0] ?? null,
      worker: (await navigator.serviceWorker.getRegistrations())[0]?.scope ?? null,
      shared: await shared(null),
      name: window.name || null,
      history: history.length > 2 ? String(history.length) : null,
      answered: await (await fetch('/cached')).text(),
    };
    return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null));
  }
  const tell = async () => {
    const found = await find();
    await leave('somebody');
    const left = Object.keys(await find()).sort();
    await fetch('/told', { method: 'POST', body: JSON.stringify({ found, left }) });
  };
  void tell().catch((error) => fetch('/told', { method: 'POST', body: JSON.stringify(String(error)) }));
</script>`;

test('escape 60 in session: of many people, one after the other, none finds anything of the one before, in partitions that stay as few', async () => {
  let answers = 0;
  const told: unknown[] = [];
  /** What the browser said of whom it knew, in the first request of each person. */
  const known: string[] = [];
  const scripts: Readonly<Record<string, string>> = { '/worker.js': WORKER, '/shared.js': SHARED };
  const site = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const script = scripts[pathname];
    if (pathname === '/told') void text(request).then((body) => told.push(JSON.parse(body)) && response.end());
    else if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else if (pathname === '/cached') {
      answers += 1;
      response.writeHead(200, { 'cache-control': 'max-age=99999', etag: `"${answers}"` }).end(String(answers));
    } else {
      const { cookie = '', authorization = '', 'if-none-match': tag = '' } = request.headers;
      known.push(`${cookie}${authorization}${tag}`);
      response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'served=1; HttpOnly; Max-Age=99999', etag: '"page"' }).end(PAGE);
    }
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  const origin = `http://127.0.0.1:${address.port}`;
  const ground = await prepareGround();
  const kiosk = start(ground);
  // Each partition has its own way out, which listens.
  const partitions = (): number => listeningOfProcess(kiosk.process.pid ?? 0).length;
  try {
    await expect.poll(() => ground.agent.of('surface').length).toBe(1);
    expect(partitions()).toBe(0);
    const book = { id: 'book', name: 'Ward handbook', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
    for (let person = 1; person <= PEOPLE; person += 1) {
      const before = answers;
      ground.agent.push(openView({ apps: [{ ...book, state: 'running' }] }));
      ground.agent.web({ appId: 'book', action: 'open' });
      await expect.poll(() => told.length).toBe(person);
      expect(told.at(-1), `person ${person}`).toEqual({ found: { answered: String(before + 1) }, left: PLACES });
      ground.agent.web({ appId: 'book', action: 'closeAll' });
      ground.agent.push(lockedView());
    }
    expect(known).toEqual(Array.from({ length: PEOPLE }, () => ''));
    expect(partitions()).toBeGreaterThan(0);
    expect(partitions()).toBeLessThanOrEqual(MOST_PARTITIONS);
  } finally {
    kiosk.process.kill('SIGTERM');
    await kiosk.ended;
    await ground.clear();
    site.closeAllConnections();
    site.close();
  }
});
