/** Whom, where and when something of a policy is for. What is absent holds for everyone, everywhere, always. */
import Type from 'typebox';
import { Id } from '../contract/scalars.ts';

const closed = { additionalProperties: false } as const;

// Spelt out: a union made by map() has the type never.
const Weekday = Type.Union([
  Type.Literal('mon'),
  Type.Literal('tue'),
  Type.Literal('wed'),
  Type.Literal('thu'),
  Type.Literal('fri'),
  Type.Literal('sat'),
  Type.Literal('sun'),
]);
const TimeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

/** The fields of a scope, to be spread into an object. */
export const scope = {
  roles: Type.Optional(
    Type.Array(Id, { minItems: 1, maxItems: 100, description: 'Only for people of these roles; absent: for every role.' }),
  ),
  wards: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000, description: 'Only at seats of these wards.' })),
  seatGroups: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 100, description: 'Only at seats of these groups of `seatGroups`.' })),
  days: Type.Optional(Type.Array(Weekday, { minItems: 1, maxItems: 7, description: "Only on these days, by the seat's own clock." })),
  between: Type.Optional(
    Type.Object(
      { from: TimeOfDay, until: TimeOfDay },
      { ...closed, description: "Only between these hours, by the seat's own clock and time zone; from 22:00 until 06:00 is the night." },
    ),
  ),
} as const;
