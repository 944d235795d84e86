import { describe, expect, it } from 'vitest';
import type { Message, MessageKey } from '../../contract/seat-view.ts';
import { MessageKey as messageKeys } from '../../contract/seat-view.ts';
import { de } from './de.ts';
import { en, type WordKey } from './en.ts';
import { PSEUDO_CLOSE, PSEUDO_OPEN, pseudo, pseudoCatalogue } from './pseudo.ts';
import { messageText, textFor } from './text.ts';

const keys = Object.keys(en) as WordKey[];
const samples = {
  percent: 150,
  initials: 'A.R.',
  time: '14:32',
  days: 3,
  day: 'Monday',
  version: 7,
  n: 2,
  age: '3 h',
  tries: 2,
  seconds: 30,
  min: 6,
  name: 'Anna',
  seat: 'Bay 2',
  when: '06:40',
  app: 'Calculator',
  minutes: 15,
  helpdesk: '4 0400',
  code: 'X',
  roles: 'Lead nurse',
  number: 2,
  megabytes: 64,
  reader: 'Reader',
  waiting: 3,
};
const saidIn = (catalogue: object): ReadonlyMap<string, string> =>
  new Map(Object.entries(catalogue).map(([key, words]) => [key, typeof words === 'function' ? String(words(samples)) : String(words)]));

describe('the catalogues', () => {
  it.each([
    ['de', de],
    ['pseudo', pseudoCatalogue()],
  ])('%s has every key, of the same kind, and no other', (_name, catalogue) => {
    expect(Object.keys(catalogue).sort()).toEqual([...keys].sort());
    for (const key of keys) expect(typeof catalogue[key]).toBe(typeof en[key]);
  });

  it('say something everywhere, use what they are given, and leave nothing undefined', () => {
    for (const catalogue of [en, de, pseudoCatalogue()]) {
      for (const [key, said] of saidIn(catalogue)) {
        expect(said.trim(), key).not.toBe('');
        expect(said, key).not.toMatch(/undefined|null|NaN|\[object/);
      }
    }
  });

  it('are really translated', () => {
    const english = saidIn(en);
    const same = [...saidIn(de)].filter(([key, said]) => english.get(key) === said).map(([key]) => key);
    expect(same).toEqual(['app.title', 'pin.ok', 'message.code']);
  });

  it('have a sentence for every message of the agent', () => {
    const all = messageKeys.anyOf.map((literal) => literal.const as MessageKey);
    expect(all.length).toBeGreaterThan(10);
    for (const locale of ['en', 'de', 'pseudo'] as const) {
      for (const key of all) {
        const said = messageText(textFor(locale), { key, params: {} });
        expect(said).not.toMatch(/undefined|message\./);
        expect(said).toMatch(/[.⟧]$/);
      }
    }
  });

  it.each(['store.broken', 'store.full', 'policy.expired', 'staff.tooOld', 'clock.wrong'] as const)(
    'promise emergency access with %s only as far as it is there',
    (key) => {
      const said = (locale: 'en' | 'de', params: Message['params']): string => messageText(textFor(locale), { key, params });
      expect(said('en', {})).not.toMatch(/emergency/i);
      expect(said('de', {})).not.toMatch(/Notfall/);
      expect(said('en', { emergency: 'works' })).toMatch(/\. Emergency access works\.$/);
      expect(said('de', { emergency: 'works' })).toMatch(/\. Der Notfallzugang geht\.$/);
      expect(said('en', { emergency: 'ifRecorded' })).toMatch(/\. Emergency access opens only if it can be recorded\.$/);
      expect(said('de', { emergency: 'ifRecorded' })).toMatch(/\. Der Notfallzugang öffnet nur, wenn er aufgezeichnet werden kann\.$/);
    },
  );

  it('knows one from many', () => {
    expect(textFor('en')('message.pin.wrong', { tries: 1 })).toBe('Wrong PIN. 1 try left.');
    expect(textFor('en')('message.pin.wrong', { tries: 2 })).toBe('Wrong PIN. 2 tries left.');
    expect(textFor('de')('message.pin.wrong', { tries: 1 })).toBe('Falsche PIN. Noch 1 Versuch.');
  });

  it('the pseudo-locale is longer, accented and bracketed', () => {
    const said = pseudo('Tap your badge.');
    expect(said.startsWith(PSEUDO_OPEN) && said.endsWith(PSEUDO_CLOSE)).toBe(true);
    expect(said.length).toBeGreaterThan('Tap your badge.'.length * 1.3);
    expect(said).not.toMatch(/[a-z]/);
  });
});
