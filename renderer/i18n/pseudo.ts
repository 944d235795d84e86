/**
 * A language nobody speaks: English with accents, a third longer, in brackets. What stands on a screen without brackets
 * was not translated; what does not fit will not fit in German either.
 */
import { type Catalogue, en, type WordKey } from './en.ts';

const PLAIN = 'abcdefghijklmnopqrstuvwxyzACEINOSUYZ';
const ACCENTED = 'åƀçđéƒĝĥîĵķļɱñôþǫŕšţûṽŵẋýžÅÇÉÎÑÓŠÛÝŽ';
const MAP = new Map([...PLAIN].map((character, at) => [character, [...ACCENTED][at] ?? character]));
/** Longer by this part, as translations from English are. */
const GROWTH = 0.35;

export const PSEUDO_OPEN = '⟦';
export const PSEUDO_CLOSE = '⟧';

export function pseudo(text: string): string {
  const accented = [...text].map((character) => MAP.get(character) ?? character).join('');
  const padding = '·'.repeat(Math.ceil(text.length * GROWTH));
  return `${PSEUDO_OPEN}${accented}${padding}${PSEUDO_CLOSE}`;
}

/** The whole catalogue in the language nobody speaks. */
export function pseudoCatalogue(): Catalogue {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `en` is a literal: its keys are the words' keys
  const entries = (Object.keys(en) as WordKey[]).map((key) => {
    const words: string | ((p: never) => string) = en[key];
    return [key, typeof words === 'string' ? pseudo(words) : (p: never) => pseudo(words(p))];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- same keys, same parameters: only the words differ
  return Object.fromEntries(entries) as Catalogue;
}
