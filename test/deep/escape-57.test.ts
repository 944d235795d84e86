/**
 * Somebody else answers in the server's place: a captive portal that speaks plain HTTP, and one with a certificate of its own.
 * A real agent, syncer and server; the impostor sits on the server's own port. Nothing is said to it, nothing is believed.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createPlain, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cliBoundary } from '../../contract/cli.ts';
import { connect } from '../../ipc/client.ts';
import { openAuthority } from '../../server/site/authority.ts';
import { SeatAndServer } from '../support/seat-and-server.ts';
import { rows, type ServerProcess, startServer, until } from '../support/server-process.ts';

const PORTAL = 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 27\r\n\r\n<html>Accept terms</html>\r\n';
const TEST_MS = 180_000;

let site: SeatAndServer;
let again: ServerProcess | null;
beforeEach(async () => {
  again = null;
  site = await SeatAndServer.create();
});
afterEach(async () => {
  await again?.stop();
  await site.remove();
});

interface Impostor {
  readonly server: Server;
  /** How often somebody came, and what they said to it inside of TLS. */
  readonly met: { visits: number; said: string };
}

async function impostor(kind: 'portal' | 'rogue', port: number): Promise<Impostor> {
  const met = { visits: 0, said: '' };
  const answer = (socket: NodeJS.ReadWriteStream & { end(text: string): unknown }, heard: (text: string) => void): void => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      heard(bytes.toString('latin1'));
      socket.end(PORTAL);
    });
  };
  let server: Server;
  if (kind === 'portal') server = createPlain((socket) => answer(socket, () => undefined));
  else {
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-rogue-'));
    const { authority } = await openAuthority(folder, 'site', Date.now());
    const { key, certificate } = await authority.serverIdentity('seats', ['127.0.0.1', 'localhost'], Date.now());
    await rm(folder, { recursive: true });
    server = createTls({ key, cert: certificate }, (socket) =>
      answer(socket, (text) => {
        met.said += text;
      }),
    );
  }
  server.on('connection', () => {
    met.visits += 1;
  });
  server.on('tlsClientError', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, met };
}

async function waiting(): Promise<string> {
  const client = await connect({ boundary: cliBoundary, path: site.seat.socket('cli'), build: 'test', events: {} });
  try {
    const { checks } = await client.request('doctor', {});
    return checks.find(({ id }) => id === 'record')?.says ?? '';
  } finally {
    client.close();
  }
}

test.each(['locked', 'in session'])(
  'escape 57 %s: a captive portal and a rogue certificate answer for the server: the seat goes on, says offline, and loses nothing',
  { timeout: TEST_MS },
  async (where) => {
    const { seat, server } = site;
    await seat.start();
    site.startSyncer();
    const screens = await site.enrol();
    const takeOver = async (note: string): Promise<void> => {
      expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note })).toEqual({ taken: true });
      await screens.sees((view) => view.phase === 'open');
    };
    const leave = async (): Promise<void> => {
      await screens.client.request('logout', {});
      await screens.sees((view) => view.phase === 'locked');
    };
    if (where === 'in session') await takeOver('before the impostor');
    const port = Number(new URL(server.ready.seats).port);
    await server.stop();
    for (const kind of ['portal', 'rogue'] as const) {
      const other = await impostor(kind, port);
      await screens.sees((view) => view.truth.connection.state === 'offline');
      await until(() => other.met.visits >= 2);
      if (kind === 'rogue') {
        if (where === 'in session') {
          expect(screens.view().phase).toBe('open');
          await leave();
        }
        await takeOver('meanwhile');
        await leave();
      }
      expect(other.met.said).toBe('');
      other.server.close();
      await once(other.server, 'close');
    }
    expect(await waiting()).toMatch(/[1-9][0-9]* entries wait for the server/);
    expect(rows(server.state, "select * from indexed_events where body like '%meanwhile%'")).toEqual([]);
    again = await startServer(site.folder, { seatsPort: port, more: ['--reader-key', join(site.folder, 'reader.key')] });
    await screens.sees((view) => view.truth.connection.state === 'online');
    await until(
      () => rows(server.state, "select * from indexed_events where type = 'breakglass.started' and body like '%meanwhile%'").length === 1,
    );
    await until(async () => (await waiting()).includes(' 0 entries wait'));
  },
);
