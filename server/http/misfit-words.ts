/**
 * What does not fit in a request, in one sentence for whoever sent it: which field, and what may stand there. It shows no regular
 * expression, and never a value, which may be a secret.
 */
import type { TSchema } from 'typebox';
import { type Misfit, misfits } from '../../policies/misfits.ts';

/** As a refusal may be (contract/seat-api.ts), with room to spare. */
const LONGEST = 380;

const PARTS: ReadonlyMap<string | undefined, string> = new Map([
  ['querystring', 'query'],
  ['body', 'body'],
  ['params', 'path'],
  ['headers', 'headers'],
]);

/** Forms that only these two APIs have; what policies have too, they say. By the pattern as it stands in the schema. */
export const FORMS: ReadonlyMap<string, string> = new Map([
  ['^[0-9a-f]{16}$', 'Must be 16 digits from 0 to 9 and a to f, in lower case.'],
  ['^[0-9a-f]{32}$', 'Must be an id as this server gives it: 32 digits from 0 to 9 and a to f, in lower case.'],
  ['^[0-9]{1,15}\\.[0-9a-f]{32}$', 'Must be what the page before gave as next, unchanged.'],
  ['^[0-9]{1,15}\\.[0-9]{1,16}$', 'Must be what the page before gave as next, unchanged.'],
  ['^([1-9][0-9]?|1[0-9]{2}|200)$', 'Must be a whole number from 1 to 200.'],
  ['^[0-9]{1,15}$', 'Must be a whole number of at most 15 digits.'],
  ['^[0-9]{1,3}$', 'Must be a whole number of at most 3 digits.'],
  ['^[0-9A-HJKMNP-TV-Z]{16}$', 'Must be the secret of an enrolment token: 16 characters.'],
  ['^[A-Z][A-Z0-9_]{0,59}$', 'Must be a code: capital letters, digits and underscores, 60 at most.'],
]);

/** @param httpPart as Fastify calls the part of the request */
export function misfitInWords(schema: TSchema, value: unknown, httpPart: string | undefined): string {
  const part = PARTS.get(httpPart) ?? 'request';
  const [first] = misfits(schema, value);
  const words = first === undefined ? `The ${part} does not fit. See /openapi.json.` : inWords(first, part);
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words;
}

function inWords({ path, at, message, pattern }: Misfit, part: string): string {
  const names = (at === 'field' ? path.slice(0, -1) : path).join('.');
  const where = names === '' ? `the ${part}` : `"${names}" of the ${part}`;
  // "Missing: name." and "Unknown field: nam." speak of what the place holds, every other sentence of the place itself.
  const held = /^(Missing|Unknown field): (.+)$/.exec(message);
  if (held !== null) return `${held[1]} in ${where}: ${held[2]}`;
  const expected = (pattern === undefined ? undefined : FORMS.get(pattern)) ?? message;
  return `${capital(where)} ${expected.charAt(0).toLowerCase()}${expected.slice(1)}`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
