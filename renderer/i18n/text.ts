/** Picks the words of a language and keeps keys and their parameters typed. It must never build a sentence from pieces. */
import type { DisplaySettings } from '../../contract/bridge.ts';
import { messageText as sentenceOf } from '../../contract/message-text.ts';
import type { Message } from '../../contract/seat-view.ts';
import { de } from './de.ts';
import { type Catalogue, en, type WordKey } from './en.ts';
import { pseudoCatalogue } from './pseudo.ts';

export type Locale = DisplaySettings['locale'];

type Arguments<K extends WordKey> = Catalogue[K] extends (p: infer P) => string ? [P] : [];

export interface Text {
  <K extends WordKey>(key: K, ...args: Arguments<K>): string;
  readonly locale: Locale;
  /** For dates and numbers. */
  readonly formats: string;
  readonly direction: 'ltr' | 'rtl';
}

const catalogues: Readonly<Record<Locale, () => Catalogue>> = {
  en: () => en,
  de: () => de,
  pseudo: pseudoCatalogue,
  'pseudo-rtl': pseudoCatalogue,
};

/** Dates and times are written as in Britain: a day before a month, 24 hours. */
const FORMATS: Readonly<Record<Locale, string>> = { en: 'en-GB', de: 'de-DE', pseudo: 'en-GB', 'pseudo-rtl': 'en-GB' };

export function textFor(locale: Locale): Text {
  const catalogue = catalogues[locale]();
  const say = <K extends WordKey>(key: K, ...args: Arguments<K>): string => {
    const words: unknown = catalogue[key];
    if (typeof words === 'string') return words;
    // oxlint-disable-next-line typescript/no-unsafe-call -- `Arguments` ties the parameter to the key; the compiler cannot follow it here
    return typeof words === 'function' ? String(words(args[0])) : key;
  };
  return Object.assign(say, {
    locale,
    formats: FORMATS[locale],
    direction: locale === 'pseudo-rtl' ? ('rtl' as const) : ('ltr' as const),
  });
}

/** What the agent asks the screen to say. */
export function messageText({ locale }: Text, message: Message): string {
  return sentenceOf(catalogues[locale](), message);
}
