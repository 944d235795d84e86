/** What is no whole request, over real sockets: too slow is answered and counted, a peer that hangs up is neither. */
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRefusedPeers, type RefusedPeers } from '../services/refused-peers.ts';
import type { ServerEvent } from '../services/server-log.ts';
import { answerBroken } from './broken-requests.ts';

let server: Server;
let peers: RefusedPeers;
let rows: ServerEvent[];
let port: number;
beforeEach(async () => {
  rows = [];
  const log = {
    append: async (event: ServerEvent) => {
      rows.push(event);
    },
    firstFault: () => Promise.resolve(null),
    read: () => Promise.reject(new Error('not read here')),
  };
  peers = openRefusedPeers(log, () => {});
  server = createServer({ requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 20 }, (_request, response) =>
    response.end(),
  );
  server.on('clientError', answerBroken(peers));
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(
  () =>
    new Promise<void>((done) => {
      server.close(() => done());
    }),
);

function say(text: string, hangUp = false): Promise<string> {
  return new Promise((done) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      if (hangUp) socket.resetAndDestroy();
    });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => done(heard));
  });
}

test('a request that does not end is answered 408 with a code; counted, and no row of the log', async () => {
  const [head = '', body = ''] = (await say('POST /v1/enrol HTTP/1.1\r\nhost: x\r\n')).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 408 /);
  expect(head).toContain('connection: close');
  expect(JSON.parse(body)).toEqual({ code: 'SERVER_REQUEST_MALFORMED', message: 'The request did not arrive whole in time.' });
  await peers.settled();
  expect([...peers.totals()]).toEqual([['HTTP_TOO_SLOW', 1]]);
  expect(rows).toEqual([]);
});

test('nonsense is recorded too; a peer that hangs up is nothing', async () => {
  expect(await say('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  await say('GET / HTTP/1.1\r\n', true);
  await peers.settled();
  expect([...peers.totals()]).toEqual([['HTTP_MALFORMED', 1]]);
  expect(rows.map(({ body }) => body['reason'])).toEqual(['HTTP_MALFORMED']);
});
