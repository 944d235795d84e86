/**
 * The seat's HTTPS client: TLS 1.3 to one server whose certificate the site's own CA signed, nothing else is trusted.
 * Answers are bounded in time and size, redirects are not followed, and every body is checked before anyone sees it.
 */
import { Agent, request } from 'node:https';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { Refusal } from '../../contract/seat-api.ts';
import { isErrorCode, WardlockError } from '../../core/errors/index.ts';
import { parseRetryAfter } from '../../core/sync/backoff.ts';
import { RefusedByServer } from './refused.ts';

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 8_388_608;

export interface ClientIdentity {
  readonly key: string;
  readonly certificate: string;
}

export interface SeatCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface SeatAnswer {
  readonly status: number;
  readonly retryAfterMs: number | null;
  readonly body: Buffer;
}

export interface SeatClient {
  /** Any status is an answer. @throws WardlockError SERVER_UNREACHABLE when none came, or not a whole one */
  call(wanted: SeatCall): Promise<SeatAnswer>;
  close(): void;
}

export function openSeatClient(server: string, ca: string, identity: ClientIdentity | null): SeatClient {
  const origin = new URL(server);
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 4,
    minVersion: 'TLSv1.3',
    ca,
    ...(identity === null ? {} : { key: identity.key, cert: identity.certificate }),
  });
  return { call: (wanted) => send(agent, origin, wanted), close: () => agent.destroy() };
}

function send(agent: Agent, origin: URL, { method, path, headers, body, timeoutMs, signal }: SeatCall): Promise<SeatAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      // Whichever way it failed: a timer that is left would keep a syncer that was told to stop.
      clearTimeout(limit);
      reject(new WardlockError('SERVER_UNREACHABLE', `${origin.origin} did not answer: ${cause.message}`, { cause }));
    };
    const outgoing = request(
      new URL(path, origin),
      {
        method,
        agent,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
        ...(signal === undefined ? {} : { signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is larger than any that this server sends'));
          else chunks.push(chunk);
        });
        incoming.on('error', fail);
        incoming.on('end', () => {
          clearTimeout(limit);
          // A cut answer ends like a whole one on some paths; `complete` tells them apart.
          if (!incoming.complete) return fail(new Error('the answer was cut off'));
          resolve({
            status: incoming.statusCode ?? 0,
            retryAfterMs: parseRetryAfter(incoming.headers['retry-after']),
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    const limit = setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeoutMs ?? TIMEOUT_MS);
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

/** Reads a JSON answer. @throws RefusedByServer, or SERVER_ANSWER_MALFORMED when it is not this server's (a captive portal) */
export function readAnswer<S extends TSchema>(answer: SeatAnswer, schema: S): Static<S> {
  const body = parseJson(answer.body);
  if (answer.status === 200 && Value.Check(schema, body)) return body;
  throw refusalOf(answer);
}

export function refusalOf(answer: SeatAnswer): RefusedByServer {
  const body = parseJson(answer.body);
  const how = { status: answer.status, retryAfterMs: answer.retryAfterMs };
  if (answer.status >= 400 && Value.Check(Refusal, body) && isErrorCode(body.code))
    return new RefusedByServer(body.code, body.message, how);
  return new RefusedByServer('SERVER_ANSWER_MALFORMED', `The answer with status ${answer.status} is not one of this server.`, how);
}

export function jsonBody(value: unknown): Pick<SeatCall, 'body' | 'headers'> {
  return { body: Buffer.from(JSON.stringify(value)), headers: { 'content-type': 'application/json' } };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
