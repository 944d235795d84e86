/** The form of a person as IT writes it. What is wrong with one is said by `staff-words.ts`. */
import Type, { type Static } from 'typebox';
import { BadgeNumber, Id, Label, Pin, Timestamp } from '../../contract/scalars.ts';

/** One person as IT writes it, in a file or on the command line. */
export const StaffEntry = Type.Object(
  {
    id: Id,
    displayName: Label,
    givenName: Label,
    initials: Type.Optional(Type.String({ minLength: 1, maxLength: 4 })),
    role: Id,
    badges: Type.Array(BadgeNumber, { maxItems: 8 }),
    pin: Type.Optional(Pin),
    wards: Type.Optional(Type.Array(Id, { maxItems: 100 })),
    validFrom: Type.Optional(Timestamp),
    validUntil: Type.Optional(Timestamp),
    revoked: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type StaffEntry = Static<typeof StaffEntry>;
/** A list of people; each is looked at by itself, so that what is wrong can be said by name. */
export const StaffFile = Type.Object({ staff: Type.Array(Type.Unknown(), { maxItems: 5000 }) }, { additionalProperties: false });
