/**
 * How a policy wants the screens: the languages that they offer, the first to begin with. Looks only: nothing here may decide over
 * who comes in, what runs or what is recorded.
 */
import Type, { type Static } from 'typebox';

/** The languages that the screens have words for. */
export const Language = Type.Union([Type.Literal('en'), Type.Literal('de')]);

export const Looks = Type.Object({ languages: Type.Array(Language, { minItems: 1, maxItems: 2 }) });

export type Language = Static<typeof Language>;
export type Looks = Static<typeof Looks>;
