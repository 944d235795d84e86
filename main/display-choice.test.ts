/** How the screens look: as the policy and the start say, or as a person chose, and for how long. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DisplaySettings } from '../contract/bridge.ts';
import { choose, type DisplayFacts, type DisplayState, heard, initialDisplay, shown } from './display-choice.ts';

const start: DisplaySettings = { locale: 'en', theme: 'auto', textPercent: 100 };
const both: DisplayFacts = { offered: ['de', 'en'], sessionId: null, isOpen: false };
const anna: DisplayFacts = { ...both, sessionId: 'anna', isOpen: true };
const annaKept: DisplayFacts = { ...anna, isOpen: false };
const ben: DisplayFacts = { ...both, sessionId: 'ben', isOpen: true };
const started = initialDisplay('kiosk', start);
const startedIn = (locale: 'en' | 'de'): DisplayState => initialDisplay('kiosk', { ...start, locale });
const after = (state: DisplayState, ...views: readonly DisplayFacts[]): DisplayState => views.reduce(heard, state);
const spoken = (state: DisplayState): DisplaySettings['locale'] => shown(state).locale;
const speak = (state: DisplayState, locale: DisplaySettings['locale'], session: string | null): DisplayState =>
  choose(state, { ...shown(state), locale }, session);

describe('the language of the screens', () => {
  test('is that of the start until a policy is known, then the policy’s first', () => {
    expect(spoken(started)).toBe('en');
    expect(spoken(startedIn('de'))).toBe('de');
    expect(spoken(after(started, both))).toBe('de');
    expect(spoken(after(startedIn('de'), { ...both, offered: ['en'] }))).toBe('en');
  });

  test('a person’s choice holds through a lock and back, and ends with the session', () => {
    const chosen = speak(after(started, both, anna), 'en', 'anna');
    expect(spoken(chosen)).toBe('en');
    expect(spoken(after(chosen, annaKept, anna))).toBe('en');
    expect(spoken(after(chosen, both))).toBe('de');
    expect(spoken(after(chosen, annaKept, ben))).toBe('de');
  });

  test('a choice before the session is theirs whose session comes next, and ends with it', () => {
    const chosen = speak(after(started, both), 'en', null);
    expect(spoken(after(chosen, both, anna, annaKept, anna))).toBe('en');
    expect(spoken(after(chosen, anna, both))).toBe('de');
    // Over kept work: of whoever opens the seat then.
    const over = speak(after(started, anna, annaKept), 'en', null);
    expect(spoken(after(over, ben))).toBe('en');
    expect(spoken(after(over, ben, both))).toBe('de');
  });

  test('one that the policy takes away falls back to its first at once', () => {
    const chosen = speak(after(started, anna), 'en', 'anna');
    expect(spoken(after(chosen, { ...anna, offered: ['de'] }))).toBe('de');
  });

  test('what the policy does not offer can’t be chosen, nor what nobody speaks on a locked seat', () => {
    const german = after(started, { ...both, offered: ['de'] });
    expect(spoken(speak(german, 'en', null))).toBe('de');
    expect(spoken(speak(german, 'pseudo', null))).toBe('de');
    expect(spoken(speak(after(initialDisplay('rehearsal', start), both), 'pseudo', null))).toBe('pseudo');
  });

  test('is always one that the policy offers, whatever happens in whatever order', () => {
    const facts = fc.record({
      offered: fc.constantFrom<DisplayFacts['offered']>(['en'], ['de'], ['en', 'de'], ['de', 'en']),
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
          state = 'locale' in move ? speak(state, move.locale, move.session) : heard(state, move);
          if (state.offered !== null) expect(state.offered).toContain(spoken(state));
        }
      }),
    );
  });
});

describe('theme and size of text', () => {
  const large: DisplaySettings = { locale: 'de', theme: 'dark', textPercent: 200 };

  test('are as a person chose them through a lock and back, and as at the start for the next one', () => {
    const chosen = choose(after(started, both, anna), large, 'anna');
    expect(shown(after(chosen, annaKept, anna))).toEqual(large);
    expect(shown(after(chosen, both))).toEqual({ ...start, locale: 'de' });
    expect(shown(after(chosen, annaKept, ben))).toEqual({ ...start, locale: 'de' });
  });

  test('chosen to be able to sign in, they stay for that session', () => {
    const chosen = choose(after(started, both), large, null);
    expect(shown(after(chosen, anna))).toEqual(large);
    expect(shown(after(chosen, anna, both))).toEqual({ ...start, locale: 'de' });
  });

  test('chosen alone, they choose no language: that follows the policy', () => {
    const chosen = choose(after(started, both, anna), large, 'anna');
    expect(shown(after(chosen, { ...anna, offered: ['en', 'de'] }))).toEqual({ ...large, locale: 'en' });
  });
});
