/**
 * One HTTPS request of the command line to the server: bounded in time and size, and only to a server whose certificate
 * the given CA signed. It never follows redirects and never skips verification.
 */
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { Value } from 'typebox/value';
import { Refusal } from '../contract/seat-api.ts';
import { isErrorCode, WardlockError } from '../core/errors/index.ts';

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 268_435_456;

export interface HttpsCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** PEM file of the site's CA; null: the system's own authorities. */
  readonly caFile: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** @throws WardlockError SERVER_UNREACHABLE, or the server's own code where it refused */
export async function call(wanted: HttpsCall): Promise<HttpsAnswer> {
  const answer = await send(wanted);
  if (answer.status >= 200 && answer.status < 300) return answer;
  const refusal = parseJson(answer.body);
  if (Value.Check(Refusal, refusal) && isErrorCode(refusal.code)) throw new WardlockError(refusal.code, refusal.message);
  throw new WardlockError('SERVER_REFUSED', `The server answered with status ${answer.status}.`);
}

export function serverUrl(text: string, path: string): URL {
  try {
    const url = new URL(path, text);
    if (url.protocol === 'https:') return url;
  } catch {
    // Falls through to the one sentence that says what is wanted.
  }
  throw new WardlockError('START_USAGE', `${text} is no server address. Write https://HOST:PORT.`);
}

function send({ method, url, caFile, headers, body }: HttpsCall): Promise<HttpsAnswer> {
  const ca = caFile === null ? undefined : readCa(caFile);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new WardlockError('SERVER_UNREACHABLE', `${url.origin} did not answer: ${cause.message}. ${hint(cause)}`, { cause }));
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        timeout: TIMEOUT_MS,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
        ...(ca === undefined ? {} : { ca }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is larger than expected'));
          else chunks.push(chunk);
        });
        incoming.on('error', fail);
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

function hint(cause: Error): string {
  const aboutTrust = 'code' in cause && typeof cause.code === 'string' && /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(cause.code);
  return aboutTrust
    ? "Give the site's authority with --ca FILE (ca.pem in the server's state folder)."
    : 'Check the address and that it is running.';
}

function readCa(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new WardlockError('START_USAGE', `Cannot read ${path}.`, { cause });
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
