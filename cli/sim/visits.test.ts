import { expect, test } from 'vitest';
import type { Person } from '../../contract/directory.ts';
import { SimVisits } from './visits.ts';

function person(id: string, change: Partial<Person> = {}): Person {
  const pin = { salt: `salt-${id}`, memoryKiB: 19_456, passes: 2, lanes: 1, output: '', digits: 6 };
  const names = { displayName: id, givenName: id, initials: id.slice(0, 1), role: 'nurse' };
  return { id, ...names, badges: [], pin, validFrom: null, validUntil: null, revoked: false, ...change };
}

/** A seat at which always the first of those who may comes in, with a clock that the test moves. */
function seat() {
  const clock = { ms: 1000 };
  const visits = new SimVisits({ random: () => 0, now: () => clock.ms });
  return { clock, visits };
}

test('nobody comes in where nobody can: an empty ward, no PIN, revoked', () => {
  const { visits } = seat();
  const before = visits.mark;
  expect(visits.signIn()).toBe(false);
  visits.know([person('ada', { pin: null }), person('ben', { revoked: true })]);
  expect(visits.signIn()).toBe(false);
  expect(visits.mark).toBe(before);
  expect(visits.told()).toEqual({ right: [], present: null });
});

test('whoever comes in is present and had a right PIN, with its age; the next one takes the place and the PIN stays told', () => {
  const { clock, visits } = seat();
  visits.know([person('ada')]);
  expect(visits.signIn()).toBe(true);
  const first = visits.mark;
  clock.ms += 500;
  expect(visits.told()).toMatchObject({
    right: [{ person: 'ada', pin: 'salt-ada', agoMs: 500 }],
    present: { person: 'ada', agoMs: 500, moved: false },
  });
  expect(visits.mark).toBe(first);
  visits.know([person('ben'), person('ada')]);
  visits.signIn();
  expect(visits.mark).not.toBe(first);
  const { right, present } = visits.told();
  expect(right.map(({ person: id, agoMs }) => [id, agoMs])).toEqual([
    ['ada', 500],
    ['ben', 0],
  ]);
  expect(present).toMatchObject({ person: 'ben', agoMs: 0 });
});

test('a person who came in elsewhere is told as gone, of that session only', () => {
  const { visits } = seat();
  visits.know([person('ada')]);
  visits.signIn();
  const session = visits.told().present?.session ?? '';
  const facts = { seatName: 'Bay 2', agoMs: 1, overlapped: false };
  visits.heard({ elsewhere: { session: 'f'.repeat(32), ...facts } });
  expect(visits.told().present).toMatchObject({ session, moved: false });
  const before = visits.mark;
  visits.heard({ elsewhere: { session, ...facts } });
  expect(visits.told().present).toMatchObject({ session, moved: true });
  expect(visits.mark).not.toBe(before);
  visits.heard({ elsewhere: null });
  expect(visits.told().present).toMatchObject({ moved: true });
});
