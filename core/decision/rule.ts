/**
 * Rules about applications: what they name, and whom, where and when they are for. What a rule names decides how much it
 * weighs; its conditions only decide whether it speaks at all.
 */
import { isWithin, type PartOfDay } from '../policy/part-of-day.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Whom, where and when something is for. A condition that is absent holds always; one that lists several holds for each of them. */
export interface Scope {
  readonly roles?: readonly string[];
  readonly wards?: readonly string[];
  readonly seatGroups?: readonly string[];
  readonly days?: readonly Weekday[];
  readonly between?: PartOfDay;
}

/** A rule of the policy document. */
export interface AppRule extends Scope {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  /** SHA-256 of programs, hexadecimal: this very content, wherever it lies. */
  readonly contents?: readonly string[];
  readonly apps?: readonly string[];
  /** Absolute paths of programs. */
  readonly paths?: readonly string[];
}

/** Seats by name; `*` stands for any characters. */
export interface SeatGroup {
  readonly id: string;
  readonly seats: readonly string[];
}

/** Where and when somebody works. */
export interface Whereabouts {
  readonly ward: string;
  /** The seat's name. */
  readonly seat: string;
  readonly day: Weekday;
  /** Minutes since midnight by the seat's own clock. */
  readonly minute: number;
}

export interface RuleFacts extends Whereabouts {
  readonly role: string;
  /** Ids of the groups that the seat belongs to. */
  readonly seatGroups: ReadonlySet<string>;
}

/** What a rule names, from the most to the least specific. Only the most specific level that speaks is heard. */
export const LEVELS = ['content', 'app', 'path', 'any'] as const;
export type Level = (typeof LEVELS)[number];

export const CONDITIONS = ['roles', 'wards', 'seatGroups', 'days', 'between'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** The levels at which a rule speaks about a program; empty when it does not name it. */
export function levelsOf(
  rule: AppRule,
  program: { readonly id: string; readonly path?: string; readonly sha256?: string },
): readonly Level[] {
  const { contents, apps, paths } = rule;
  if (contents === undefined && apps === undefined && paths === undefined) return ['any'];
  return [
    ...(program.sha256 !== undefined && contents?.includes(program.sha256) ? (['content'] as const) : []),
    ...(apps?.includes(program.id) ? (['app'] as const) : []),
    ...(program.path !== undefined && paths?.includes(program.path) ? (['path'] as const) : []),
  ];
}

/** Whether each of its conditions holds; without any it always speaks. */
export function applies(rule: Scope, facts: RuleFacts): boolean {
  return CONDITIONS.every((condition) => holds(rule, condition, facts));
}

/** The conditions that do not hold: why a rule is silent. */
export function unmet(rule: Scope, facts: RuleFacts): readonly Condition[] {
  return CONDITIONS.filter((condition) => !holds(rule, condition, facts));
}

/** Whether the clock alone can change its answer. */
export function isTimed(rule: Scope): boolean {
  return rule.days !== undefined || rule.between !== undefined;
}

/** For everyone, everywhere and at any time. */
export function isUnconditional(rule: Scope): boolean {
  return CONDITIONS.every((condition) => rule[condition] === undefined);
}

function holds(rule: Scope, condition: Condition, { role, ward, seatGroups, day, minute }: RuleFacts): boolean {
  switch (condition) {
    case 'roles':
      return rule.roles?.includes(role) ?? true;
    case 'wards':
      return rule.wards?.includes(ward) ?? true;
    case 'seatGroups':
      return rule.seatGroups?.some((group) => seatGroups.has(group)) ?? true;
    case 'days':
      return rule.days?.includes(day) ?? true;
    case 'between':
      return rule.between === undefined || isWithin(rule.between, minute);
  }
}

/** The groups that a seat of this name belongs to. */
export function groupsOf(seat: string, groups: readonly SeatGroup[]): ReadonlySet<string> {
  return new Set(groups.filter(({ seats }) => seats.some((pattern) => matches(pattern, seat))).map(({ id }) => id));
}

/** Each piece between asterisks follows the one before it; no regular expression that a long name could stall. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  const end = name.length - last.length;
  let from = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, from);
    if (found === -1 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}
