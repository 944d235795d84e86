/**
 * The way on for what a web application may reach by a proxy of the system only: Chromium asks the kiosk's own proxy, and this asks the
 * system's. It reads neither what goes through a tunnel nor what a request holds, and goes nowhere but where it was told for the target.
 */
import { type ClientRequest, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import net, { type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The next proxy on the way, or none: the target itself. */
export type Hop = { readonly host: string; readonly port: number } | 'direct';

interface Line {
  readonly socket: Socket;
  readonly isByProxy: boolean;
}

const CONNECT_LIMIT_MS = 20_000;
const OPEN = 'HTTP/1.1 200 Connection established\r\n\r\n';
const FAILED = 'HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** What concerns one line only (RFC 9110, 7.6.1). A password for the proxy is asked of nobody and told to nobody. */
const OF_ONE_LINE: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'upgrade'],
]);
const PASSWORD_WANTED = 407;
const OK = 200;

/** Opens a tunnel to `host:port` by the first hop that answers. */
export async function tunnelOn(hops: readonly Hop[], target: string, near: Duplex, head: Buffer): Promise<void> {
  near.on('error', () => near.destroy());
  const line = await firstLine(hops, target);
  const far = line === undefined ? undefined : line.isByProxy ? await tunnelBy(line.socket, target) : line.socket;
  if (far === undefined) {
    near.end(FAILED);
    return;
  }
  far.on('error', () => near.destroy()).on('close', () => near.destroy());
  near.on('close', () => far.destroy());
  near.write(OPEN);
  far.write(head);
  near.pipe(far).pipe(near);
}

/** Sends a request, whose target is a whole address, on by the first hop that answers. */
export async function requestOn(hops: readonly Hop[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host, port, pathname, search } = new URL(request.url ?? '');
  const line = await firstLine(hops, port === '' ? `${host}:80` : host);
  // A broken line and no answer of our own, which the page would be shown as if the site had said it.
  const fail = (): void => void request.socket.resetAndDestroy();
  if (line === undefined) return fail();
  const outgoing = send({
    createConnection: () => line.socket,
    method: request.method,
    path: line.isByProxy ? request.url : `${pathname}${search}`,
    headers: [...ofWholeWay(request.rawHeaders), 'Connection', 'close'],
  });
  outgoing.on('error', fail).on('response', (incoming) => {
    if (incoming.statusCode === PASSWORD_WANTED) {
      incoming.destroy();
      return fail();
    }
    response.writeHead(incoming.statusCode ?? OK, incoming.statusMessage, ofWholeWay(incoming.rawHeaders));
    incoming.on('error', () => response.destroy()).pipe(response);
  });
  response.on('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

/** Names and values in turn, as Node tells them. */
function ofWholeWay(headers: readonly string[]): string[] {
  return headers.filter((_, at) => !OF_ONE_LINE.has((headers[at - (at % 2)] ?? '').toLowerCase()));
}

async function firstLine(hops: readonly Hop[], target: string): Promise<Line | undefined> {
  for (const hop of hops) {
    const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d{1,5})$/u.exec(target) ?? [];
    const socket = await connected(hop === 'direct' ? { host, port: Number(port) } : hop);
    if (socket !== undefined) return { socket, isByProxy: hop !== 'direct' };
  }
  return undefined;
}

function connected({ host, port }: { readonly host: string; readonly port: number }): Promise<Socket | undefined> {
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  const socket = net.connect({ host, port, timeout: CONNECT_LIMIT_MS });
  const fail = (): void => {
    socket.destroy();
    resolve(undefined);
  };
  socket.once('timeout', fail).once('error', fail);
  socket.once('connect', () => {
    socket.setTimeout(0);
    resolve(socket);
  });
  return promise;
}

/** The tunnel that the proxy at the end of this line opened; undefined where it did not. */
function tunnelBy(line: Socket, target: string): Promise<Duplex | undefined> {
  const { promise, resolve } = Promise.withResolvers<Duplex | undefined>();
  const asking: ClientRequest = send({ createConnection: () => line, method: 'CONNECT', path: target, headers: { host: target } });
  const fail = (): void => {
    asking.destroy();
    resolve(undefined);
  };
  asking.setTimeout(CONNECT_LIMIT_MS, fail);
  asking.once('error', fail).once('response', fail);
  asking.once('connect', (answer, far, first) => {
    if (answer.statusCode !== OK) return fail();
    far.setTimeout(0);
    if (first.length > 0) far.unshift(first);
    resolve(far);
  });
  asking.end();
  return promise;
}
