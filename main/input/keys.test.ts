import { describe, expect, it } from 'vitest';
import { isBarKey, judgeKey, type KeyInput } from './keys.ts';

/** `Ctrl+Shift+I` as Electron reports it. */
function press(chord: string): KeyInput {
  const parts = chord
    .replace(/\+\+$/, '+plus')
    .split('+')
    .map((part) => (part === 'plus' ? '+' : part));
  const key = parts.pop() ?? '';
  const has = (name: string): boolean => parts.includes(name);
  return {
    type: 'keyDown',
    key: key === 'Space' ? ' ' : key === 'Super' ? 'Meta' : key,
    code: key,
    control: has('Ctrl'),
    alt: has('Alt'),
    shift: has('Shift'),
    meta: has('Super') || key === 'Super',
    isComposing: false,
  };
}

describe('keys that reach a page', () => {
  it.each([
    'a',
    'A',
    '7',
    'ß',
    ' ',
    'Enter',
    'Backspace',
    'Tab',
    'Shift+Tab',
    'Escape',
    'ArrowLeft',
    'Ctrl+a',
    'Ctrl+v',
    'Ctrl+Backspace',
    'Ctrl+Alt+@',
    'Shift',
  ])('lets %s through', (chord) => {
    expect(judgeKey(press(chord), 'seat')).toEqual({ allowed: true });
  });

  const escapes: readonly (readonly [number, readonly string[]])[] = [
    [1, ['Alt+F4', 'Alt+Tab', 'Alt+Escape', 'Alt+Space']],
    [2, ['Ctrl+Alt+Delete']],
    [3, ['Ctrl+Shift+Escape', 'Ctrl+Escape']],
    [4, ['Super', 'Super+r', 'Super+e', 'Super+d', 'Super+l', 'Super+Tab', 'Super+x']],
    [6, ['F11', 'F12', 'Ctrl+Shift+I', 'Ctrl+Shift+J', 'Ctrl+Shift+C', 'Ctrl+r', 'Ctrl+Shift+R', 'Ctrl+w', 'Ctrl+q']],
    [7, ['Ctrl+n', 'Ctrl+t', 'Ctrl+o', 'Ctrl+s', 'Ctrl+p', 'Ctrl+h', 'Ctrl+l', 'Ctrl+u', 'F1', 'Shift+F10', 'ContextMenu']],
    [8, ['Ctrl++', 'Ctrl+-', 'Ctrl+0', 'Ctrl+=']],
    [10, ['Ctrl+Alt+F1', 'Ctrl+Alt+F12', 'Ctrl+Alt+Backspace']],
  ];
  for (const [number, chords] of escapes) {
    it.each(chords)(`escape ${number}: keeps %s from the seat and from web apps, and names it`, (chord) => {
      for (const place of ['seat', 'web'] as const) {
        const verdict = judgeKey(press(chord), place);
        expect(verdict).toMatchObject({ allowed: false });
        if (!verdict.allowed) expect(verdict.name.toLowerCase()).toBe(chord.toLowerCase());
      }
    });
  }

  it('escape 7: F3 is the web app’s own, and nobody’s at the seat', () => {
    expect(judgeKey(press('F3'), 'web')).toEqual({ allowed: true });
    expect(judgeKey(press('F3'), 'seat')).toEqual({ allowed: false, name: 'F3' });
  });

  it('never names a plain character', () => {
    for (const key of '0123456789abcdefghijklmnopqrstuvwxyz') expect(judgeKey(press(key), 'seat')).toEqual({ allowed: true });
  });
});

describe('the key that leads to the session bar', () => {
  it.each([
    ['Super', true],
    ['Shift+Super', false],
    ['Ctrl+Super', false],
    ['Super+e', false],
    ['Alt', false],
    ['F6', false],
  ])('%s: %s', (chord, isOne) => {
    expect(isBarKey(press(chord))).toBe(isOne);
  });
});
