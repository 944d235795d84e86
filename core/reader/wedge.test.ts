import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { releaseDue, WEDGE_ENTER_GAP_MS, WEDGE_IDLE, WEDGE_MAX_GAP_MS, WEDGE_MAX_LENGTH, type WedgeState, wedgeKey } from './wedge.ts';

interface Typed {
  readonly field: string;
  /** What was read; `overlong` stands for a badge that was too long. */
  readonly badges: readonly string[];
}

/** Plays keys with their gaps, with the same timer that the gate uses, and says what reached the field. */
function play(keys: readonly { readonly key: string; readonly gap: number }[]): Typed {
  let state: WedgeState = WEDGE_IDLE;
  let at = 1000;
  let field = '';
  const badges: string[] = [];
  const tick = (now: number): void => {
    const step = releaseDue(state, now);
    field += step.release;
    state = step.state;
  };
  for (const { key, gap } of keys) {
    // The timer fires at its own time, so between two keys it may have fired.
    const due = releaseDue(state, at).due;
    if (due !== null && due <= at + gap) tick(due);
    at += gap;
    const step = wedgeKey(state, key === 'Enter' ? { kind: 'enter' } : { kind: 'character', character: key }, at);
    field += step.release;
    if (!step.hold) field += key === 'Enter' ? '\n' : key;
    if (step.badge !== null) badges.push(step.badge === 'overlong' ? 'overlong' : step.badge.number);
    state = step.state;
  }
  tick(at + 10 * WEDGE_ENTER_GAP_MS);
  return { field, badges };
}

const burst = (text: string, gap: number, enterGap = gap): { key: string; gap: number }[] => [
  ...[...text].map((key) => ({ key, gap })),
  { key: 'Enter', gap: enterGap },
];

describe('the wedge reader', () => {
  it('recognises a badge and keeps every character of it from the field', () => {
    expect(play(burst('04A1B2C3D4', 5))).toEqual({ field: '', badges: ['04A1B2C3D4'] });
  });

  it('takes one slow key in the middle of a burst', () => {
    const keys = burst('04A1B2C3D4', 5);
    keys[4] = { key: 'B', gap: WEDGE_MAX_GAP_MS };
    expect(play(keys).badges).toEqual(['04A1B2C3D4']);
  });

  it('waits for a late Enter', () => {
    expect(play(burst('04A1B2', 5, WEDGE_ENTER_GAP_MS)).badges).toEqual(['04A1B2']);
    expect(play(burst('04A1B2', 5, WEDGE_ENTER_GAP_MS + 1)).badges).toEqual([]);
  });

  it('is no badge below six characters, and the text reaches its field whole', () => {
    expect(play(burst('04A1B', 5))).toEqual({ field: '04A1B\n', badges: [] });
  });

  it('recognises a badge that comes while a person types', () => {
    const keys = [
      { key: 'h', gap: 200 },
      { key: 'i', gap: 130 },
      ...burst('04A1B2C3D4', 8).map((key, i) => (i === 0 ? { ...key, gap: 300 } : key)),
    ];
    expect(play(keys)).toEqual({ field: 'hi', badges: ['04A1B2C3D4'] });
  });

  it('escape 43 locked: a burst of 4,096 characters is swallowed whole', () => {
    expect(play(burst('9'.repeat(4096), 3))).toEqual({ field: '', badges: ['overlong'] });
    expect(play([...'9'.repeat(4096)].map((key) => ({ key, gap: 3 }))).field).toBe('');
  });

  it('gives every character of a person to the field, in order, whatever the text', () => {
    const person = fc.array(
      fc.record({ key: fc.constantFrom(...'0123456789abcXYZ äß', 'Enter'), gap: fc.integer({ min: 80, max: 2000 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(person, (keys) => {
        const typed = play(keys);
        expect(typed.badges).toEqual([]);
        expect(typed.field).toBe(keys.map(({ key }) => (key === 'Enter' ? '\n' : key)).join(''));
      }),
    );
  });

  it('never lets a character of a recognised badge through, whatever the gaps of the reader', () => {
    const digits = fc.stringMatching(/^[0-9A-F]{6,64}$/);
    fc.assert(
      fc.property(digits, fc.array(fc.integer({ min: 1, max: 18 }), { minLength: 66, maxLength: 66 }), (number, gaps) => {
        const keys = burst(number, 1).map((key, i) => ({ ...key, gap: gaps[i] ?? 1 }));
        expect(play(keys)).toEqual({ field: '', badges: [number] });
      }),
    );
    expect(play(burst('7'.repeat(WEDGE_MAX_LENGTH), 4)).badges).toEqual(['7'.repeat(WEDGE_MAX_LENGTH)]);
  });
});
