/**
 * The way between a server and PostgreSQL, cut exactly at a commit: a relay that knows where the messages of the protocol begin
 * (PostgreSQL: Frontend/Backend Protocol, 55.7) and which transaction carries a marker. Before the commit: PostgreSQL never hears of
 * it. After it: PostgreSQL has said that it is done, and nobody hears of that. Owns its sockets.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { portOf } from './fault-proxy.ts';

export type Side = 'before' | 'after';

const QUERY = 'Q'.charCodeAt(0);
const READY = 'Z'.charCodeAt(0);
const LENGTH_BYTES = 4;
/** Simple queries, as the server's driver sends them. */
const ENDS = /^(?:commit|rollback)$/i;
const COMMIT = /^commit$/i;

interface Strike {
  readonly side: Side;
  readonly marker: Buffer;
  /** At that very moment, before the line is cut. */
  readonly onStrike: () => void;
  readonly done: () => void;
}

interface Line {
  readonly server: Socket;
  readonly database: Socket;
  readonly sent: Messages;
  /** The transaction that is under way has the marker in it. */
  marked: boolean;
  /** Set once a marked commit went through: what answers it is kept back, and told to nobody. */
  answers: { readonly messages: Messages; readonly whole: () => void } | null;
}

export class CommitProxy {
  readonly #listener: Server;
  readonly #target: string;
  readonly #address: string;
  readonly #lines = new Set<Line>();
  #strike: Strike | null = null;

  private constructor(address: string) {
    const { port, searchParams } = new URL(address);
    this.#address = address;
    this.#target = `${searchParams.get('host')}/.s.PGSQL.${port}`;
    this.#listener = createServer((server) => this.#open(server));
  }

  /** @param address of a database that is reached by a socket in a folder */
  static async start(address: string): Promise<CommitProxy> {
    const proxy = new CommitProxy(address);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  /** Of the same database, through this relay. */
  get address(): string {
    const url = new URL(this.#address);
    url.search = '';
    url.host = `127.0.0.1:${portOf(this.#listener)}`;
    return url.href;
  }

  /** The next transaction that carries the marker is cut at its commit, once; resolves when it was. */
  strike(side: Side, marker: string, onStrike: () => void = () => undefined): Promise<void> {
    return new Promise((done) => {
      this.#strike = { side, marker: Buffer.from(marker), onStrike, done };
    });
  }

  async end(): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    for (const line of this.#lines) this.#cut(line);
    await closed;
  }

  #open(server: Socket): void {
    const line: Line = { server, database: connect(this.#target), sent: new Messages('untyped'), marked: false, answers: null };
    this.#lines.add(line);
    for (const socket of [server, line.database]) socket.on('error', () => this.#cut(line)).on('close', () => this.#cut(line));
    server.on('data', (bytes: Buffer) => {
      for (const message of line.sent.push(bytes)) this.#up(line, message);
    });
    line.database.on('data', (bytes: Buffer) => this.#down(line, bytes));
  }

  #up(line: Line, message: Buffer): void {
    const strike = this.#strike;
    if (!this.#lines.has(line)) return;
    if (strike !== null && message.includes(strike.marker)) line.marked = true;
    const text = queryOf(message);
    if (strike !== null && line.marked && COMMIT.test(text)) {
      this.#strike = null;
      if (strike.side === 'before') {
        this.#finish(line, strike);
        return;
      }
      line.answers = { messages: new Messages('typed'), whole: () => this.#finish(line, strike) };
    }
    if (ENDS.test(text)) line.marked = false;
    line.database.write(message);
  }

  #down(line: Line, bytes: Buffer): void {
    if (line.answers === null) line.server.write(bytes);
    else if (line.answers.messages.push(bytes).some(([type]) => type === READY)) line.answers.whole();
  }

  #finish(line: Line, { onStrike, done }: Strike): void {
    onStrike();
    this.#cut(line);
    done();
  }

  #cut(line: Line): void {
    this.#lines.delete(line);
    line.server.destroy();
    line.database.destroy();
  }
}

/** The words of a simple query; empty for every other message. */
function queryOf(message: Buffer): string {
  return message[0] === QUERY ? message.toString('utf8', 1 + LENGTH_BYTES, message.length - 1).trim() : '';
}

/** Cuts a stream into its messages, which are told whole. The very first one of a client has no type. */
class Messages {
  #rest = Buffer.alloc(0);
  #typeBytes: number;

  constructor(first: 'typed' | 'untyped') {
    this.#typeBytes = first === 'typed' ? 1 : 0;
  }

  push(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const whole: Buffer[] = [];
    while (this.#rest.length >= this.#typeBytes + LENGTH_BYTES) {
      const length = this.#typeBytes + this.#rest.readUInt32BE(this.#typeBytes);
      if (this.#rest.length < length) break;
      whole.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
      this.#typeBytes = 1;
    }
    return whole;
  }
}
