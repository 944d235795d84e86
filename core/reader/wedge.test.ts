import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  releaseDue,
  USUAL_RHYTHM,
  WEDGE_IDLE,
  WEDGE_MAX_LENGTH,
  type WedgeKey,
  type WedgeState,
  type WedgeStep,
  wedgeKey,
} from './wedge.ts';

interface Typed {
  readonly field: string;
  /** What was read; `overlong` stands for a badge that was too long. */
  readonly badges: readonly string[];
}

/** Plays keys with their gaps, with the same timer that the gate uses, and says what reached the field. `lateMs` of the first one. */
function play(keys: readonly { readonly key: string; readonly gap: number }[], rhythm = USUAL_RHYTHM, lateMs = 0): Typed {
  let state: WedgeState = WEDGE_IDLE;
  let at = 1000;
  let field = '';
  const badges: string[] = [];
  const note = (badge: WedgeStep['badge']): void => {
    if (badge !== null) badges.push(badge === 'overlong' ? 'overlong' : badge.number);
  };
  const tick = (now: number): void => {
    const step = releaseDue(state, now, rhythm);
    field += step.release;
    note(step.badge);
    state = step.state;
  };
  for (const { key, gap } of keys) {
    // The timer fires at its own time, so between two keys it may have fired.
    const due = releaseDue(state, at, rhythm).due;
    if (due !== null && due <= at + gap) tick(due);
    at += gap;
    const step = wedgeKey(state, keyOf(key, lateMs), at, rhythm);
    field += step.release;
    if (!step.hold) field += key === 'Enter' ? '\n' : key === 'Tab' ? '\t' : key;
    note(step.badge);
    state = step.state;
  }
  tick(at + 10 * USUAL_RHYTHM.endGapMs);
  return { field, badges };
}

function keyOf(key: string, lateMs: number): WedgeKey {
  if (key === 'Enter') return { kind: 'enter' };
  return key === 'Tab' ? { kind: 'tab' } : { kind: 'character', character: key, lateMs };
}

const burst = (text: string, gap: number, enterGap = gap): { key: string; gap: number }[] => [
  ...[...text].map((key) => ({ key, gap })),
  { key: 'Enter', gap: enterGap },
];

describe('the wedge reader', () => {
  it('recognises a badge and keeps every character of it from the field', () => {
    expect(play(burst('04A1B2C3D4', 5))).toEqual({ field: '', badges: ['04A1B2C3D4'] });
  });

  it('ends a number as the policy says: by Tab, or by silence', () => {
    const tabbed = [...burst('04A1B2C3D4', 5).slice(0, -1), { key: 'Tab', gap: 5 }];
    expect(play(tabbed, { ...USUAL_RHYTHM, terminator: 'tab' })).toEqual({ field: '', badges: ['04A1B2C3D4'] });
    expect(play(tabbed).badges).toEqual([]);
    const bare = burst('04A1B2C3D4', 5).slice(0, -1);
    const silent = { ...USUAL_RHYTHM, terminator: 'none' } as const;
    expect(play(bare, silent)).toEqual({ field: '', badges: ['04A1B2C3D4'] });
    expect(play(burst('04A1B2C3D4', 5), silent)).toEqual({ field: '', badges: ['04A1B2C3D4'] });
    const next = bare.map((key, at) => (at === 0 ? { ...key, gap: silent.maxGapMs + 1 } : key));
    expect(play([...bare, ...next], silent)).toEqual({ field: '', badges: ['04A1B2C3D4', '04A1B2C3D4'] });
  });

  it('follows the rhythm that the policy gives for a slow reader', () => {
    const slow = burst('04A1B2', 40);
    expect(play(slow).badges).toEqual([]);
    expect(play(slow, { ...USUAL_RHYTHM, medianGapMs: 50, maxGapMs: 60 })).toEqual({ field: '', badges: ['04A1B2'] });
  });

  it('takes one slow key in the middle of a burst', () => {
    const keys = burst('04A1B2C3D4', 5);
    keys[4] = { key: 'B', gap: USUAL_RHYTHM.maxGapMs };
    expect(play(keys).badges).toEqual(['04A1B2C3D4']);
  });

  it('waits for a late Enter', () => {
    expect(play(burst('04A1B2', 5, USUAL_RHYTHM.endGapMs)).badges).toEqual(['04A1B2']);
    expect(play(burst('04A1B2', 5, USUAL_RHYTHM.endGapMs + 1)).badges).toEqual([]);
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
  });

  it('escape 43 locked: so it is where no end follows that the policy knows, and it is told', () => {
    const bare = [...'9'.repeat(4096)].map((key) => ({ key, gap: 3 }));
    expect(play(bare)).toEqual({ field: '', badges: ['overlong'] });
    expect(play([...bare, { key: 'Tab', gap: 3 }])).toEqual({ field: '\t', badges: ['overlong'] });
    expect(play([...bare, { key: 'h', gap: 300 }])).toEqual({ field: 'h', badges: ['overlong'] });
    expect(play([...bare, { key: 'Enter', gap: USUAL_RHYTHM.endGapMs + 1 }])).toEqual({ field: '\n', badges: ['overlong'] });
    expect(play(bare, { ...USUAL_RHYTHM, terminator: 'none' })).toEqual({ field: '', badges: ['overlong'] });
    const slow = [...'9'.repeat(4096)].map((key) => ({ key, gap: USUAL_RHYTHM.maxGapMs }));
    expect(play([...slow, { key: 'Enter', gap: 3 }])).toEqual({ field: '\n', badges: ['overlong'] });
  });

  it('leaves a PIN to its field that waited to be read and came all at once, whatever ends it', () => {
    const pin = burst('271828', 1);
    expect(play(pin)).toEqual({ field: '', badges: ['271828'] });
    expect(play(pin, USUAL_RHYTHM, 600)).toEqual({ field: '271828\n', badges: [] });
    const silent = { ...USUAL_RHYTHM, terminator: 'none' } as const;
    expect(play(pin.slice(0, -1), silent, 600)).toEqual({ field: '271828', badges: [] });
  });

  it('recognises a badge that waited, where no person could have typed it meanwhile', () => {
    expect(play(burst('04A1B2C3D4', 1), USUAL_RHYTHM, 400)).toEqual({ field: '', badges: ['04A1B2C3D4'] });
    expect(play(burst('9'.repeat(4096), 1), USUAL_RHYTHM, 60_000)).toEqual({ field: '', badges: ['overlong'] });
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
