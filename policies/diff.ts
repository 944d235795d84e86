/**
 * What changes between two policies, in sentences that a person can approve. Every difference in what the documents say gives
 * at least one sentence; what has no words of its own is named by its field. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { isSame } from './diff-same.ts';
import { type Fields, innerLabelOf, isFields, labelOf, short, valueOf, wordsOf } from './diff-words.ts';
import type { PolicyDocument } from './schema.ts';

export interface Difference {
  /** Where in the document, such as `/timers/warnAfterSeconds`. */
  readonly path: string;
  readonly sentence: string;
}

type Entry = Fields & { readonly id: string };

/** Lists whose entries have ids, and what one entry is called. */
const LISTS: Readonly<Record<string, string>> = {
  '/apps': 'application',
  '/roles': 'role',
  '/rules': 'rule',
  '/seatGroups': 'group of seats',
  '/overrides': 'override',
  '/recipients': 'reader of the record',
  '/breakGlass/reasons': 'reason for emergency access',
};

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
  if (isSame(path, before, after)) return;
  const noun = LISTS[path];
  if (noun !== undefined) yield* entries(path, noun, { before: entriesOf(before), after: entriesOf(after) }, names);
  else if (path === '/breakGlass/apps') yield* granted({ path, who: 'Emergency access' }, before, after, names);
  else if (isPart(before) && isPart(after) && !(isBare(before) && isBare(after))) yield* fieldsOf(path, before ?? {}, after ?? {}, names);
  else if (isList(before) && isList(after)) yield* unnamed(path, before ?? [], after ?? []);
  else yield { path, sentence: `${labelOf(path)}: ${valueOf(path, before)} before, ${valueOf(path, after)} now.` };
}

/** Lists whose entries have no ids: each entry that only one side has. */
const UNNAMED: Readonly<Record<string, string>> = { '/signIn/rules': 'sign-in rule', '/devices/usbDevices': 'USB device' };

function* unnamed(path: string, before: readonly unknown[], after: readonly unknown[]): Generator<Difference> {
  const noun = UNNAMED[path] ?? innerLabelOf(path);
  const isIn = (list: readonly unknown[], one: unknown): boolean => list.some((other) => isSame(path, one, other));
  const gone = before.filter((one) => !isIn(after, one));
  const fresh = after.filter((one) => !isIn(before, one));
  for (const one of gone) yield { path, sentence: `A ${noun} is gone: ${valueOf(path, one)}.` };
  for (const one of fresh) yield { path, sentence: `New ${noun}: ${valueOf(path, one)}.` };
  if (gone.length + fresh.length > 0) return;
  const decides = path === '/signIn/rules' ? ' The first one that fits decides.' : '';
  const isEmpty = before.length + after.length === 0;
  yield { path, sentence: isEmpty ? `${labelOf(path)}: none, as before.` : `The order or number of each ${noun} changed.${decides}` };
}

const isPart = (value: unknown): value is Fields | undefined => value === undefined || isFields(value);
const isBare = (value: Fields | undefined): boolean => value === undefined || Object.keys(value).length === 0;

/** A list of objects, or none at all; lists of names are told whole. */
function isList(value: unknown): value is readonly unknown[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isFields));
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
    const at = `${path}/${field}`;
    if (isSame(at, before, after)) continue;
    if (path.startsWith('/roles/') && field === 'apps') yield* granted({ path: at, who: titleOf(is) }, before, after, names);
    else if (field === 'sha256')
      yield { path: at, sentence: `${subject} has another content: ${short(before)} before, ${short(after)} now.` };
    else yield* inEntry(at, subject, before, after);
  }
}

/** One field of an entry; of an override's timers, PIN rules and devices each one that differs. */
function* inEntry(path: string, subject: string, before: unknown, after: unknown): Generator<Difference> {
  const field = path.split('/').at(-1) ?? '';
  if (OVERRIDDEN.has(field) && isPart(before) && isPart(after) && !(isBare(before) && isBare(after))) {
    for (const inner of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])) {
      const [was, is] = [before?.[inner], after?.[inner]];
      const label = innerLabelOf(`/${field}/${inner}`);
      if (!isSame(`${path}/${inner}`, was, is))
        yield { path: `${path}/${inner}`, sentence: `${subject}: ${label} ${valueOf(inner, was)} before, ${valueOf(inner, is)} now.` };
    }
  } else yield { path, sentence: `${subject}: ${wordsOf(field)} ${valueOf(path, before)} before, ${valueOf(path, after)} now.` };
}

const OVERRIDDEN = new Set(['timers', 'pin', 'devices']);

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
  if (path !== '/rules' && path !== '/overrides') return '';
  return ` (${Object.entries(entry)
    .filter(([field]) => field !== 'id')
    .map(([field, value]) => (field === 'effect' ? String(value) : `${wordsOf(field)} ${valueOf(`/${field}`, value)}`))
    .join(', ')})`;
}

function titleOf(entry: Entry): string {
  const title = entry.name ?? entry.text;
  return typeof title === 'string' ? title : entry.id;
}

function isEntry(value: unknown): value is Entry {
  return isFields(value) && typeof value.id === 'string';
}

const entriesOf = (value: unknown): readonly Entry[] => (Array.isArray(value) ? value.filter(isEntry) : []);
const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
