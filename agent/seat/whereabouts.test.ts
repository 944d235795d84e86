/** The week begins on Monday, and the clock is the seat's own. */
import { describe, expect, test } from 'vitest';
import { whereabouts } from './whereabouts.ts';

const bay = { ward: { id: 'icu' }, seatName: 'Bay 4' };

describe('whereabouts', () => {
  test.each([
    [new Date(2030, 6, 7, 23, 59), 'sun', 23 * 60 + 59],
    [new Date(2030, 6, 8, 0, 0), 'mon', 0],
    [new Date(2030, 6, 13, 12, 30), 'sat', 12 * 60 + 30],
  ])('at %s', (at, day, minute) => expect(whereabouts(bay, at.getTime())).toEqual({ ward: 'icu', seat: 'Bay 4', day, minute }));
  test('of a seat that is not enrolled fit no ward', () => expect(whereabouts(null, 0)).toMatchObject({ ward: '', seat: '' }));
});
