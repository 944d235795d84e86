/**
 * One HTTPS request of the command line to the server: bounded in time and size, and only to a server whose certificate
 * the given CA signed. It never follows redirects and never skips verification.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Readable } from 'node:stream';
import { WardlockError } from '../core/errors/index.ts';
import { refusalOf } from './https-refusal.ts';
import { unreadable } from './system-failure.ts';

const TIMEOUT_MS = 30_000;
/** Of an answer that is held in memory; what may be larger is streamed. */
const MAX_ANSWER_BYTES = 16_777_216;

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
  const incoming = await open(wanted);
  const body = await collect(wanted, incoming);
  const status = incoming.statusCode ?? 0;
  if (isGood(status)) return { status, headers: incoming.headers, body };
  throw refusalOf(status, incoming.headers, body);
}

/**
 * The answer's body as it comes, for what may be larger than memory. A connection that breaks makes the stream fail.
 * @throws WardlockError SERVER_UNREACHABLE, or the server's own code where it refused
 */
export async function stream(wanted: HttpsCall): Promise<Readable> {
  const incoming = await open(wanted);
  const status = incoming.statusCode ?? 0;
  if (isGood(status)) return incoming;
  throw refusalOf(status, incoming.headers, await collect(wanted, incoming));
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
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

function open({ method, url, caFile, headers, body }: HttpsCall): Promise<IncomingMessage> {
  const ca = caFile === null ? undefined : readCa(caFile);
  return new Promise((resolve, reject) => {
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
      resolve,
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (cause: Error) => reject(unreachable(url, cause)));
    outgoing.end(body);
  });
}

async function collect({ url }: HttpsCall, incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming) {
      const bytes: unknown = chunk;
      if (!Buffer.isBuffer(bytes)) continue;
      size += bytes.length;
      if (size > MAX_ANSWER_BYTES) throw new Error('the answer is larger than expected');
      chunks.push(bytes);
    }
  } catch (cause) {
    throw unreachable(url, cause instanceof Error ? cause : new Error(String(cause)));
  }
  return Buffer.concat(chunks);
}

function unreachable(url: URL, cause: Error): WardlockError {
  return new WardlockError('SERVER_UNREACHABLE', `${url.origin} did not answer: ${cause.message}. ${hint(cause)}`, { cause });
}

function hint(cause: Error): string {
  const aboutTrust = 'code' in cause && typeof cause.code === 'string' && /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(cause.code);
  return aboutTrust
    ? "Give the site's authority with --ca FILE (ca.pem in the server's state folder)."
    : 'Check the address and that it is running.';
}

/** Without this a file that is none would only be said not to fit the server. @throws WardlockError START_USAGE */
function readCa(path: string): Buffer {
  const bytes = readCaFile(path);
  try {
    void new X509Certificate(bytes);
    return bytes;
  } catch (cause) {
    throw new WardlockError('START_USAGE', `${path} is no certificate. Name the site's authority: ca.pem in the server's state folder.`, {
      cause,
    });
  }
}

function readCaFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
