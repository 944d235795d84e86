/** Picks the words of a language and keeps keys and their parameters typed. It must never build a sentence from pieces. */
import type { DisplaySettings } from '../../contract/bridge.ts';
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

/** What the agent asks the screen to say, and what emergency access is left where it says so. Never more than the agent knows of it. */
export function messageText(t: Text, message: Message): string {
  const { emergency } = message.params;
  const said = sentenceOf(t, message);
  return emergency === 'works' || emergency === 'ifRecorded' ? `${said} ${t(`message.emergency.${emergency}`)}` : said;
}

/** Parameters that are missing leave a sentence that is still whole. */
function sentenceOf(t: Text, { key, params }: Message): string {
  const app = typeof params['app'] === 'string' ? params['app'] : t('message.anApp');
  const number = (name: string): number => (typeof params[name] === 'number' ? params[name] : 0);
  switch (key) {
    case 'pin.wrong':
      return t('message.pin.wrong', { tries: number('tries') });
    case 'code.wait':
    case 'pin.wait':
      return t(`message.${key}`, { seconds: Math.ceil(number('seconds')) });
    case 'session.taken':
      return t('message.session.taken', { seat: typeof params['seat'] === 'string' ? params['seat'] : t('message.otherSeat') });
    case 'app.refused':
    case 'app.changed':
    case 'app.failed':
    case 'download.notAllowed':
    case 'download.address':
    case 'print.sent':
    case 'print.notAllowed':
    case 'print.tooMany':
    case 'print.frame':
      return t(`message.${key}`, { app });
    case 'download.saved':
      return t('message.download.saved', { app, number: number('number') });
    case 'download.tooLarge':
      return t('message.download.tooLarge', { megabytes: number('megabytes') });
    default:
      return t(`message.${key}`);
  }
}
