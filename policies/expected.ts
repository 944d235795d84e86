/**
 * What may stand where a text of a policy has a form, in a sentence for people: they are shown no regular expression. It checks
 * nothing, and a test holds that every pattern of the schema is here. Pure.
 */

/** By the pattern as it stands in the schema. */
export const EXPECTED: ReadonlyMap<string, string> = new Map([
  [
    '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
    'Must be 1 to 64 letters (a to z), digits, dots, dashes and underscores, the first a letter or digit and no spaces, such as ward-3.',
  ],
  ['^[0-9a-f]{64}$', 'Must be a SHA-256 as sha256sum prints it: 64 digits from 0 to 9 and a to f, in lower case.'],
  ['^[A-Za-z0-9+/]*={0,2}$', 'Must be in Base64, without spaces, such as V2FyZGxvY2s=.'],
  [
    '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?Z$',
    'Must be a date and time in UTC, with T between them and Z at the end, such as 2026-03-01T02:00:00Z.',
  ],
  [
    '^([01][0-9]|2[0-3]):[0-5][0-9]$',
    'Must be a time of day from 00:00 to 23:59, two digits each; midnight is 00:00. Write it such as 07:30.',
  ],
  ['^/[^\\u0000]{1,1023}$', 'Must be an absolute path of at most 1024 characters, such as /usr/bin/xcalc.'],
  ['^(home|/[^\\u0000]{0,1023})$', 'Must be home or an absolute path, such as /srv/forms.'],
  [
    '^https?://[^\\s]{1,2000}$',
    'Must be an address that begins with https:// or http://, without spaces, such as https://records.example/start.',
  ],
  [
    '^https?://[^/\\s]{1,255}$',
    'Must be an origin: https:// or http://, a host and perhaps a port, with no slash or path after it, such as https://records.example.',
  ],
  [
    '^https?://[^/\\s]{1,255}/[^\\s#]{0,1024}$',
    'Must be an origin and a path that begins with a slash, without spaces and #, such as https://records.example/chart/**.',
  ],
  ['^[0-9a-f]{4}:[0-9a-f]{4}$', 'Must be vendor and product as lsusb prints them, in lower case, such as 046d:c31c.'],
  ['^[A-Za-z0-9 ._:/+-]{1,126}$', 'Must be 1 to 126 letters (a to z), digits, spaces and . _ : / + -, such as 52J-1.'],
]);

const TYPES: ReadonlyMap<unknown, string> = new Map([
  ['string', 'Must be a text, in quotes.'],
  ['integer', 'Must be a whole number.'],
  ['number', 'Must be a number.'],
  ['boolean', 'Must be true or false.'],
  ['array', 'Must be a list: [ ].'],
  ['object', 'Must be an object: { }.'],
  ['null', 'Must be null.'],
]);
const VARIABLE_NAMES = 'Each name must be letters (a to z), digits and underscores, 64 at most and no digit first, such as LC_ALL.';

/** What the schema library found wrong, as people say it; null where its own words will do. */
export function expectedInstead({ keyword, params }: { readonly keyword: string; readonly params: object }): string | null {
  if (keyword === 'const' && 'allowedValue' in params) return `Must be ${JSON.stringify(params.allowedValue)}.`;
  // Fields are told by name elsewhere: this is the one object whose names the author chooses.
  if (keyword === 'additionalProperties') return VARIABLE_NAMES;
  if (keyword === 'type' && 'type' in params) return TYPES.get(params.type) ?? null;
  if (keyword === 'minimum' && 'limit' in params) return `Must be ${String(params.limit)} or more.`;
  if (keyword === 'maximum' && 'limit' in params) return `Must be ${String(params.limit)} or less.`;
  if (keyword !== 'pattern' || !('pattern' in params)) return null;
  return EXPECTED.get(String(params.pattern)) ?? null;
}
