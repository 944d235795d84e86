/** What a server's refusal says to whoever sits at the command line: its own words and code, and how long to wait where only a header tells. */
import type { IncomingHttpHeaders } from 'node:http';
import { Value } from 'typebox/value';
import { Refusal } from '../contract/seat-api.ts';
import { errorMeanings, isErrorCode, WardlockError } from '../core/errors/index.ts';

const SECONDS = /^\d{1,6}$/;

export function refusalOf(status: number, headers: IncomingHttpHeaders, body: Buffer): WardlockError {
  const said = parseJson(body);
  if (!Value.Check(Refusal, said) || !isErrorCode(said.code))
    return new WardlockError('SERVER_REFUSED', `The server answered with status ${status}.`);
  const seconds = headers['retry-after'] ?? '';
  const isUnsaid = said.code === 'SERVER_TOO_MANY' && said.message === errorMeanings.SERVER_TOO_MANY && SECONDS.test(seconds);
  return new WardlockError(said.code, isUnsaid ? `Too many requests. Wait ${seconds} seconds, then try again.` : said.message);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
