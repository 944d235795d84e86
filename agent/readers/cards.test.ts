import { describe, expect, test } from 'vitest';
import { Cards, SAME_CARD_MS } from './cards.ts';
import type { Reading } from './port.ts';

const card = (number: string): Extract<Reading, { ok: true }> => ({ ok: true, presentation: { proof: 'identifier', number } });
const a = card('0A0A0A0A');
const b = card('0B0B0B0B');
const bad: Reading = { ok: false, why: 'no-answer' };

describe('cards on readers', () => {
  test('a card that is laid down is one tap, however long it lies there', () => {
    const cards = new Cards();
    expect(cards.read('r', a, false, 0)).toEqual({ taps: [a], removed: [] });
    expect(cards.read('r', a, false, 3_600_000)).toEqual({ taps: [], removed: [] });
    expect(cards.lying).toEqual([a.presentation]);
  });

  test('a card that lay there when its reader came into view is no tap, and its removal is seen', () => {
    const cards = new Cards();
    expect(cards.read('r', a, true, 0)).toEqual({ taps: [], removed: [] });
    cards.empty('r', 10);
    expect(cards.settle(10 + SAME_CARD_MS).removed).toEqual([a.presentation]);
    expect(cards.lying).toEqual([]);
  });

  test('a card that flutters at the edge of the field is one tap; one that is held up again is another', () => {
    const cards = new Cards();
    let taps = cards.read('r', a, false, 0).taps.length;
    for (let at = 20; at < 2_000; at += 40) {
      cards.empty('r', at);
      expect(cards.settle(at + 10).removed).toEqual([]);
      taps += cards.read('r', a, false, at + 20).taps.length;
    }
    expect(taps).toBe(1);
    cards.empty('r', 5_000);
    expect(cards.dueMs).toBe(5_000 + SAME_CARD_MS);
    expect(cards.read('r', a, false, 5_000 + SAME_CARD_MS)).toEqual({ taps: [a], removed: [a.presentation] });
  });

  test('another card takes the place of the one before', () => {
    const cards = new Cards();
    cards.read('r', a, false, 0);
    cards.empty('r', 10);
    expect(cards.read('r', b, false, 20)).toEqual({ taps: [b], removed: [a.presentation] });
  });

  test('a card on two readers is gone when it has left both; an unplugged reader takes its card with it', () => {
    const cards = new Cards();
    cards.read('r', a, false, 0);
    cards.read('s', a, false, 0);
    expect(cards.lying).toHaveLength(1);
    expect(cards.unplugged('r').removed).toEqual([]);
    expect(cards.unplugged('s').removed).toEqual([a.presentation]);
    expect(cards.unplugged('s').removed).toEqual([]);
  });

  test('what can’t be read is told, but not when it lay there before', () => {
    const cards = new Cards();
    expect(cards.read('r', bad, false, 0).taps).toEqual([bad]);
    expect(cards.read('r', bad, true, 0).taps).toEqual([]);
    cards.read('r', a, false, 0);
    expect(cards.read('r', bad, false, 1).removed).toEqual([a.presentation]);
  });
});
