import { expect, test } from 'vitest';
import { zeroed } from './bytes.ts';

test('pieces of shared memory are zeroed, of the length asked for, and never the same twice', () => {
  const lengths = [1, 316, 416, 20_000, 16_384, 416, 70_000, ...Array.from({ length: 200 }, () => 416)];
  const pieces = lengths.map((length) => zeroed(length));
  expect(pieces.map(({ length }) => length)).toEqual(lengths);
  for (const [at, piece] of pieces.entries()) {
    expect(
      piece.every((byte) => byte === 0),
      `piece ${at}`,
    ).toBe(true);
    piece.fill(at + 1);
  }
  for (const [at, piece] of pieces.entries())
    expect(
      piece.every((byte) => byte === ((at + 1) & 0xff)),
      `piece ${at}`,
    ).toBe(true);
});
