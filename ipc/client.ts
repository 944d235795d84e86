/**
 * The calling side of a boundary: connects, checks whose socket it is, says hello, then asks and listens. It owns one
 * connection and never reconnects by itself: what a lost agent means is for its user to decide.
 */
import { lstat } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Boundary, EventBody, EventName, Params, RequestName, Result } from '../contract/boundary.ts';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { judgeSocket } from '../core/trust/socket-trust.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { CONNECT_TIMEOUT_MS, FRAME_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './limits.ts';
import { ErrorFrame, EventFrame, errorOfBody, eventSchema, fits, parse, ResultFrame } from './messages.ts';

export type EventHandlers<B extends Boundary> = { readonly [N in EventName<B>]: (body: EventBody<B, N>) => void };

export interface ConnectOptions<B extends Boundary> {
  readonly boundary: B;
  readonly path: string;
  /** Name and version of the caller, for the record. */
  readonly build: string;
  readonly events: EventHandlers<B>;
  /** Called once when a connection that `connect` gave is gone; one that fails before is `connect`'s failure alone. The error says why. */
  readonly onClosed?: (why: WardlockError) => void;
  /** Users one of whom must own the socket and its folder: whoever the agent runs as. Default: root or the caller. */
  readonly trustedUids?: readonly number[];
}

export interface BoundaryClient<B extends Boundary> {
  /** The server's answer to hello. */
  readonly welcome: Result<B, RequestName<B> & 'hello'>;
  readonly open: boolean;
  /**
   * @param timeoutMs how long to wait, REQUEST_TIMEOUT_MS by default
   * @throws the server's coded error; IPC_TIMEOUT; IPC_CLOSED when the connection goes first
   */
  request<N extends RequestName<B>>(name: N, params: Params<B, N>, timeoutMs?: number): Promise<Result<B, N>>;
  close(): void;
}

interface Pending {
  readonly method: string;
  readonly settle: (outcome: { readonly value: unknown } | { readonly error: WardlockError }) => void;
}

/**
 * Connects and says hello.
 * @throws IPC_PEER_REFUSED when the socket belongs to a stranger; IPC_CLOSED when nobody listens
 */
export async function connect<B extends Boundary>(options: ConnectOptions<B>): Promise<BoundaryClient<B>> {
  await checkOwner(options.path, options.trustedUids ?? [0, process.getuid?.() ?? 0]);
  const socket = await open(options.path);
  const connection = new ClientConnection(socket, options);
  const welcome = await greet(connection, options);
  // Not before whoever called has the client in hand: an event that came with the answer would meet somebody who is not ready.
  setImmediate(() => connection.handOver());
  return {
    welcome,
    get open() {
      return connection.open;
    },
    request: async (name, params, timeoutMs = REQUEST_TIMEOUT_MS) => {
      const schema = schemaOf(options.boundary, name);
      const answer = await connection.call(name, parse(schema.params, params), timeoutMs);
      return parse<B['requests'][typeof name]['result']>(schema.result, answer);
    },
    close: () => connection.close(),
  };
}

/** Nothing stays open where it fails: a socket that nobody has would hold the caller's only place. */
async function greet<B extends Boundary>(
  connection: ClientConnection<B>,
  { boundary, build }: ConnectOptions<B>,
): Promise<Result<B, RequestName<B> & 'hello'>> {
  try {
    const hello: unknown = await connection.call('hello', { protocol: boundary.protocol, build }, REQUEST_TIMEOUT_MS);
    const welcome = parse<B['requests']['hello' & RequestName<B>]['result']>(schemaOf(boundary, 'hello').result, hello);
    connection.establish();
    return welcome;
  } catch (failure) {
    connection.close();
    throw failure;
  }
}

function schemaOf<B extends Boundary>(boundary: B, name: string): Boundary['requests'][string] {
  const schema = boundary.requests[name];
  if (schema === undefined) throw new WardlockError('IPC_METHOD_UNKNOWN');
  return schema;
}

class ClientConnection<B extends Boundary> {
  readonly #socket: Socket;
  readonly #options: ConnectOptions<B>;
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #why: WardlockError | undefined;
  #partial: NodeJS.Timeout | undefined;
  #isEstablished = false;
  /** Events that came before `connect` was done, in their order; undefined from then on. */
  #early: (() => void)[] | undefined = [];

  constructor(socket: Socket, options: ConnectOptions<B>) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
  }

  get open(): boolean {
    return this.#why === undefined && !this.#socket.destroyed;
  }

  call(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    if (!this.open) return Promise.reject(this.#why ?? new WardlockError('IPC_CLOSED'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, { error: new WardlockError('IPC_TIMEOUT') }), timeoutMs);
      this.#pending.set(id, {
        method,
        settle: (outcome) => {
          clearTimeout(timer);
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.value);
        },
      });
      try {
        this.#socket.write(encodeFrame({ id, method, params }, this.#options.boundary.requestLimit));
      } catch (failure) {
        this.#settle(id, { error: isWardlockError(failure) ? failure : new WardlockError('IPC_CLOSED') });
      }
    });
  }

  /** From now on its end is told to whoever called. @throws what ended it meanwhile */
  establish(): void {
    if (!this.open) throw this.#why ?? new WardlockError('IPC_CLOSED');
    this.#isEstablished = true;
  }

  /** From now on events are delivered as they come. */
  handOver(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const deliver of early) deliver();
  }

  close(): void {
    this.#why ??= new WardlockError('IPC_CLOSED', 'This side closed the connection.');
    this.#socket.destroy();
  }

  #settle(id: number, outcome: Parameters<Pending['settle']>[0]): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.settle(outcome);
  }

  #received(chunk: Buffer): void {
    clearTimeout(this.#partial);
    try {
      for (const value of this.#decoder.push(chunk)) this.#message(value);
    } catch (failure) {
      this.#why ??= isWardlockError(failure) ? failure : new WardlockError('IPC_MESSAGE_MALFORMED', undefined, { cause: failure });
      this.#socket.destroy();
      return;
    }
    if (!this.#decoder.partial) return;
    this.#partial = setTimeout(() => {
      this.#why ??= new WardlockError('IPC_TIMEOUT');
      this.#socket.destroy();
    }, FRAME_TIMEOUT_MS);
  }

  #message(value: unknown): void {
    if (fits(ResultFrame, value)) {
      this.#settle(value.id, { value: value.result });
    } else if (fits(ErrorFrame, value)) {
      const error = errorOfBody(value.error);
      if (value.id === null) this.#refused(error);
      else this.#settle(value.id, { error });
    } else {
      const event = parse(EventFrame, value);
      if (!this.#isEvent(event.event)) throw new WardlockError('IPC_METHOD_UNKNOWN');
      this.#deliver(event.event, event.body);
    }
  }

  /** The server said why it closes: nothing more comes. */
  #refused(error: WardlockError): void {
    this.#why ??= error;
    this.#socket.destroy();
  }

  #isEvent(name: string): name is EventName<B> {
    return Object.hasOwn(this.#options.boundary.events, name);
  }

  #deliver<N extends EventName<B>>(name: N, body: unknown): void {
    const event = parse(eventSchema<B, N>(this.#options.boundary, name), body);
    const deliver = (): void => this.#options.events[name](event);
    if (this.#early === undefined) deliver();
    else this.#early.push(deliver);
  }

  #closed(): void {
    clearTimeout(this.#partial);
    const why = this.#why ?? new WardlockError('IPC_CLOSED');
    this.#why = why;
    for (const id of [...this.#pending.keys()]) this.#settle(id, { error: why });
    if (this.#isEstablished) this.#options.onClosed?.(why);
  }
}

/** The socket and its folder must belong to somebody trusted and be replaceable by nobody else. */
async function checkOwner(path: string, trusted: readonly number[]): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await lstat(dirname(path)).catch(() => undefined);
  const socket = await lstat(path).catch(() => undefined);
  if (folder === undefined || socket === undefined) {
    throw new WardlockError('IPC_CLOSED', `Nobody listens at ${path}. Start the agent first.`);
  }
  if (trusted.some((owner) => judgeSocket({ socket, folder }, owner).trusted)) return;
  throw new WardlockError(
    'IPC_PEER_REFUSED',
    `${path} does not belong to the agent, or others may replace it. It was not used. It is of user ${socket.uid}: where the agent runs as that user, ask as that user.`,
  );
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const timer = setTimeout(() => socket.destroy(new Error('timeout')), CONNECT_TIMEOUT_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (cause) => {
      clearTimeout(timer);
      reject(new WardlockError('IPC_CLOSED', `Nobody answers at ${path}. Start the agent first.`, { cause }));
    });
  });
}
