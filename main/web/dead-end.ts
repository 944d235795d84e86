/**
 * A proxy on this machine's loopback that leads nowhere: whatever a web application sends to an origin that its policy does not name
 * ends here, refused and told. It never opens a connection of its own.
 */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { originOf } from './origins.ts';

/** A page in a loop: what goes beyond waits in the kernel. */
const MOST_CONNECTIONS = 32;
/** Whoever connects and says nothing is let go, in milliseconds. */
const SAYS_LIMIT_MS = 5_000;
const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** Of a tunnel only host and port are known, never what goes through it. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['443', 'https'],
  ['80', 'http'],
]);

export interface DeadEnd {
  readonly port: number;
}

/** @param refused hears each origin that was asked for; a host and a port where the scheme is not known */
export async function openDeadEnd(refused: (origin: string) => void): Promise<DeadEnd> {
  const server = createServer((request, response) => {
    refused(originOf(request.url ?? ''));
    response.writeHead(403, { connection: 'close' }).end();
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = SAYS_LIMIT_MS;
  server.requestTimeout = SAYS_LIMIT_MS;
  server.on('connect', (request, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    refused(targetOf(request.url ?? ''));
    socket.end(REFUSAL);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // The windows keep the kiosk alive, not this.
  server.unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The dead end has no port.');
  return { port: address.port };
}

/** The target of a tunnel (`host:port`) as an origin, where its port says what it speaks. */
export function targetOf(target: string): string {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/u.exec(target) ?? [];
  const scheme = SCHEMES.get(port);
  return scheme === undefined ? target : `${scheme}://${host}`;
}
