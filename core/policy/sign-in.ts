/**
 * Which ways in a policy gives a person, by role, ward, group of seats, day and hour. Pure: the first rule that fits decides, and what no
 * rule gives is not there. The strictest way, badge and PIN, needs no rule.
 */

import { applies, type RuleFacts, type Scope } from '../decision/rule.ts';

/** As much of a policy's rule as the choice needs; a rule of the document fits. */
export interface SignInRule extends Scope {
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

const S = 1_000;

/** @param ownSeconds what the role itself gives where the rule says nothing about a badge alone */
export function waysIn(rules: readonly SignInRule[], facts: RuleFacts, ownSeconds: number): WaysIn {
  const rule = rules.find((one) => applies(one, facts));
  return {
    nameAndPin: rule?.nameAndPin ?? false,
    badgeOnlyMs: (rule?.badgeOnly?.withinSeconds ?? ownSeconds) * S,
    confirmedMs: (rule?.badgeOnly?.confirmedSeconds ?? 0) * S,
    enrolBadge: rule?.enrolBadge ?? false,
    secondRoles: rule?.secondPerson?.roles ?? [],
  };
}
