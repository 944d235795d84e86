/**
 * Requests that do not arrive whole, at the two real listeners over TLS: each is answered 408 with a code and hung up on, so that
 * nobody holds connections by dripping.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site } from '../../server/compose.ts';
import { type Listening, listen } from '../../server/listen.ts';

const ARRIVAL = { requestTimeout: 300, connectionsCheckingInterval: 50 };
const own = { host: '127.0.0.1', port: 0 };

let folder: string;
let site: Site;
let listening: Listening;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-slow-'));
  site = await openSite({ stateFolder: folder, database: null, tenant: null });
  listening = await listen(site, { seats: own, console: own, names: [], consoleFiles: null, arrival: ARRIVAL });
});
afterAll(async () => {
  await listening.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

/** All that the listener answers until it hangs up. */
function say(url: string, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let heard = '';
    const ca = site.authority.certificatePem;
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), servername: 'localhost', ca }, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    socket.on('error', fail);
    socket.once('close', () => done(heard));
  });
}

test.each([
  ['seats', 'POST /v1/enrol HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n', 'in the midst of its head'],
  ['seats', 'POST /v1/enrol HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{', 'in its body'],
  ['console', 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n', 'in the midst of its head'],
] as const)(
  'a request to the listener of %s that stops after %j, %s: 408 with a code, counted, and the connection ends',
  async (which, text, _where) => {
    const tooSlow = () => site.refused.totals().get('HTTP_TOO_SLOW') ?? 0;
    const before = tooSlow();
    const [head = '', body = ''] = (await say(which === 'seats' ? listening.seatsUrl : listening.consoleUrl, text)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 408 /);
    expect(head).toContain('connection: close');
    expect(JSON.parse(body)).toEqual({ code: 'SERVER_REQUEST_MALFORMED', message: 'The request did not arrive whole in time.' });
    expect(tooSlow()).toBe(before + 1);
  },
);
