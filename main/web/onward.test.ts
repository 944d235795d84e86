/** Where the kiosk's own proxy leads on: to what it was told, by the system's proxy, and nowhere else. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeadEnd, openDeadEnd } from './dead-end.ts';
import type { Hop } from './onward.ts';

/** What the system's proxy was asked for, whole. */
let asked: string[];
let headers: string[];
let refused: string[];
let system: Server;
let hop: Hop;
let gate: DeadEnd;
let wantsPassword: boolean;

async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

beforeEach(async () => {
  asked = [];
  headers = [];
  refused = [];
  wantsPassword = false;
  // It is the proxy and the site behind it in one.
  system = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    headers.push(...request.rawHeaders.map((one) => one.toLowerCase()));
    if (wantsPassword) response.writeHead(407, { 'proxy-authenticate': 'Basic realm="x"' }).end();
    else void text(request).then((said) => response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'] }).end(`heard ${said}`));
  });
  system.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    if (wantsPassword) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\n\r\nhello ');
    socket.on('error', () => socket.destroy()).pipe(socket);
  });
  hop = { host: '127.0.0.1', port: await listening(system) };
  gate = await openDeadEnd((one) => refused.push(one));
  gate.lead(new Map([['records.example:80', [hop]]]));
});
afterEach(() => {
  system.closeAllConnections();
  system.close();
});

/** All that the proxy answers to these bytes, where whoever speaks has said all. */
async function answered(said: string): Promise<string> {
  const socket = net.connect(gate.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(said);
  return text(socket).catch((failure: NodeJS.ErrnoException) => failure.code ?? '');
}

const CONNECT = 'CONNECT records.example:80 HTTP/1.1\r\nHost: records.example:80\r\n\r\n';
const POST = 'POST http://records.example/a?b HTTP/1.1\r\nHost: records.example\r\nContent-Length: 3\r\nConnection: close\r\n';

describe('escape 32: the way on to the proxies of the system', () => {
  it('takes a request there as it is, and brings the answer', async () => {
    const answer = await answered(`${POST}X-Own: 1\r\nProxy-Authorization: Basic eDp5\r\n\r\nabc`);
    expect(answer).toMatch(/^HTTP\/1\.1 201 .*set-cookie: a=1\r\nset-cookie: b=2\r\n.*heard abc/isu);
    expect(asked).toEqual(['POST http://records.example/a?b']);
    expect(headers).toContain('x-own');
    expect(headers).not.toContain('proxy-authorization');
  });

  it('opens a tunnel there, and says nothing of its own in it', async () => {
    const socket = net.connect(gate.port, '127.0.0.1');
    socket.write('CONNECT Records.example:80 HTTP/1.1\r\nHost: records.example:80\r\n\r\n');
    const heard: string[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    await expect.poll(() => heard.join('')).toBe('HTTP/1.1 200 Connection established\r\n\r\nhello ');
    socket.write('over');
    await expect.poll(() => heard.join('')).toMatch(/hello over$/u);
    socket.end();
    await once(socket, 'close');
    expect(asked).toEqual(['CONNECT Records.example:80']);
  });

  it.each([
    'GET http://records.example:8080/ HTTP/1.1\r\nHost: records.example:8080\r\n\r\n',
    'GET http://127.0.0.1:80/ HTTP/1.1\r\nHost: records.example\r\n\r\n',
    'GET http://records.example@evil.example/ HTTP/1.1\r\nHost: records.example\r\n\r\n',
    'GET https://records.example:80/ HTTP/1.1\r\nHost: records.example\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: records.example\r\n\r\n',
    'CONNECT records.example:443 HTTP/1.1\r\nHost: records.example:80\r\n\r\n',
    'CONNECT [::1]:80 HTTP/1.1\r\nHost: records.example:80\r\n\r\n',
  ])('goes nowhere for %j', async (said) => {
    expect(await answered(said)).toMatch(/^HTTP\/1\.1 403 /u);
    expect([asked.length, refused.length]).toEqual([0, 1]);
  });

  it('asks nobody for the password that the proxy wants', async () => {
    wantsPassword = true;
    expect(await answered(`${POST}\r\nabc`)).toBe('ECONNRESET');
    expect(await answered(CONNECT)).toMatch(/^HTTP\/1\.1 502 /u);
  });

  it('takes the next way where one is not there, and says so where none is', async () => {
    const closed = net.createServer();
    const gone: Hop = { host: '127.0.0.1', port: await listening(closed) };
    closed.close();
    gate.lead(new Map([['records.example:80', [gone, hop]]]));
    expect(await answered(`${POST}\r\nabc`)).toMatch(/^HTTP\/1\.1 201 /u);
    gate.lead(new Map([['records.example:80', [gone]]]));
    expect(await answered(`${POST}\r\nabc`)).toBe('ECONNRESET');
    expect(await answered(CONNECT)).toMatch(/^HTTP\/1\.1 502 /u);
  });

  it('goes to the site itself where the system says so in the end', async () => {
    const { port } = hop === 'direct' ? { port: 0 } : hop;
    gate.lead(new Map([[`127.0.0.1:${port}`, ['direct']]]));
    const said = `GET http://127.0.0.1:${port}/a?b HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    expect(await answered(said)).toMatch(/^HTTP\/1\.1 201 /u);
    expect(asked).toEqual(['GET /a?b']);
  });

  it('leads nowhere any more once it was told so', async () => {
    gate.lead(new Map());
    expect(await answered(`${POST}\r\nabc`)).toMatch(/^HTTP\/1\.1 403 /u);
  });
});
