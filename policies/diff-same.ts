/**
 * Whether two values of a policy mean the same: names that stand in another order do, where no order is heeded. Never for
 * arguments, languages and lists whose first entry that fits decides. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { isFields } from './diff-words.ts';

/** Fields that hold names of which the order is never heeded. */
const UNORDERED = new Set(['roles', 'wards', 'seatGroups', 'days', 'contents', 'paths', 'seats', 'origins', 'patterns', 'usbClasses']);

/** @param path of both, such as `/rules/nights/days` */
export function isSame(path: string, before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(settled(path, before), settled(path, after));
}

function settled(path: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    const entries = value.map((one: unknown) => settled(path, one));
    return isUnordered(path) && entries.every((one) => typeof one === 'string') ? entries.sort() : entries;
  }
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, settled(`${path}/${field}`, inner)]));
}

/** A rule's applications too; those of a role and of emergency access are told by `granted`. */
function isUnordered(path: string): boolean {
  const field = path.split('/').at(-1) ?? '';
  return UNORDERED.has(field) || (field === 'apps' && path.startsWith('/rules/'));
}
