/**
 * The frame codec of the local sockets: a 4-byte big-endian length, then that many bytes of UTF-8 JSON. It owns the
 * bytes only; it must never buffer more than one frame limit for a peer.
 */
import { WardlockError } from '../core/errors/index.ts';
import { FRAME_HEADER, FRAME_LIMIT } from './limits.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * One frame around a JSON value.
 * @throws IPC_FRAME_TOO_LARGE when the body would pass the limit
 */
export function encodeFrame(value: unknown, limit: number = FRAME_LIMIT): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(value));
  if (body.byteLength > limit) throw new WardlockError('IPC_FRAME_TOO_LARGE');
  const frame = new Uint8Array(FRAME_HEADER + body.byteLength);
  new DataView(frame.buffer).setUint32(0, body.byteLength);
  frame.set(body, FRAME_HEADER);
  return frame;
}

/** Cuts a stream of chunks into JSON values. One decoder per connection; useless after it has thrown. */
export class FrameDecoder {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #broken = false;

  /** @param limit largest body in bytes */
  constructor(limit: number = FRAME_LIMIT) {
    this.#limit = limit;
  }

  /** Whether a frame has begun and is not complete. */
  get partial(): boolean {
    return this.#held > 0;
  }

  /**
   * Takes what arrived and gives every complete value in it, in order.
   * @throws IPC_FRAME_TOO_LARGE from the length alone; IPC_MESSAGE_MALFORMED when a body is not UTF-8 JSON
   */
  *push(chunk: Uint8Array): Generator<unknown, void, undefined> {
    if (this.#broken) throw new WardlockError('IPC_MESSAGE_MALFORMED');
    if (chunk.byteLength > 0) {
      this.#chunks.push(chunk);
      this.#held += chunk.byteLength;
    }
    for (;;) {
      const length = this.#bodyLength();
      if (length === undefined || this.#held < FRAME_HEADER + length) return;
      const frame = this.#take(FRAME_HEADER + length);
      yield this.#parse(frame.subarray(FRAME_HEADER));
    }
  }

  #bodyLength(): number | undefined {
    if (this.#held < FRAME_HEADER) return undefined;
    let length = 0;
    let seen = 0;
    for (const chunk of this.#chunks) {
      for (const byte of chunk) {
        length = length * 256 + byte;
        seen += 1;
        if (seen === FRAME_HEADER) {
          if (length > this.#limit) this.#fail(new WardlockError('IPC_FRAME_TOO_LARGE'));
          return length;
        }
      }
    }
    return undefined;
  }

  /** Removes exactly `count` bytes, which are known to be there. */
  #take(count: number): Uint8Array {
    const taken = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) throw new WardlockError('IPC_MESSAGE_MALFORMED');
      const part = chunk.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength < chunk.byteLength) this.#chunks.unshift(chunk.subarray(part.byteLength));
    }
    this.#held -= count;
    return taken;
  }

  #parse(body: Uint8Array): unknown {
    try {
      const value: unknown = JSON.parse(utf8.decode(body));
      return value;
    } catch (cause) {
      return this.#fail(new WardlockError('IPC_MESSAGE_MALFORMED', 'A message was not UTF-8 JSON and was refused.', { cause }));
    }
  }

  #fail(error: WardlockError): never {
    this.#broken = true;
    this.#chunks = [];
    this.#held = 0;
    throw error;
  }
}
