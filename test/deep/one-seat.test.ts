/** One person, one seat, through the whole product: two real seats with their syncers and one real server between them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rows, until } from '../support/server-process.ts';
import { Ward, type WardSeat } from '../support/ward.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '805917' };
const LONG_MS = 180_000;
const ROLES = [{ id: 'nurse', name: 'Nurse', apps: ['web'] }];

let ward: Ward;
let one: WardSeat;
let two: WardSeat;

beforeAll(async () => {
  ward = await Ward.open(2, [ada], { roles: ROLES });
  const [first, second] = ward.seats;
  if (first === undefined || second === undefined) throw new Error('two seats');
  one = first;
  two = second;
}, LONG_MS);
afterAll(() => ward.remove());

async function signIn(seat: WardSeat): Promise<void> {
  await seat.screens.client.request('badge', { number: ada.badge });
  await seat.pin(ada.pin);
  await seat.opened();
}

const moved = (seat: WardSeat) => seat.screens.sees((view) => view.phase === 'locked' && view.message?.key === 'session.taken');
const events = (type: string) =>
  rows<{ body: string }>(ward.server.state, 'select body from indexed_events where type = ?', type).map(({ body }): unknown =>
    JSON.parse(body),
  );
const flags = () => events('session.overlapped');

test('online: a login elsewhere locks the former seat within the moment, with the work kept, and it says where the session went', {
  timeout: LONG_MS,
}, async () => {
  await signIn(one);
  await signIn(two);
  const left = await moved(one);
  expect(left).toMatchObject({ session: null, kept: { initials: 'AE' }, message: { params: { seat: 'Bay 2' } } });
  expect(two.screens.view().phase).toBe('open');
  await until(() => events('session.locked').some((body) => JSON.stringify(body).includes('taken-elsewhere')));

  // Back at the first one: the work is there, and now the second seat is the former one.
  await signIn(one);
  expect((await moved(two)).message).toMatchObject({ params: { seat: 'Bay 1' } });
  expect(one.screens.view().phase).toBe('open');
  await one.leave();
  expect(flags()).toEqual([]);
  expect(rows(ward.server.state, "select * from alarms where kind = 'PERSON_AT_TWO_SEATS'")).toEqual([]);
});

test('offline: the later login wins once both have spoken with the server, the record of each says so, and the server asks who it was', {
  timeout: LONG_MS,
}, async () => {
  await two.restart();
  await one.disconnect();
  await signIn(one);
  await signIn(two);
  // Longer than a seat that is online can be unaware.
  await new Promise((later) => setTimeout(later, 62_000));
  expect([one.screens.view().phase, two.screens.view().phase]).toEqual(['open', 'open']);
  one.connect();
  expect((await moved(one)).message).toMatchObject({ params: { seat: 'Bay 2' } });
  expect(two.screens.view().phase).toBe('open');
  await until(() => flags().length === 2);
  expect(flags()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ person: 'ada', seat: 'Bay 2', later: false }),
      expect.objectContaining({ person: 'ada', seat: 'Bay 1', later: true }),
    ]),
  );
  expect(rows(ward.server.state, "select * from alarms where kind = 'PERSON_AT_TWO_SEATS'")).toHaveLength(2);
});
