/**
 * How a policy wants the screens: the languages that they offer, the first to begin with, the site's name and helpdesk, and a colour
 * of a closed set. Looks only: nothing here may decide over who comes in, what runs or what is recorded, and no picture of a site is
 * taken (docs/decisions.md).
 */
import Type, { type Static } from 'typebox';
import { Label } from './scalars.ts';

/** The languages that the screens have words for. */
export const Language = Type.Union([Type.Literal('en'), Type.Literal('de')]);

/** The first is the seat's own; renderer/theme/accents.css has the others, and a test computes the contrast of each. */
export const Accent = Type.Union(
  [Type.Literal('petrol'), Type.Literal('blue'), Type.Literal('green'), Type.Literal('plum'), Type.Literal('slate')],
  { description: 'Colour of buttons and marks, from a set whose contrast is checked (petrol).' },
);

export const Looks = Type.Object({
  languages: Type.Array(Language, { minItems: 1, maxItems: 2 }),
  siteName: Type.Union([Type.Null(), Type.String({ minLength: 1, maxLength: 60 })]),
  helpdeskLine: Type.Union([Type.Null(), Label]),
  accent: Accent,
});

export type Language = Static<typeof Language>;
export type Accent = Static<typeof Accent>;
export type Looks = Static<typeof Looks>;
