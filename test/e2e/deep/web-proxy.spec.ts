/**
 * Escape 32 in session, at a seat whose system names a proxy, as hospitals have them: a web application reaches its own origin by that proxy,
 * and the proxy hears of no other. Chromium would send loopback and link-local addresses past a proxy by itself.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from '@playwright/test';
import { openSeat, type Seat } from '../support/seat.ts';
import { launches } from '../support/web-app.ts';

const OWN = 'records.example';
const SHARED = 'onconnect = ({ ports: [port] }) => { port.onmessage = ({ data }) => { new WebSocket(data); }; };';

let proxy: Server;
let seat: Seat;
/** Listens on the seat itself, as programs of the machine do. */
let stranger: net.Server;
let strangers = 0;
let strangerAt = '';
/** What the proxy was asked for. */
const asked: string[] = [];

async function listening(server: net.Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `127.0.0.1:${address.port}`;
}

test.beforeAll(async () => {
  // It is the proxy and the site behind it in one: whatever it is asked for it answers itself.
  proxy = createServer((request, response) => {
    const { host, pathname } = new URL(request.url ?? '', 'http://not-absolute');
    asked.push(host);
    if (pathname === '/echo') void text(request).then((said) => response.writeHead(200).end(`heard ${said.length}`));
    else if (pathname === '/shared.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(SHARED);
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Home</h1>');
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`tunnel ${request.url}`);
    socket.destroy();
  });
  stranger = net.createServer((socket) => {
    strangers += 1;
    socket.destroy();
  });
  strangerAt = await listening(stranger);
  const at = `http://${await listening(proxy)}`;
  seat = await openSeat({}, async ({ launch }) => ({ ...launch, environment: { http_proxy: at, https_proxy: at } }));
});
test.afterAll(async () => {
  await seat?.clear();
  proxy?.closeAllConnections();
  proxy?.close();
  stranger?.close();
});

test('escape 32 in session: with a proxy of the system a web application reaches its origin by it, and nobody else, also from a shared worker', async () => {
  const url = `http://${OWN}`;
  const web = await launches(seat, { id: 'book', name: 'Ward handbook', kind: 'web', icon: 'book', url: `${url}/`, origins: [url] });
  await web.waitForSelector('h1');
  expect(new Set(asked)).toEqual(new Set([OWN]));
  const megabyte = "fetch('/echo', { method: 'POST', body: 'x'.repeat(1048576) }).then((answer) => answer.text())";
  expect(await web.evaluate(megabyte)).toBe('heard 1048576');
  const loopback = [`ws://${strangerAt}/here`, `ws://localhost:${strangerAt.split(':')[1]}/here`];
  for (const to of [...loopback, `ws://${OWN}/own`, 'ws://evil.example/away', 'wss://evil.example/away']) {
    await web.evaluate(`new SharedWorker('/shared.js').port.postMessage(${JSON.stringify(to)})`);
  }
  await expect.poll(() => asked).toContain(`tunnel ${OWN}:80`);
  await expect
    .poll(() => seat.agent.of('webRefused').map((each) => each.origin))
    .toEqual(
      expect.arrayContaining(['http://evil.example', 'https://evil.example', strangerAt, strangerAt.replace('127.0.0.1', 'localhost')]),
    );
  expect(strangers).toBe(0);
  expect(asked.filter((target) => target.includes('evil'))).toEqual([]);
});
