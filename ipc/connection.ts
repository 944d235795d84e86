/**
 * One admitted connection on the server's side: hello first, then requests in and events out. It owns the socket and
 * its limits; whatever breaks a rule is answered with a coded error, reported, and where it can't be trusted any more, cut.
 */
import type { Socket } from 'node:net';
import type { Boundary, EventBody, EventName, Params, RequestName, Result } from '../contract/boundary.ts';
import { type ErrorCode, WardlockError } from '../core/errors/index.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { FRAME_TIMEOUT_MS, HELLO_TIMEOUT_MS, IN_FLIGHT_LIMIT, LINGER_MS, OUTBOUND_LIMIT } from './limits.ts';
import { errorBodyOf, eventSchema, fits, Hello, parse, RequestFrame, requestSchema } from './messages.ts';
import type { Peer, Refusal } from './peer.ts';

/** What a handler may know of its caller, and how the server's side speaks first. */
export interface Connection<B extends Boundary> {
  readonly peer: Peer;
  /** Build string of the peer's hello; empty before it. */
  readonly build: string;
  readonly open: boolean;
  /** Sends an event; a no-op when the peer is gone or has not said hello. */
  send<N extends EventName<B>>(name: N, body: EventBody<B, N>): void;
  close(): void;
}

export type Handlers<B extends Boundary> = {
  readonly [N in RequestName<B>]: (params: Params<B, N>, connection: Connection<B>) => Result<B, N> | Promise<Result<B, N>>;
};

export interface ConnectionOptions<B extends Boundary> {
  readonly boundary: B;
  readonly handlers: Handlers<B>;
  /** Something was refused: bad frames, unknown methods, wrong versions. The agent writes `border.refused`. */
  readonly onRefused: (refusal: Refusal) => void;
  /** A handler threw something that is not a coded error: a defect, for the operational log. */
  readonly onFault: (method: string, fault: unknown) => void;
  readonly onGreeted?: (connection: Connection<B>) => void;
  readonly onClosed?: (connection: Connection<B>) => void;
}

export class ServerConnection<B extends Boundary> implements Connection<B> {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions<B>;
  readonly #decoder: FrameDecoder;
  #build = '';
  #greeted = false;
  #inFlight = 0;
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: Socket, peer: Peer, options: ConnectionOptions<B>) {
    this.#socket = socket;
    this.peer = peer;
    this.#options = options;
    this.#decoder = new FrameDecoder(options.boundary.requestLimit);
    this.#deadline = setTimeout(() => this.#refuse('IPC_TIMEOUT', 'hello'), HELLO_TIMEOUT_MS);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#deadline);
      options.onClosed?.(this);
    });
  }

  get build(): string {
    return this.#build;
  }

  get open(): boolean {
    return this.#greeted && !this.#socket.destroyed && this.#socket.writable;
  }

  send<N extends EventName<B>>(name: N, body: EventBody<B, N>): void {
    if (!this.open) return;
    this.#write({ event: name, body: parse(eventSchema<B, N>(this.#options.boundary, name), body) });
  }

  close(): void {
    this.#socket.destroySoon();
  }

  #received(chunk: Buffer): void {
    try {
      for (const value of this.#decoder.push(chunk)) {
        if (this.#socket.destroyed || this.#socket.writableEnded) return;
        this.#message(value);
      }
    } catch (failure) {
      this.#refuse(failure instanceof WardlockError ? failure.code : 'IPC_MESSAGE_MALFORMED', 'frame');
      return;
    }
    if (!this.#greeted) return;
    clearTimeout(this.#deadline);
    if (this.#decoder.partial) this.#deadline = setTimeout(() => this.#refuse('IPC_TIMEOUT', 'frame'), FRAME_TIMEOUT_MS);
  }

  #message(value: unknown): void {
    const request = parse(RequestFrame, value);
    const method = request.method;
    if (!this.#isMethod(method)) {
      this.#refuse('IPC_METHOD_UNKNOWN', 'method', request.id);
      return;
    }
    if (!this.#greeted && !this.#greet(method, request.id, request.params)) return;
    if (this.#inFlight >= IN_FLIGHT_LIMIT) {
      this.#refuse('IPC_TOO_MANY', method, request.id);
      return;
    }
    this.#inFlight += 1;
    void this.#answer(request.id, method, request.params).finally(() => {
      this.#inFlight -= 1;
    });
  }

  #isMethod(method: string): method is RequestName<B> {
    return Object.hasOwn(this.#options.boundary.requests, method);
  }

  #greet(method: string, id: number, params: unknown): boolean {
    if (method !== 'hello' || !fits(Hello, params)) {
      this.#refuse('IPC_MESSAGE_MALFORMED', 'hello', id);
      return false;
    }
    if (params.protocol !== this.#options.boundary.protocol) {
      this.#refuse('IPC_PROTOCOL_MISMATCH', 'hello', id);
      return false;
    }
    clearTimeout(this.#deadline);
    this.#greeted = true;
    this.#build = params.build;
    this.#options.onGreeted?.(this);
    return true;
  }

  async #answer<N extends RequestName<B>>(id: number, method: N, params: unknown): Promise<void> {
    const { boundary, handlers, onFault, onRefused } = this.#options;
    const schema = requestSchema<B, N>(boundary, method);
    if (!fits(schema.params, params)) {
      onRefused({ border: boundary.name, code: 'IPC_MESSAGE_MALFORMED', peer: this.peer, what: method });
    }
    try {
      const result = await handlers[method](parse<B['requests'][N]['params']>(schema.params, params), this);
      this.#write({ id, result: parse(schema.result, result) });
    } catch (failure) {
      if (!(failure instanceof WardlockError)) onFault(method, failure);
      this.#write({ id, error: errorBodyOf(failure) });
    }
  }

  #write(message: unknown): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    let frame: Uint8Array;
    try {
      frame = encodeFrame(message);
    } catch (failure) {
      this.#options.onFault('encode', failure);
      this.#socket.destroy();
      return;
    }
    if (this.#socket.writableLength + frame.byteLength > OUTBOUND_LIMIT) {
      this.#options.onRefused({ border: this.#options.boundary.name, code: 'IPC_TIMEOUT', peer: this.peer, what: 'slow' });
      this.#socket.destroy();
      return;
    }
    this.#socket.write(frame);
  }

  /** Says why, reports it, and closes: after this nothing of the peer is read any more. */
  #refuse(code: ErrorCode, what: string, id: number | null = null): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#write({ id, error: new WardlockError(code).toBody() });
    turnAway(this.#socket);
    this.#options.onRefused({ border: this.#options.boundary.name, code, peer: this.peer, what });
  }
}

/**
 * Closes so that what was said last arrives: closing a socket with unread bytes in it would reset the connection and lose
 * the reason (unix(7)). What the peer still sends is dropped, for a moment only.
 */
export function turnAway(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.resume();
  socket.end();
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
}
