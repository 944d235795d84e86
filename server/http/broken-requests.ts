/**
 * Answers what is no HTTP request: it reaches no route and no error handler. Each gets a coded refusal like every other, is
 * counted, and its connection ends. It must never answer with Node's or the parser's own words.
 */
import type { Socket } from 'node:net';
import { type ErrorCode, WardlockError } from '../../core/errors/index.ts';
import type { RefusedPeers } from '../services/refused-peers.ts';

interface Refusal {
  /** For the record and the metrics. */
  readonly reason: string;
  readonly status: string;
  readonly code: ErrorCode;
  readonly message?: string;
}

const malformed: Refusal = {
  reason: 'HTTP_MALFORMED',
  status: '400 Bad Request',
  code: 'SERVER_REQUEST_MALFORMED',
  message: 'This is no valid HTTP request.',
};
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    reason: 'HTTP_HEADERS_TOO_LARGE',
    status: '431 Request Header Fields Too Large',
    code: 'SERVER_REQUEST_MALFORMED',
    message: 'The headers of the request are larger than allowed.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { reason: 'HTTP_BODY_TOO_LARGE', status: '413 Payload Too Large', code: 'SERVER_BODY_TOO_LARGE' },
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: 'HTTP_TOO_SLOW',
    status: '408 Request Timeout',
    code: 'SERVER_REQUEST_MALFORMED',
    message: 'The request did not arrive whole in time.',
  },
};
/** What the parser finds wrong is named so. */
const OF_PARSER = 'HPE_';

/** For Node's `clientError`, which also tells of failed handshakes and of peers that hang up: those have no request to answer. */
export function answerBroken(refused: RefusedPeers): (error: NodeJS.ErrnoException, socket: Socket) => void {
  // What the parser makes of the rest of the same bytes is no further refusal.
  const answered = new WeakSet<Socket>();
  return (error, socket) => {
    if (answered.has(socket)) return;
    const code = error.code ?? '';
    const refusal = refusals[code] ?? (code.startsWith(OF_PARSER) ? malformed : null);
    if (refusal === null || socket.destroyed) {
      socket.destroy();
      return;
    }
    answered.add(socket);
    const address = socket.remoteAddress ?? 'unknown';
    // A peer that is slow, or that opened a connection ahead of its need, did nothing worth a row.
    if (refusal.reason === 'HTTP_TOO_SLOW') refused.tally(refusal.reason);
    else refused.count(address, refusal.reason);
    const body = JSON.stringify(new WardlockError(refusal.code, refusal.message).toBody());
    const head = [
      `HTTP/1.1 ${refusal.status}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    socket.destroySoon();
  };
}
