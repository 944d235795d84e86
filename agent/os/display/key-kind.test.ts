import { expect, test } from 'vitest';
import { isBarKey, wedgeKeyOf } from './key-kind.ts';

const [SHIFT, CONTROL, ALT, SUPER] = [1, 4, 8, 64];

test.each([
  ['a letter', { symbol: 0x61, text: 'a', modifiers: 0 }, { kind: 'character', character: 'a' }],
  ['a capital', { symbol: 0x41, text: 'A', modifiers: SHIFT }, { kind: 'character', character: 'A' }],
  ['a digit of the keypad', { symbol: 0xffb7, text: '7', modifiers: 16 }, { kind: 'character', character: '7' }],
  ['an umlaut', { symbol: 0xe4, text: 'ä', modifiers: 0 }, { kind: 'character', character: 'ä' }],
  ['a third level', { symbol: 0x40, text: '@', modifiers: CONTROL + ALT }, { kind: 'character', character: '@' }],
  ['Enter', { symbol: 0xff0d, text: '\r', modifiers: 0 }, { kind: 'enter' }],
  ['Enter of the keypad', { symbol: 0xff8d, text: '\r', modifiers: 0 }, { kind: 'enter' }],
  ['Linefeed', { symbol: 0xff0a, text: '\n', modifiers: 0 }, { kind: 'enter' }],
  ['Tab', { symbol: 0xff09, text: '\t', modifiers: 0 }, { kind: 'tab' }],
  ['a command', { symbol: 0x63, text: 'c', modifiers: ALT }, { kind: 'other' }],
  ['a command with Control', { symbol: 0x63, text: '\x03', modifiers: CONTROL }, { kind: 'other' }],
  ['a command with Super', { symbol: 0x63, text: 'c', modifiers: SUPER }, { kind: 'other' }],
  ['an arrow', { symbol: 0xff51, text: '', modifiers: 0 }, { kind: 'other' }],
  ['Escape', { symbol: 0xff1b, text: '\x1b', modifiers: 0 }, { kind: 'other' }],
  ['Shift', { symbol: 0xffe1, text: '', modifiers: 0 }, undefined],
  ['Caps Lock', { symbol: 0xffe5, text: '', modifiers: 0 }, undefined],
])('%s', (_name, key, kind) => {
  expect(wedgeKeyOf(key)).toEqual(kind);
});

test('the Super keys lead to the session bar, and no other key does', () => {
  const symbols = [0xffeb, 0xffec, 0x61, 0xffe3];
  expect(symbols.map((symbol) => isBarKey({ symbol, text: '', modifiers: 0 }))).toEqual([true, true, false, false]);
});
