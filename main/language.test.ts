/** Whose language the screens speak: the policy's first, or the one that a person chose of it, and for how long. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choose, heard, initialLanguage, type LanguageFacts, type LanguageState, spoken } from './language.ts';

const both: LanguageFacts = { offered: ['de', 'en'], sessionId: null, isOpen: false };
const anna: LanguageFacts = { ...both, sessionId: 'anna', isOpen: true };
const annaKept: LanguageFacts = { ...anna, isOpen: false };
const ben: LanguageFacts = { ...both, sessionId: 'ben', isOpen: true };
const started = initialLanguage('kiosk', 'en');
const after = (state: LanguageState, ...views: readonly LanguageFacts[]): LanguageState => views.reduce(heard, state);

describe('the language of the screens', () => {
  test('is that of the start until a policy is known, then the policy’s first', () => {
    expect(spoken(started)).toBe('en');
    expect(spoken(initialLanguage('kiosk', 'de'))).toBe('de');
    expect(spoken(after(started, both))).toBe('de');
    expect(spoken(after(initialLanguage('kiosk', 'de'), { ...both, offered: ['en'] }))).toBe('en');
  });

  test('a person’s choice holds through a lock and back, and ends with the session', () => {
    const chosen = choose(after(started, both, anna), 'en', 'anna');
    expect(spoken(chosen)).toBe('en');
    expect(spoken(after(chosen, annaKept, anna))).toBe('en');
    expect(spoken(after(chosen, both))).toBe('de');
    expect(spoken(after(chosen, annaKept, ben))).toBe('de');
  });

  test('a choice before the session is theirs whose session comes next, and ends with it', () => {
    const chosen = choose(after(started, both), 'en', null);
    expect(spoken(after(chosen, both, anna, annaKept, anna))).toBe('en');
    expect(spoken(after(chosen, anna, both))).toBe('de');
    // Over kept work: of whoever opens the seat then.
    const over = choose(after(started, anna, annaKept), 'en', null);
    expect(spoken(after(over, ben))).toBe('en');
    expect(spoken(after(over, ben, both))).toBe('de');
  });

  test('one that the policy takes away falls back to its first at once', () => {
    const chosen = choose(after(started, anna), 'en', 'anna');
    expect(spoken(after(chosen, { ...anna, offered: ['de'] }))).toBe('de');
  });

  test('what the policy does not offer can’t be chosen, nor what nobody speaks on a locked seat', () => {
    const german = after(started, { ...both, offered: ['de'] });
    expect(choose(german, 'en', null)).toBe(german);
    expect(choose(german, 'pseudo', null)).toBe(german);
    expect(spoken(choose(after(initialLanguage('rehearsal', 'en'), both), 'pseudo', null))).toBe('pseudo');
  });

  test('is always one that the policy offers, whatever happens in whatever order', () => {
    const facts = fc.record({
      offered: fc.constantFrom<LanguageFacts['offered']>(['en'], ['de'], ['en', 'de'], ['de', 'en']),
      sessionId: fc.constantFrom(null, 'anna', 'ben'),
      isOpen: fc.boolean(),
    });
    const choice = fc.record({
      locale: fc.constantFrom('en' as const, 'de' as const, 'pseudo' as const),
      session: fc.constantFrom(null, 'anna'),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(facts, choice), { maxLength: 20 }), (moves) => {
        let state = started;
        for (const move of moves) {
          state = 'locale' in move ? choose(state, move.locale, move.session) : heard(state, move);
          if (state.offered !== null) expect(state.offered).toContain(spoken(state));
        }
      }),
    );
  });
});
