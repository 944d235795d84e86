/** What the server tells of other seats: a PIN that was right there, wrong ones that count here, staff that is too old. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import type { PersonFact, SeatRules } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const trusting: Partial<SeatRules> = { graceMs: { nurse: 4 * HOUR }, confirmedMs: { nurse: 5 * MINUTE } };

function worldWith(fact: Partial<PersonFact> | null, change: Partial<SeatRules> = trusting): World {
  const world = new World(lawful().watch);
  world.bootMs = 10 * HOUR;
  world.rules = { ...rules, ...change };
  const whole = { pinId: 'pin-ada', failuresElsewhere: 0, rightBootMs: world.bootMs - HOUR, askedBootMs: world.bootMs - MINUTE };
  if (fact !== null) world.facts = { ada: { ...whole, ...fact } };
  return world;
}

const opensByBadge = (world: World): boolean => {
  world.tap(ada);
  world.settle();
  return world.seat.session.at === 'active';
};

describe('a right PIN at another seat', () => {
  test('makes the badge enough here, while the server’s word is young enough', () => {
    const world = worldWith({});
    expect(opensByBadge(world)).toBe(true);
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.started', body: { factors: ['badge'] } });
  });

  test.each([
    ['nobody was told of it', null, trusting],
    ['it is longer ago than the policy lets it count', { rightBootMs: 5 * HOUR }, trusting],
    ['the server’s word is too old', { askedBootMs: 10 * HOUR - 5 * MINUTE }, trusting],
    ['it was another PIN', { pinId: 'pin-of-before' }, trusting],
    ['there was none', { rightBootMs: null }, trusting],
    ['somebody guesses at the PIN elsewhere', { failuresElsewhere: 1 }, trusting],
    ['the policy trusts only this seat', {}, { ...trusting, confirmedMs: {} }],
    ['the policy always asks', {}, { ...trusting, graceMs: {} }],
  ] as const)('does not, where %s', (_why, fact, change) => {
    expect(opensByBadge(worldWith(fact, change))).toBe(false);
  });

  test('does not, where somebody guessed at the PIN here', () => {
    const world = worldWith({});
    world.facts = {};
    world.tap(ada);
    world.send({ type: 'PinEntered', pin: '000000' });
    world.settle(false);
    world.send({ type: 'CancelPressed' });
    world.advance(1_000);
    world.facts = worldWith({}).facts;
    expect(opensByBadge(world)).toBe(false);
  });
});

describe('escape 59: guesses are counted over all seats', () => {
  test('what was wrong elsewhere is missing here, and at a hundred in sum only a new PIN helps', () => {
    const world = worldWith({ failuresElsewhere: 97, rightBootMs: null });
    for (const tries of [2, 1]) {
      world.tap(ada);
      world.send({ type: 'PinEntered', pin: '000000' });
      world.settle(false);
      expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { reason: 'pin.wrong', triesLeft: tries } });
    }
    world.send({ type: 'PinEntered', pin: '000000' });
    world.settle(false);
    expect(world.seat.common.notice).toMatchObject({ key: 'pin.blocked' });
    expect(world.allGuesses).toHaveLength(3);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    expect(world.allGuesses).toHaveLength(3);
    world.facts = {};
    world.tap({ ...ada, pinId: 'pin-new' });
    world.send({ type: 'PinEntered', pin: '135791' });
    world.settle();
    expect(world.seat.session.at).toBe('active');
  });

  test('this seat alone lets nobody guess more often than the policy says', () => {
    const world = worldWith(null);
    for (let tries = 0; tries < 20; tries++) {
      world.advance(2 * HOUR);
      world.tap(ada);
      world.send({ type: 'PinEntered', pin: '000000' });
      world.settle(false);
      world.restart(tries % 2 === 0);
    }
    expect(world.allGuesses).toHaveLength(rules.pin.maxFailures);
  });
});

describe('escape 58: who was revoked since is unknown', () => {
  test('old knowledge asks for every PIN, also within a grace', () => {
    const world = worldWith(null);
    world.signIn(ada);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.staff = 'old';
    expect(opensByBadge(world)).toBe(false);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    expect(world.seat.session.at).toBe('active');
  });

  test('knowledge that is too old leaves emergency access only, with a badge too', () => {
    const world = worldWith(null, { breakGlass: { ...rules.breakGlass, needsBadge: true } });
    world.staff = 'tooOld';
    world.tap(ada);
    expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'staff.tooOld' } } });
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { reason: 'staff.too-old' } });
    world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
    world.tap(ada);
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'breakglass.started', body: { person: 'ada' } });
  });
});

test('escape 53: no clock that anybody can set makes a wait shorter or a grace longer', () => {
  for (const jump of [-10 * 8_766 * HOUR, -HOUR, HOUR, 10 * 8_766 * HOUR]) {
    const world = worldWith(null);
    for (let tries = 0; tries < 3; tries++) {
      world.tap(ada);
      world.send({ type: 'PinEntered', pin: '000000' });
      world.settle(false);
    }
    world.wallMs += jump;
    world.send({ type: 'ClockStepped', seconds: jump / 1_000 });
    world.tap(ada);
    expect(world.seat.common.notice).toMatchObject({ key: 'pin.wait', params: { seconds: 30 } });
    world.advance(30_000);
    world.signIn(ada);
    world.advance(5_000);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.wallMs += jump;
    world.send({ type: 'ClockStepped', seconds: jump / 1_000 });
    world.advance(4 * HOUR);
    expect(opensByBadge(world)).toBe(false);
  }
});

test('a PIN that was tried outside of signing in counts in every state, and is forgotten once it was right', () => {
  const world = worldWith(null);
  const throttle = { pinId: 'pin-ada', failures: 3, waitMs: 30_000, waitUntilBootMs: world.bootMs + 30_000, bootId: world.bootId };
  world.signIn(ada);
  world.send({ type: 'GuessCharged', person: 'ada', throttle });
  world.send({ type: 'LogoutPressed' });
  world.settle();
  world.tap(ada);
  expect(world.seat.common.notice).toMatchObject({ key: 'pin.wait' });
  world.send({ type: 'GuessCharged', person: 'ada', throttle: null });
  expect(world.seat.common.throttles).toEqual({});
});
