/**
 * Redaction for operational logs (winston): what a helpdesk may read, without a person, a badge, a PIN or a key in it. A pure
 * format that every process puts first in its logger. It never writes anything, and it has nothing to do with the audit log,
 * which is a record and loses nothing.
 *
 * A process makes its own logger, in one file of its own folder:
 *
 *     export const openLog = (service: string) => winston.createLogger({
 *       defaultMeta: { service },
 *       format: winston.format.combine(redaction(), winston.format.timestamp(), winston.format.json()),
 *       transports: [new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info'] })],
 *     });
 */
import { type Format, format, type TransformableInfo } from 'logform';
import { isWardlockError } from './errors/index.ts';

/** What stands in the place of a value that must not be read. */
export const REDACTED = '[redacted]';

/** Longer texts are cut: a log line is no place for a body. In UTF-16 code units. */
export const LONGEST_TEXT = 2_000;

/** How deep and how wide a value is followed. */
export const DEEPEST = 6;
export const WIDEST = 64;

/** A field is struck out when one of the words of its name is among these: `badgeHash`, `display_name`, `X-Auth-Token`. */
const SENSITIVE_WORDS: ReadonlySet<string> = new Set(
  [
    'pin pins password passphrase passwd pwd secret secrets credential credentials hash salt nonce',
    'badge badges card uid token tokens cookie authorization auth bearer otp',
    'key keys seed private pem pfx jwk jwks plaintext',
    'name names person people staff surname initials patient mrn birth email phone address',
  ].flatMap((line) => line.split(' ')),
);

/** Names that hold a sensitive word and say nothing about a person or a secret. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(['keyid', 'hostname', 'servicename', 'errorname']);

/** Secrets that can stand inside a text, whatever its field is called. */
const SECRET_TEXTS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // Eight groups of four: an enrolment token as it is typed.
  /\b[0-9A-Za-z]{4}(?:[- ][0-9A-Za-z]{4}){7}\b/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
  // The user part of an address.
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
];

/** The words of a field's name: `pinTries`, `pin_tries` and `Pin-Tries` are all `pin`, `tries`. */
function words(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** True when the value of a field with this name must not be read by the helpdesk. */
export function isSensitive(name: string): boolean {
  const parts = words(name);
  return !HARMLESS_NAMES.has(parts.join('')) && parts.some((word) => SENSITIVE_WORDS.has(word));
}

function redactText(text: string): string {
  const cut = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)} [${text.length - LONGEST_TEXT} more]` : text;
  return SECRET_TEXTS.reduce((left, secret) => left.replaceAll(secret, REDACTED), cut);
}

/** An error as its name, code and message; the chain of causes is followed, a stack only for a mistake in the program. */
function redactError(error: Error, above: readonly object[]): Readonly<Record<string, unknown>> {
  return {
    error: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    message: redactText(error.message),
    ...(isWardlockError(error) || error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactInside(error.cause, above) }),
  };
}

function redactObject(value: object, above: readonly object[]): unknown {
  if (above.includes(value)) return '[circular]';
  if (above.length >= DEEPEST) return '[deeper]';
  const path = [...above, value];
  if (value instanceof Error) return redactError(value, path);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value;
  const more = (all: number): boolean => all > WIDEST;
  if (Array.isArray(value)) {
    const shown: unknown[] = value.slice(0, WIDEST).map((item: unknown) => redactInside(item, path));
    return more(value.length) ? [...shown, `[${value.length - WIDEST} more]`] : shown;
  }
  const fields = Object.entries(value);
  const shown = fields.slice(0, WIDEST).map(([name, item]): [string, unknown] => [name, redactField(name, item, path)]);
  return Object.fromEntries(more(fields.length) ? [...shown, ['more', fields.length - WIDEST]] : shown);
}

function redactInside(value: unknown, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
      return String(value);
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      return value === null ? null : redactObject(value, above);
    default:
      return value;
  }
}

/** Whether a field is there at all is worth knowing; what it holds is not shown. */
function redactField(name: string, value: unknown, above: readonly object[]): unknown {
  if (value === undefined || value === null) return value;
  return isSensitive(name) ? REDACTED : redactInside(value, above);
}

/** A copy of any value that is fit for an operational log. Never throws on what it is given and never changes it. */
export function redact(value: unknown): unknown {
  try {
    return redactInside(value, []);
  } catch {
    // A getter or a proxy of the caller's threw. The line is worth more than the value.
    return '[unreadable]';
  }
}

/** Fields of winston's own, whose names are its own too. */
const WINSTONS_FIELDS: ReadonlySet<string> = new Set(['level', 'timestamp', 'service']);

function transform(info: TransformableInfo): TransformableInfo {
  const fields = Object.entries(info).map(([name, value]): [string, unknown] => {
    if (WINSTONS_FIELDS.has(name) || value === undefined || value === null) return [name, value];
    return [name, isSensitive(name) ? REDACTED : redact(value)];
  });
  // Winston carries the level under a symbol; the symbol that carries the caller's own arguments is left behind.
  const level = Symbol.for('level');
  return Object.assign({ level: info.level, message: '', [level]: info[level] }, Object.fromEntries(fields));
}

/** The winston format. Must come first, before anything that puts fields into text. */
export const redaction: () => Format = format(transform);
