import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPlace, writePlace } from './address.ts';
import { spanOf, spread } from './layout.ts';

test('marks keep their order, stay on the lane and never lie on each other', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 300 }), (given) => {
      const times = given.toSorted((a, b) => a - b);
      const places = spread(times, { from: times[0] ?? 0, to: times.at(-1) ?? 0 });
      places.forEach((place, at) => {
        expect(place).toBeGreaterThanOrEqual(-1e-6);
        expect(place).toBeLessThanOrEqual(100);
        if (at > 0) expect(place).toBeGreaterThan(places[at - 1] ?? 0);
      });
    }),
  );
});

test('a gap with an open end leaves room at the right', () => {
  const event = { seq: 0, at: '2026-01-01T00:00:00Z', lane: 'who', type: 't', says: '', proof: 'verified', body: '{}' } as const;
  const later = { ...event, seq: 1, at: '2026-01-01T00:01:30Z' };
  const gap = { from: 2, to: 4, state: 'pending', after: later.at, before: null, says: '' } as const;
  expect(spanOf([event, later], [gap]).to).toBe(Date.parse('2026-01-01T00:01:40Z'));
  expect(spanOf([event, later], []).to).toBe(Date.parse(later.at));
});

test('what is shown survives the address and back', () => {
  const place = {
    search: { person: 'n.ada', seat: 'Bay 4 & 5', from: '2026-01-01T00:00:00.000Z', to: '' },
    story: { workstation: 'a', session: 'b' },
  };
  expect(readPlace(writePlace(place))).toEqual(place);
  expect(writePlace({ search: { person: '', seat: '', from: '', to: '' }, story: null })).toBe('.');
});
