/**
 * A proxy on this machine's loopback that leads nowhere: whatever a web application sends to an origin that its policy does not name
 * ends here, refused and told. It goes on only to what it was told to, by the proxies that the system has for it.
 */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Hop, requestOn, tunnelOn } from './onward.ts';
import { originOf } from './origins.ts';

/** A page in a loop: what goes beyond waits in the kernel. Chromium itself has some 30 requests and 255 web sockets at a time at one proxy. */
const MOST_CONNECTIONS = 512;
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
  /** Where it leads on from now on, by `host:port`, and nowhere else. */
  lead(onward: ReadonlyMap<string, readonly Hop[]>): void;
}

/** @param refused hears each origin that was asked for; a host and a port where the scheme is not known */
export async function openDeadEnd(refused: (origin: string) => void): Promise<DeadEnd> {
  let onward: ReadonlyMap<string, readonly Hop[]> = new Map();
  const server = createServer((request, response) => {
    const hops = onward.get(endpointOf(request.url ?? ''));
    if (hops !== undefined) {
      void requestOn(hops, request, response);
      return;
    }
    refused(originOf(request.url ?? ''));
    response.writeHead(403, { connection: 'close' }).end();
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = SAYS_LIMIT_MS;
  // What is sent on takes as long as it takes: that its head came is enough.
  server.requestTimeout = 0;
  server.on('connect', (request, socket: Duplex, head: Buffer) => {
    const hops = onward.get((request.url ?? '').toLowerCase());
    if (hops !== undefined) {
      void tunnelOn(hops, request.url ?? '', socket, head);
      return;
    }
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
  return {
    port: address.port,
    lead: (next) => {
      onward = next;
    },
  };
}

/** `host:port` of a whole address; only plain HTTP is asked for by one. */
function endpointOf(address: string): string {
  const { protocol, hostname, port } = URL.canParse(address) ? new URL(address) : { protocol: '', hostname: '', port: '' };
  return protocol === 'http:' ? `${hostname}:${port === '' ? '80' : port}` : '';
}

/** The target of a tunnel (`host:port`) as an origin, where its port says what it speaks. */
export function targetOf(target: string): string {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/u.exec(target) ?? [];
  const scheme = SCHEMES.get(port);
  return scheme === undefined ? target : `${scheme}://${host}`;
}
