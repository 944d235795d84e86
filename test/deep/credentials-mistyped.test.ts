/**
 * What one mistyped PIN costs over three seats and a server, all of them real processes: it ends the grace everywhere, also at the seat
 * of the right PIN before it, and the next right one anywhere is the end of that.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rows, until } from '../support/server-process.ts';
import { Ward, type WardSeat } from '../support/ward.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '805917' };
const LONG_MS = 180_000;
const badgeOnly = { withinSeconds: 3_600, confirmedSeconds: 600 };

let ward: Ward;
let seats: readonly WardSeat[];

beforeAll(async () => {
  ward = await Ward.open(3, [ada], { signIn: { rules: [{ roles: ['nurse'], badgeOnly }] } });
  seats = ward.seats;
}, LONG_MS);
afterAll(() => ward.remove());

function seat(at: number): WardSeat {
  const one = seats[at];
  if (one === undefined) throw new Error('three seats');
  return one;
}

const told = () => rows<{ failures: number }>(ward.server.state, "select failures from seat_guesses where person_id = 'ada'");
const rightAt = () => rows<{ at: number }>(ward.server.state, "select at from right_pins where person_id = 'ada'")[0]?.at ?? 0;

/** Taps and says whether that was enough; a prompt is left. */
async function isEnough(one: WardSeat): Promise<boolean> {
  await one.screens.client.request('badge', { number: ada.badge });
  const { phase } = await one.screens.sees((view) => view.phase === 'open' || view.prompt?.kind === 'pin');
  await (phase === 'open' ? one.leave() : one.cancel());
  return phase === 'open';
}

const becomes = (one: WardSeat, enough: boolean): Promise<boolean> =>
  until(async () => {
    if ((await isEnough(one)) === enough) return true;
    await new Promise((later) => setTimeout(later, 1_000));
    return false;
  });

async function mistypes(one: WardSeat): Promise<void> {
  await one.screens.client.request('badge', { number: ada.badge });
  await one.pin('000000');
  await one.screens.sees((view) => view.message?.key === 'pin.wrong');
  await one.cancel();
}

async function types(one: WardSeat): Promise<void> {
  const before = rightAt();
  await one.screens.client.request('badge', { number: ada.badge });
  await one.pin(ada.pin);
  await one.opened();
  await one.leave();
  await until(() => rightAt() > before);
}

test('wrong at one seat and walked away, right at the next: the badge is enough at the third, and at the first as well', {
  timeout: LONG_MS,
}, async () => {
  await mistypes(seat(0));
  await until(() => told()[0]?.failures === 1);
  await types(seat(1));
  await becomes(seat(2), true);
  await becomes(seat(0), true);
  // The first seat counts it still, for its own limit.
  expect(told()).toEqual([{ failures: 1 }]);
});

test('wrong at another seat after it: the grace is over at the seat of the right PIN, too, until the next right one', {
  timeout: LONG_MS,
}, async () => {
  expect(await isEnough(seat(1))).toBe(true);
  // Where the badge is enough nobody is asked; the old PIN of a change is a try like any other.
  await seat(2).screens.client.request('badge', { number: ada.badge });
  await seat(2).opened();
  expect(await seat(2).screens.client.request('changePin', { old: '000000', next: '930281' })).toMatchObject({ outcome: 'wrong' });
  await seat(2).leave();
  await becomes(seat(1), false);
  await types(seat(1));
  await becomes(seat(1), true);
  await becomes(seat(2), true);
});
