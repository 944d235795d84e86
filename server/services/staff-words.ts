/** What is wrong with a staff entry, as whoever wrote the list reads it: whose entry, which field, and what it must be. Never a value. */
import { Value } from 'typebox/value';
import { Id } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { StaffEntry } from './staff-entry.ts';

export const ID_RULE = 'letters, digits, dots, dashes and underscores, at most 64, the first a letter or a digit';
const LABEL_RULE = 'a text of 1 to 120 characters';
const TIME_RULE = 'a date and time that exist, in UTC, such as 2026-11-23T06:00:00Z';
const RULES: Readonly<Record<keyof StaffEntry, string>> = {
  id: ID_RULE,
  displayName: LABEL_RULE,
  givenName: LABEL_RULE,
  initials: 'a text of 1 to 4 characters',
  role: `the id of a role, as the policy names it: ${ID_RULE}`,
  badges: 'a list of at most 8 badge numbers, each a text of 4 to 64 letters, digits and dashes; [] for none',
  pin: 'a text of 4 to 12 digits, in quotes',
  wards: `a list of at most 100 ids of wards, each of ${ID_RULE}`,
  validFrom: TIME_RULE,
  validUntil: TIME_RULE,
  revoked: 'true or false',
};
const KNOWN = Object.keys(RULES).join(', ');

/** A list of people, each in it once: of two with the same id one would be lost. @throws WardlockError SERVER_STAFF_MALFORMED */
export function parseEntries(given: readonly unknown[]): readonly StaffEntry[] {
  const places = new Map<string, number>();
  return given.map((one, place) => {
    const entry = parseEntry(one, place);
    const before = places.get(entry.id);
    if (before !== undefined) throw malformed(entry, place, `person ${before + 1} has the same id. Write each person once.`);
    places.set(entry.id, place);
    return entry;
  });
}

/** @param place where the entry stands in its list, from 0 */
function parseEntry(entry: unknown, place: number): StaffEntry {
  if (!Value.Check(StaffEntry, entry)) throw malformed(entry, place, wrongWith(entry));
  const { validFrom, validUntil } = entry;
  if (validFrom !== undefined && validUntil !== undefined && Date.parse(validUntil) <= Date.parse(validFrom))
    throw malformed(entry, place, '"validUntil" must be later than "validFrom".');
  return entry;
}

function malformed(entry: unknown, place: number, what: string): WardlockError {
  return new WardlockError('SERVER_STAFF_MALFORMED', `Person ${place + 1}${nameOf(entry)}: ${what}`);
}

function nameOf(entry: unknown): string {
  const id = isRecord(entry) ? entry['id'] : undefined;
  return Value.Check(Id, id) ? ` (${id})` : '';
}

function wrongWith(entry: unknown): string {
  if (!isRecord(entry)) return 'this is no object with id, displayName, givenName, role and badges.';
  const strange = Object.keys(entry).find((name) => !Object.hasOwn(RULES, name));
  if (strange !== undefined) return `"${strange.slice(0, 64)}" is not known. A person has: ${KNOWN}.`;
  const fields: Readonly<Record<string, object>> = StaffEntry.properties;
  const needed: readonly string[] = StaffEntry.required;
  for (const [name, rule] of Object.entries(RULES)) {
    const schema = fields[name];
    if (!Object.hasOwn(entry, name)) {
      if (needed.includes(name)) return `"${name}" is missing. It must be ${rule}.`;
    } else if (schema !== undefined && !Value.Check(schema, entry[name])) return `"${name}" must be ${rule}.`;
  }
  return 'it does not fit.';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
