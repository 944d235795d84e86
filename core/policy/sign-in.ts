/**
 * Which ways in a policy gives a person, by role, ward and time of day. Pure: the first rule that fits decides, and what no
 * rule gives is not there. The strictest way, badge and PIN, needs no rule.
 */

/** A part of the day by the clock of the seat's site, as `HH:MM`. `until` is not part of it; it may lie after midnight. */
export interface PartOfDay {
  readonly from: string;
  readonly until: string;
}

/** As much of a policy's rule as the choice needs; a rule of the document fits. */
export interface SignInRule {
  readonly roles?: readonly string[];
  readonly wards?: readonly string[];
  readonly between?: PartOfDay;
  readonly nameAndPin?: boolean;
  readonly badgeOnly?: { readonly withinSeconds: number; readonly confirmedSeconds: number };
  readonly enrolBadge?: boolean;
  readonly secondPerson?: { readonly roles: readonly string[] };
}

/** What a person may do to get in, besides badge and PIN. Times in milliseconds. */
export interface WaysIn {
  readonly nameAndPin: boolean;
  /** The badge alone is enough for so long after a right PIN, at this seat or one that the server has told of. */
  readonly badgeOnlyMs: number;
  /** How old the server's word on a PIN elsewhere may be; 0: only this seat's own knowledge counts. */
  readonly confirmedMs: number;
  /** An unknown badge may be made this person's own with name and PIN. */
  readonly enrolBadge: boolean;
  /** Somebody of these roles must confirm; empty: nobody must. */
  readonly secondRoles: readonly string[];
}

export interface SignInFacts {
  readonly role: string;
  readonly ward: string;
  /** Minutes since midnight at the seat. */
  readonly minute: number;
}

const MINUTES_AN_HOUR = 60;
const S = 1_000;

/** @param ownSeconds what the role itself gives where the rule says nothing about a badge alone */
export function waysIn(rules: readonly SignInRule[], facts: SignInFacts, ownSeconds: number): WaysIn {
  const rule = rules.find((one) => fits(one, facts));
  return {
    nameAndPin: rule?.nameAndPin ?? false,
    badgeOnlyMs: (rule?.badgeOnly?.withinSeconds ?? ownSeconds) * S,
    confirmedMs: (rule?.badgeOnly?.confirmedSeconds ?? 0) * S,
    enrolBadge: rule?.enrolBadge ?? false,
    secondRoles: rule?.secondPerson?.roles ?? [],
  };
}

function fits({ roles, wards, between }: SignInRule, { role, ward, minute }: SignInFacts): boolean {
  return (roles?.includes(role) ?? true) && (wards?.includes(ward) ?? true) && (between === undefined || isWithin(between, minute));
}

/** From 22:00 until 06:00 is the night; a part that ends where it begins is the whole day. */
export function isWithin({ from, until }: PartOfDay, minute: number): boolean {
  const [start, end] = [minuteOf(from), minuteOf(until)];
  return start < end ? minute >= start && minute < end : minute >= start || minute < end;
}

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * MINUTES_AN_HOUR + minutes;
}
