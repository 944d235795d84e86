/**
 * For which ward and seat a policy was compiled, in a sentence: a ward that is misspelt is a ward without rules of its own, and
 * nothing in the document tells the two apart. Pure.
 */
import { groupsOf } from '../../core/decision/rule.ts';
import type { PolicyDocument } from '../schema.ts';
import type { Place } from './result.ts';

/** More names than this help nobody. */
const NAMES_SHOWN = 20;

export function placeInWords(document: PolicyDocument, { ward, seat }: Place): string {
  if (ward === undefined && seat === undefined) return 'Compiled for every ward and seat.';
  return [
    ...(ward === undefined ? [] : [`Compiled for the ward ${ward}${wardNote(document, ward)}.`]),
    ...(seat === undefined ? [] : [`Compiled for the seat ${seat}${seatNote(document, seat)}.`]),
  ].join(' ');
}

function wardNote({ rules = [], overrides = [], signIn }: PolicyDocument, ward: string): string {
  const named = new Set([...rules, ...overrides, ...(signIn?.rules ?? [])].flatMap(({ wards = [] }) => wards));
  if (named.has(ward)) return '';
  return named.size === 0
    ? ': the policy names no ward, so it is the same for each'
    : `, which the policy names nowhere (it names ${shown([...named])})`;
}

function seatNote({ seatGroups = [] }: PolicyDocument, seat: string): string {
  const groups = [...groupsOf(seat, seatGroups)];
  return groups.length === 0 ? ', which is in no group of seats of the policy' : `, of the groups ${shown(groups)}`;
}

function shown(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
