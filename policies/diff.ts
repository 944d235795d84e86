/**
 * What changes between two policies, in sentences that a person can approve. Every difference of the documents gives at
 * least one sentence; what has no words of its own is named by its field. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PolicyDocument } from './schema.ts';

export interface Difference {
  /** Where in the document, such as `/timers/warnAfterSeconds`. */
  readonly path: string;
  readonly sentence: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Entry = Fields & { readonly id: string };

/** What a field is called in a sentence; seconds are told in a person's units. */
const LABELS: Readonly<Record<string, string>> = {
  '/tenant': 'The site',
  '/version': 'The version',
  '/issuedAt': 'The date of issue',
  '/expiresAt': 'The date of expiry',
  '/helpdesk': 'The helpdesk that people are told to call',
  '/record/retentionDays': 'Days that the server keeps the record',
  '/timers/warnAfterSeconds': 'Idle time until the warning',
  '/timers/warningSeconds': 'Length of the warning',
  '/timers/blurSeconds': 'How long the work is covered before the lock',
  '/timers/tapQuestionSeconds': 'How long a tap of somebody at work asks before it locks',
  '/timers/keepSeconds': 'How long the work of a locked session is kept',
  '/timers/maxSessionSeconds': 'Longest session',
  '/timers/procedureSeconds': 'How long a procedure in progress keeps an idle seat open',
  '/timers/staleAfterSeconds': 'Offline time until the policy counts as stale',
  '/pin/minDigits': 'Least digits of a PIN',
  '/pin/maxConsecutiveFailures': 'Wrong PINs in a row before a person is shut out',
  '/pin/firstWaitSeconds': 'First wait after wrong PINs',
  '/breakGlass/enabled': 'Emergency access',
  '/breakGlass/needsBadge': 'A badge for emergency access',
  '/breakGlass/limitSeconds': 'Longest emergency access',
};

/** Lists whose entries have ids, and what one entry is called. */
const LISTS: Readonly<Record<string, string>> = {
  '/apps': 'application',
  '/roles': 'role',
  '/rules': 'rule',
  '/seatGroups': 'group of seats',
  '/recipients': 'reader of the record',
  '/breakGlass/reasons': 'reason for emergency access',
};

/** Longer values are cut: a sentence is read, not parsed. */
const VALUE_LIMIT = 120;

export function differences(before: PolicyDocument, after: PolicyDocument): readonly Difference[] {
  const names = new Map([...before.apps, ...after.apps].map(({ id, name }) => [id, name]));
  return [...fieldsOf('', before, after, names)];
}

function* fieldsOf(path: string, before: Fields, after: Fields, names: ReadonlyMap<string, string>): Generator<Difference> {
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    yield* changed(`${path}/${field}`, before[field], after[field], names);
  }
}

function* changed(path: string, before: unknown, after: unknown, names: ReadonlyMap<string, string>): Generator<Difference> {
  if (isDeepStrictEqual(before, after)) return;
  const noun = LISTS[path];
  if (noun !== undefined) yield* entries(path, noun, { before: entriesOf(before), after: entriesOf(after) }, names);
  else if (path === '/breakGlass/apps') yield* granted({ path, who: 'Emergency access' }, before, after, names);
  else if (isFields(before) && isFields(after)) yield* fieldsOf(path, before, after, names);
  else yield { path, sentence: `${labelOf(path)}: ${valueOf(path, before)} before, ${valueOf(path, after)} now.` };
}

interface Sides {
  readonly before: readonly Entry[];
  readonly after: readonly Entry[];
}

function* entries(path: string, noun: string, { before, after }: Sides, names: ReadonlyMap<string, string>): Generator<Difference> {
  const was = new Map(before.map((entry) => [entry.id, entry]));
  const is = new Map(after.map((entry) => [entry.id, entry]));
  for (const [id, entry] of was) if (!is.has(id)) yield { path: `${path}/${id}`, sentence: `The ${noun} ${titleOf(entry)} is gone.` };
  for (const [id, entry] of is) {
    const old = was.get(id);
    if (old === undefined) yield { path: `${path}/${id}`, sentence: `New ${noun}: ${titleOf(entry)}${summaryOf(path, entry, names)}.` };
    else yield* changedEntry(`${path}/${id}`, `The ${noun} ${titleOf(entry)}`, { was: old, is: entry }, names);
  }
  const order = [before, after].map((list) => list.map(({ id }) => id));
  if (was.size === is.size && !isDeepStrictEqual(order[0], order[1]) && before.every(({ id }) => is.has(id))) {
    yield {
      path,
      sentence: `The order of each ${noun} changed. It decides nothing${path === '/apps' ? ' but the order of the tiles' : ''}.`,
    };
  }
}

function* changedEntry(
  path: string,
  subject: string,
  { was, is }: { readonly was: Entry; readonly is: Entry },
  names: ReadonlyMap<string, string>,
): Generator<Difference> {
  for (const field of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const [before, after] = [was[field], is[field]];
    if (isDeepStrictEqual(before, after)) continue;
    const at = `${path}/${field}`;
    if (path.startsWith('/roles/') && field === 'apps') yield* granted({ path: at, who: titleOf(is) }, before, after, names);
    else if (field === 'sha256')
      yield { path: at, sentence: `${subject} has another content: ${short(before)} before, ${short(after)} now.` };
    else yield { path: at, sentence: `${subject}: ${wordsOf(field)} ${valueOf(at, before)} before, ${valueOf(at, after)} now.` };
  }
}

/** Applications that somebody gains or loses; a mere change of order is said as such. */
function* granted(
  { path, who }: { readonly path: string; readonly who: string },
  before: unknown,
  after: unknown,
  names: ReadonlyMap<string, string>,
): Generator<Difference> {
  const [was, is] = [textsOf(before), textsOf(after)];
  const gained = is.filter((id) => !was.includes(id));
  const lost = was.filter((id) => !is.includes(id));
  for (const id of gained) yield { path, sentence: `${who} may now start ${names.get(id) ?? id}.` };
  for (const id of lost) yield { path, sentence: `${who} may no longer start ${names.get(id) ?? id}.` };
  if (gained.length + lost.length === 0) yield { path, sentence: `${who}: the order of the applications changed. It decides nothing.` };
}

/** What a new entry does, where its name alone does not say it. */
function summaryOf(path: string, entry: Entry, names: ReadonlyMap<string, string>): string {
  const apps = textsOf(entry.apps).map((id) => names.get(id) ?? id);
  if (path === '/roles') return apps.length === 0 ? ', which may start nothing' : `, which may start ${apps.join(', ')}`;
  if (path === '/apps') return ` (${String(entry.path ?? entry.url)})`;
  if (path !== '/rules') return '';
  return ` (${Object.entries(entry)
    .filter(([field]) => field !== 'id')
    .map(([field, value]) => (field === 'effect' ? String(value) : `${wordsOf(field)} ${valueOf(path, value)}`))
    .join(', ')})`;
}

const labelOf = (path: string): string => LABELS[path] ?? sentenceCase(path.split('/').slice(1).map(wordsOf).join(', '));

function valueOf(path: string, value: unknown): string {
  if (value === undefined) return 'not given';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return path.endsWith('Seconds') ? durationOf(value) : String(value);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return cut(value.length === 0 ? 'none' : value.join(', '));
  return cut(typeof value === 'string' ? value : JSON.stringify(value));
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

function durationOf(seconds: number): string {
  for (const [size, unit] of [
    [DAY, 'days'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size} ${unit}`;
  }
  return `${seconds} s`;
}

const cut = (text: string): string => (text.length > VALUE_LIMIT ? `${text.slice(0, VALUE_LIMIT)}…` : text);
const short = (value: unknown): string => `${String(value).slice(0, 12)}…`;
const wordsOf = (field: string): string => field.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
const sentenceCase = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function titleOf(entry: Entry): string {
  const title = entry.name ?? entry.text;
  return typeof title === 'string' ? title : entry.id;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is Entry {
  return isFields(value) && typeof value.id === 'string';
}

const entriesOf = (value: unknown): readonly Entry[] => (Array.isArray(value) ? value.filter(isEntry) : []);
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
