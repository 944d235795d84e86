import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverShape, leftOpen, type Rect, warningCard, warningHole } from './frame.ts';

const BAR = 72;
const sizes = fc.record({ width: fc.integer({ min: 640, max: 3840 }), height: fc.integer({ min: 480, max: 2160 }) });
const covers = (shape: readonly Rect[], x: number, y: number): boolean =>
  shape.some((r) => x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height);

describe('the seat over an app', () => {
  it('covers every pixel when it is full', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        expect(coverShape(size, BAR, { kind: 'full' })).toEqual([{ x: 0, y: 0, ...size }]);
      }),
    );
  });

  it('always keeps the session bar, and leaves the app free below it', () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), (size, framed) => {
        const shape = coverShape(size, BAR, { kind: 'bar', framed });
        expect(covers(shape, size.width - 1, BAR - 1)).toBe(true);
        expect(covers(shape, size.width / 2, size.height / 2)).toBe(false);
        expect(covers(shape, 0, size.height - 1)).toBe(framed);
      }),
    );
  });

  it('shows a question in the middle and the app around it', () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), (size, framed) => {
        const shape = coverShape(size, BAR, { kind: 'card', framed, textPercent: 100 });
        expect(covers(shape, size.width / 2, BAR + (size.height - BAR) / 2)).toBe(true);
        expect(covers(shape, 0, BAR - 1)).toBe(true);
        expect(covers(shape, 20, size.height - 20)).toBe(false);
        expect(covers(shape, 0, size.height - 1)).toBe(framed);
      }),
    );
  });

  it('closes the warning ring as time runs out and keeps the card inside the screen', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), (size, left) => {
        const now = warningHole(size, BAR, left);
        const later = warningHole(size, BAR, left / 2);
        expect(later.width).toBeLessThanOrEqual(now.width);
        const card = warningCard(size, BAR, 200);
        expect(card.x).toBeGreaterThanOrEqual(0);
        expect(card.y).toBeGreaterThanOrEqual(BAR);
        expect(card.y + card.height).toBeLessThanOrEqual(size.height);
        const shape = coverShape(size, BAR, { kind: 'warning', left, textPercent: 200 });
        expect(covers(shape, 0, BAR + 1)).toBe(true);
        expect(covers(shape, card.x, card.y)).toBe(true);
      }),
    );
  });
});

describe('what the seat leaves open of a display', () => {
  const SEAT: Rect = { x: 0, y: 0, width: 1280, height: 800 };

  it('is nothing of one that shows the same or a part of it, and the whole of one beside it', () => {
    const beside: Rect = { x: 1280, y: 0, width: 1024, height: 768 };
    expect(leftOpen(SEAT, SEAT)).toEqual([]);
    expect(leftOpen({ x: 100, y: 0, width: 1024, height: 768 }, SEAT)).toEqual([]);
    expect(leftOpen(beside, SEAT)).toEqual([beside]);
  });

  it('is each point of it that the seat does not show, and none that it does', () => {
    const place = fc.integer({ min: -40, max: 40 });
    const length = fc.integer({ min: 1, max: 40 });
    const areas = fc.record({ x: place, y: place, width: length, height: length });
    fc.assert(
      fc.property(areas, areas, place, place, (display, seat, x, y) => {
        expect(covers(leftOpen(display, seat), x, y)).toBe(covers([display], x, y) && !covers([seat], x, y));
      }),
    );
  });
});
