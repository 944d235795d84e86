/**
 * The network between a seat and its server, as networks fail: a relay of TCP bytes on loopback that cuts, truncates and delays
 * what it carries. It has no key and reads nothing; who answers in the server's place is fault-terminator.ts. Owns its sockets.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `cut` resets a connection in the midst of a request, `truncate` ends it in the midst of the answer, in good order. Both strike
 * requests of more than `over` bytes only: so a test means the upload and not the small calls beside it.
 */
export type NetworkFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut'; readonly over: number }
  | { readonly kind: 'truncate'; readonly over: number; readonly answer: number }
  | { readonly kind: 'delay'; readonly ms: number };

interface Line {
  readonly seat: Socket;
  readonly server: Socket;
  /** Bytes from the seat, in all. */
  up: number;
  /** Bytes from the seat since the server last said something: those of the request in hand. */
  asked: number;
  /** Bytes of the answer to a request that the fault means; null while there is none. */
  answered: number | null;
  /** What is on its way, in its order. */
  toServer: Promise<void>;
  toSeat: Promise<void>;
}

export class FaultProxy {
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  #target: number;
  #fault: NetworkFault = { kind: 'none' };
  #struck = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((seat) => this.#open(seat));
  }

  /** @param target the port on loopback that everything goes to */
  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** How often the fault that is set has struck. */
  get struck(): number {
    return this.#struck;
  }

  /** Holds for what is carried from now on, on lines that are open too. */
  set fault(fault: NetworkFault) {
    this.#fault = fault;
    this.#struck = 0;
    for (const line of this.#lines) line.answered = null;
  }

  /** Leads to another port from now on; what is open ends. */
  set target(port: number) {
    this.#target = port;
    this.#endLines();
  }

  /** Bytes that came from the seat, by the port from which this relay reaches its target. */
  bytesFrom(port: number): number {
    return [...this.#lines].find(({ server }) => server.localPort === port)?.up ?? 0;
  }

  async end(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#endLines();
    await closed;
  }

  #endLines(): void {
    for (const { seat, server } of this.#lines) {
      seat.destroy();
      server.destroy();
    }
    this.#lines.clear();
  }

  #open(seat: Socket): void {
    const ways = { toServer: Promise.resolve(), toSeat: Promise.resolve() };
    const line: Line = { seat, server: connect(this.#target, '127.0.0.1'), up: 0, asked: 0, answered: null, ...ways };
    const { server } = line;
    this.#lines.add(line);
    const gone = (): void => {
      seat.destroy();
      server.destroy();
      this.#lines.delete(line);
    };
    for (const socket of [seat, server]) socket.on('error', gone).on('close', gone);
    seat.on('data', (bytes: Buffer) => this.#up(line, bytes));
    server.on('data', (bytes: Buffer) => this.#down(line, bytes));
    seat.on('end', () => this.#carry(line, 'toServer', () => server.end()));
    server.on('end', () => this.#carry(line, 'toSeat', () => seat.end()));
  }

  #up(line: Line, bytes: Buffer): void {
    const fault = this.#fault;
    line.up += bytes.length;
    line.asked += bytes.length;
    if (fault.kind === 'cut' && line.asked > fault.over) {
      this.#struck += 1;
      // The server gets the request as far as it may, and then nothing.
      line.server.write(bytes.subarray(0, bytes.length - (line.asked - fault.over)), () => line.server.resetAndDestroy());
      line.seat.resetAndDestroy();
      return;
    }
    if (fault.kind === 'truncate' && line.asked > fault.over) line.answered ??= 0;
    this.#carry(line, 'toServer', () => line.server.write(bytes));
  }

  #down(line: Line, bytes: Buffer): void {
    const fault = this.#fault;
    line.asked = 0;
    if (fault.kind === 'truncate' && line.answered !== null) {
      const left = fault.answer - line.answered;
      line.answered += bytes.length;
      if (bytes.length >= left) {
        if (left > 0) this.#struck += 1;
        line.seat.end(bytes.subarray(0, Math.max(0, left)));
        return;
      }
    }
    this.#carry(line, 'toSeat', () => line.seat.write(bytes));
  }

  #carry(line: Line, way: 'toServer' | 'toSeat', work: () => void): void {
    const wait = this.#fault.kind === 'delay' ? this.#fault.ms : 0;
    if (wait > 0) this.#struck += 1;
    line[way] = line[way].then(() => (wait > 0 ? sleep(wait) : undefined)).then(work);
  }
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return address.port;
}
