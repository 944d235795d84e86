/**
 * Somebody in the middle who holds what only the site has: a certificate of its CA for the seats' address, and the seat's own
 * certificate towards the server. It can read, repeat, swallow, cut and invent. The worst that a network can be, and what a
 * dishonest server can do to a seat; nothing that it does may count as an acknowledgement. Owns its listener.
 */
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { ClientIdentity } from '../../agent/syncer/seat-client.ts';
import type { Authority } from '../../server/site/authority.ts';
import { portOf } from './fault-proxy.ts';

/** Longer than any test: what is idle stays open, so that a request is not counted with a handshake. */
const KEEP_ALIVE_MS = 600_000;

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** The port from which it came here. */
  readonly port: number;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** What becomes of one request. */
export type Deed =
  | 'pass'
  /** The server gets it twice and answers twice; the seat gets the second answer. */
  | 'replay'
  /** The server takes it and answers; the seat hears nothing. */
  | 'lose'
  /** The seat gets the headers of the whole answer and half of it. */
  | 'halve'
  /** The server never sees it. */
  | Answer;

export class FaultTerminator {
  readonly #server: Server;
  readonly #upstream: Agent;
  readonly #port: number;
  /** Decides for each request once it is here whole. */
  decide: (seen: SeenRequest) => Deed = () => 'pass';

  private constructor(server: Server, upstream: Agent, port: number) {
    this.#server = server;
    this.#upstream = upstream;
    this.#port = port;
    server.on('request', (asked, reply) => {
      this.#serve(asked, reply).catch(() => reply.destroy());
    });
  }

  /** @param port the server's own, on loopback */
  static async start(authority: Authority, seat: ClientIdentity, port: number): Promise<FaultTerminator> {
    const { key, certificate } = await authority.serverIdentity('middle', ['127.0.0.1', 'localhost'], Date.now());
    const server = createServer({ key, cert: certificate, keepAliveTimeout: KEEP_ALIVE_MS });
    const upstream = new Agent({ keepAlive: true, ca: authority.certificatePem, key: seat.key, cert: seat.certificate });
    const terminator = new FaultTerminator(server, upstream, port);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return terminator;
  }

  get port(): number {
    return portOf(this.#server);
  }

  async end(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    this.#upstream.destroy();
    await closed;
  }

  async #serve(asked: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = await wholeOf(asked);
    const seen = { method: asked.method ?? '', path: asked.url ?? '', port: asked.socket.remotePort ?? 0, body };
    const deed = this.decide(seen);
    if (typeof deed === 'object') return send(reply, deed);
    const gone = new AbortController();
    reply.once('close', () => gone.abort());
    const forward = (): Promise<Answer> => this.#forward(asked, body, gone.signal);
    const first = await forward();
    switch (deed) {
      case 'pass':
        return send(reply, first);
      case 'replay':
        return send(reply, await forward());
      case 'lose':
        reply.destroy();
        return;
      case 'halve':
        reply.writeHead(first.status, { ...first.headers, 'content-length': first.body.length });
        reply.write(first.body.subarray(0, first.body.length / 2), () => reply.socket?.destroySoon());
    }
  }

  async #forward(asked: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<Answer> {
    const { method, url, headers } = asked;
    const { host: _host, connection: _connection, ...rest } = headers;
    const outgoing = request({ host: '127.0.0.1', port: this.#port, method, path: url, headers: rest, agent: this.#upstream, signal });
    outgoing.end(body);
    const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
    if (incoming === undefined) throw new Error('no answer');
    const { connection: _kept, 'transfer-encoding': _chunked, ...answered } = incoming.headers;
    return { status: incoming.statusCode ?? 0, headers: answered, body: await wholeOf(incoming) };
  }
}

function send(reply: ServerResponse, { status, headers, body }: Answer): void {
  reply.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
}

async function wholeOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}
