/**
 * Escape 32 in session, below what a page shows: every channel by which a web application can talk to somebody, from its page, a frame and
 * each kind of worker. A stranger stands on another port of this machine and hears nothing; each channel that can reach the application's own
 * origin is first shown to reach it.
 */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createSite, type Server as Site } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { type NameServer, startNameServer } from '../support/name-server.ts';
import { type Ground, openSeat, type Seat } from '../support/seat.ts';
import { launches } from '../support/web-app.ts';

/** How something is sent to `to` (`http:`), as a function of a script; all of them by pages, the first four by workers, too. */
const SENDS = {
  fetch: "fetch(to, { mode: 'no-cors' }).catch(() => {})",
  'a web socket': "new WebSocket(to.replace('http', 'ws'))",
  'an event source': 'new EventSource(to)',
  'an imported script': 'import(to).catch(() => {})',
  'a beacon': "navigator.sendBeacon(to, 'x')",
  'a picture': 'new Image().src = to',
  'a style sheet': "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = to; document.head.append(l)",
  prefetch: "const l = document.createElement('link'); l.rel = 'prefetch'; l.href = to; document.head.append(l)",
  'a ping of a link': "const a = document.createElement('a'); a.href = '#'; a.ping = to; document.body.append(a); a.click(); a.remove()",
} as const;
const PLACES = ['page', 'frame', 'dedicated', 'shared', 'service'] as const;
type Place = (typeof PLACES)[number];
const BY_WORKERS: readonly string[] = ['fetch', 'a web socket', 'an event source'];
/** Each place, with what a script there can send by; service workers have no event source in this Chromium. */
const sendsOf = (place: Place) =>
  Object.entries(SENDS)
    .filter(([name]) => ['page', 'frame'].includes(place) || BY_WORKERS.includes(name))
    .filter(([name]) => !(place === 'service' && name === 'an event source'));
const KNOWN = 'records.wardlock.test';
const NAME_SERVER = '127.0.0.53';

/** Runs what it is given as text. */
const WORKERS: Readonly<Record<string, string>> = {
  '/dedicated.js': 'onmessage = ({ data }) => { (0, eval)(data); postMessage(1); };',
  '/shared.js': 'onconnect = ({ ports: [port] }) => { port.onmessage = ({ data }) => { (0, eval)(data); port.postMessage(1); }; };',
  '/service.js':
    'oninstall = () => skipWaiting(); onactivate = (event) => event.waitUntil(clients.claim()); onmessage = ({ data, source }) => { (0, eval)(data); source.postMessage(1); };',
};
/** The page's own function for each place. */
const PAGE = `<h1>Home</h1><iframe id=inner src=/inner></iframe><script>
  const places = {
    page: (code) => (0, eval)(code),
    frame: (code) => document.querySelector('#inner').contentWindow.eval(code),
    dedicated: (code) => new Promise((done) => { const w = new Worker('/dedicated.js'); (window.kept ??= []).push(w); w.onmessage = done; w.postMessage(code); }),
    shared: (code) => new Promise((done) => { const { port } = new SharedWorker('/shared.js'); port.onmessage = done; port.postMessage(code); }),
    service: async (code) => {
      await navigator.serviceWorker.register('/service.js');
      const { active } = await navigator.serviceWorker.ready;
      await new Promise((done) => { navigator.serviceWorker.onmessage = done; active.postMessage(code); });
    },
  };
</script>`;

let seat: Seat;
let site: Site;
let stranger: net.Server;
let datagrams: Datagrams;
let origin = '';
let foreign = '';
let foreignDatagrams = 0;
const heard: string[] = [];
let strangers = 0;
let received = 0;

async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

function createOwnSite(): Site {
  const made = createSite((request, response) => {
    const path = request.url ?? '/';
    heard.push(path);
    if (path === '/' || path === '/inner') response.writeHead(200, { 'content-type': 'text/html' }).end(path === '/' ? PAGE : 'inner');
    else response.writeHead(200, { 'content-type': 'text/javascript' }).end(WORKERS[path] ?? '');
  });
  made.on('upgrade', (request, socket) => {
    heard.push(request.url ?? '');
    socket.destroy();
  });
  return made;
}

test.beforeAll(async () => {
  site = createOwnSite();
  origin = `http://127.0.0.1:${await listening(site)}`;
  stranger = net.createServer((socket) => {
    strangers += 1;
    socket.destroy();
  });
  foreign = `127.0.0.1:${await listening(stranger)}`;
  datagrams = createSocket('udp4');
  datagrams.on('message', () => {
    received += 1;
  });
  datagrams.bind(0, '127.0.0.1');
  await once(datagrams, 'listening');
  foreignDatagrams = datagrams.address().port;
  seat = await openSeat();
});
test.afterAll(async () => {
  await seat?.clear();
  site?.closeAllConnections();
  site?.close();
  stranger?.close();
  datagrams?.close();
});
test.beforeEach(() => {
  strangers = 0;
  received = 0;
});

const nameOf = (place: Place): string => (place === 'page' || place === 'frame' ? place : `${place} worker`);
const named = (): readonly string[] => seat.agent.of('webRefused').map((each) => each.origin);

async function opened(): Promise<Page> {
  const web = await launches(seat, { id: 'book', name: 'Ward handbook', kind: 'web', icon: 'book', url: `${origin}/`, origins: [origin] });
  await web.waitForSelector('h1');
  await expect.poll(() => web.evaluate(() => document.querySelector('iframe')?.contentDocument?.body?.textContent)).toBe('inner');
  return web;
}

/** Sends from a place of the page; resolves once the script there has run. */
function sends(web: Page, place: Place, script: string, to: string): Promise<unknown> {
  const code = `((to) => { ${script} })(${JSON.stringify(to)})`;
  return web.evaluate(`Promise.resolve(places[${JSON.stringify(place)}](${JSON.stringify(code)})).then(() => 1)`);
}

for (const place of PLACES) {
  test(`escape 32 in session: by whatever its ${nameOf(place)} sends a web application reaches its own origin and no other, and the other is named`, async () => {
    const web = await opened();
    for (const [name, script] of sendsOf(place)) {
      await test.step(name, async () => {
        seat.agent.asked.length = 0;
        heard.length = 0;
        await sends(web, place, script, `${origin}/own`);
        await expect.poll(() => heard, name).toContain('/own');
        await sends(web, place, script, `http://${foreign}/away`);
        await expect.poll(named, name).toContainEqual(expect.stringContaining(foreign));
        expect(strangers, name).toBe(0);
      });
    }
  });
}

for (const place of PLACES) {
  test(`escape 32 in session: web transport of its ${nameOf(place)} sends nothing`, async () => {
    const web = await opened();
    heard.length = 0;
    const script = "const t = new WebTransport(to); t.closed.catch(() => {}); t.ready.then(() => fetch('/ready'), () => fetch('/failed'))";
    await sends(web, place, script, `https://127.0.0.1:${foreignDatagrams}/x`);
    await expect.poll(() => heard).toContain('/failed');
    expect(received).toBe(0);
  });
}

test.describe('with a name server of its own', () => {
  let names: NameServer;
  let other: Seat;
  test.beforeAll(async () => {
    test.skip(process.getuid?.() !== 0, 'needs root: it serves names on their own port, in a mount namespace of the kiosk’s');
    names = await startNameServer(NAME_SERVER, KNOWN);
    other = await openSeat({}, asksOwnNameServer);
  });
  test.afterAll(async () => {
    await other?.clear();
    await names?.close();
  });

  /** Starts the kiosk where names are looked up at the test's own server. */
  async function asksOwnNameServer({ folder, launch }: Ground): Promise<Ground['launch']> {
    const file = join(folder, 'resolv.conf');
    await writeFile(file, `nameserver ${NAME_SERVER}\n`, { mode: 0o644 });
    return {
      ...launch,
      as(command) {
        const inner = launch.as?.(command) ?? command;
        const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
        return { command: 'unshare', args: ['--mount', 'sh', '-c', script, 'sh', file, inner.command, ...inner.args] };
      },
    };
  }

  test('escape 32 in session: a web application looks up no name but those of its origins: a name can carry words out', async () => {
    const url = origin.replace('127.0.0.1', KNOWN);
    const web = await launches(other, { id: 'book', name: 'Ward handbook', kind: 'web', icon: 'book', url: `${url}/`, origins: [url] });
    await web.waitForSelector('h1');
    expect(names.asked).toContain(KNOWN);
    const tries = [...Object.values(SENDS), PRECONNECT, DNS_PREFETCH, PEER, "location.href = to.replace('http', 'https')", 'open(to)'];
    for (const [index, script] of tries.entries()) await sends(web, 'page', script, `http://word${index}.leak.test/`);
    // Whatever was tried before this one has been looked up by then: the last word is asked for by a page that may.
    heard.length = 0;
    await sends(web, 'page', SENDS['a web socket'], `${url}/last`);
    await expect.poll(() => heard).toContain('/last');
    await expect.poll(() => other.agent.of('webRefused').map((each) => each.origin)).toContain('http://word0.leak.test');
    expect(names.asked.filter((name) => !name.endsWith(KNOWN))).toEqual([]);
  });
});

/** Electron leads it nowhere by itself. */
const PRECONNECT = "const l = document.createElement('link'); l.rel = 'preconnect'; l.href = to; document.head.append(l)";
const DNS_PREFETCH =
  "const l = document.createElement('link'); l.rel = 'dns-prefetch'; l.href = to; document.head.append(l); const a = document.createElement('a'); a.href = to.replace('word', 'mentioned'); a.textContent = 'x'; document.body.append(a)";
const PEER =
  "try { const p = new RTCPeerConnection({ iceServers: [{ urls: to.replace('http://', 'stun:').replace('/', '') }] }); p.createDataChannel('x'); void p.setLocalDescription(); } catch {}";
