/**
 * How far a seat holds what runs on it to its policy, as the fleet is told: the mode and the names of the layers that are missing. The
 * sentences about them belong to whoever shows them.
 */
import Type, { type Static } from 'typebox';
import { Id } from './scalars.ts';

export const EnforcementState = Type.Object(
  {
    mode: Type.Union([Type.Literal('enforced'), Type.Literal('degraded.no-root'), Type.Literal('refusing')]),
    missing: Type.Array(Id, { maxItems: 20 }),
  },
  { additionalProperties: false },
);
export type EnforcementState = Static<typeof EnforcementState>;

/** A seat tells it when it connects and whenever it changes. */
export const EnforcementReport = Type.Object(
  { kind: Type.Literal('enforcement'), ...EnforcementState.properties },
  { additionalProperties: false },
);
export type EnforcementReport = Static<typeof EnforcementReport>;
