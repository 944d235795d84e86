/** What the server tells of other seats: a PIN that was right there, wrong ones that count here, staff that is too old. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import type { PersonFact, SeatRules } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
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

  test('does, where somebody guessed at the PIN here before it was right there', () => {
    const world = worldWith(null);
    world.tap(ada);
    world.send({ type: 'PinEntered', pin: '000000' });
    world.settle(false);
    world.send({ type: 'CancelPressed' });
    world.advance(10 * MINUTE);
    const fact = { pinId: 'pin-ada', failuresElsewhere: 0, askedBootMs: world.bootMs };
    world.facts = { ada: { ...fact, rightBootMs: world.bootMs - 11 * MINUTE } };
    expect(opensByBadge(world)).toBe(false);
    world.send({ type: 'CancelPressed' });
    world.facts = { ada: { ...fact, rightBootMs: world.bootMs - MINUTE } };
    expect(opensByBadge(world)).toBe(true);
  });
});

describe('a wrong PIN at another seat', () => {
  /** Ada was here with her PIN and has left; within her grace the badge is enough. */
  function left(): World {
    const world = worldWith(null);
    world.signIn(ada);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.advance(MINUTE);
    return world;
  }
  const wrong = { pinId: 'pin-ada', failuresElsewhere: 1, rightBootMs: null };

  test('ends the grace at the seat of the PIN, until the PIN was right here once more', () => {
    const world = left();
    world.facts = { ada: { ...wrong, askedBootMs: world.bootMs } };
    expect(opensByBadge(world)).toBe(false);
    world.advance(1_000);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.advance(MINUTE);
    // The server's last word is from before that.
    expect(opensByBadge(world)).toBe(true);
  });

  test('does not, where the server had not heard of the PIN here, or tells of another PIN', () => {
    for (const fact of [{ askedBootMs: 10 * HOUR - 1 }, { pinId: 'pin-of-before', askedBootMs: 11 * HOUR }]) {
      const world = left();
      world.facts = { ada: { ...wrong, ...fact } };
      expect(opensByBadge(world)).toBe(true);
    }
  });
});

describe('guesses are counted over all seats', () => {
  test('escape 59 locked: what was wrong elsewhere is missing here, and at a hundred in sum only a new PIN helps', () => {
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

  test('escape 59 locked: this seat alone lets nobody guess more often than the policy says', () => {
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

  test('escape 59 in session: the limit holds for whoever taps over somebody else’s open session, and the work stays theirs', () => {
    const world = worldWith(null);
    world.facts = { ben: { pinId: 'pin-ben', failuresElsewhere: 98, rightBootMs: null, askedBootMs: world.bootMs } };
    world.signIn(ada);
    world.advance(5_000);
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'authenticating', attempt: { purpose: 'takeover' } }, lock: { at: 'locked' } });
    for (let tries = 0; tries < 5; tries++) {
      world.send({ type: 'PinEntered', pin: '000000' });
      world.settle(false);
    }
    expect(world.seat.common.notice).toMatchObject({ key: 'pin.blocked' });
    expect(world.allGuesses.filter(({ who }) => who.id === 'ben')).toHaveLength(2);
    world.send({ type: 'CancelPressed' });
    world.advance(5_000);
    world.signIn(ada);
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.unlocked', body: { person: 'ada' } });
  });

  test('escape 59 in session: wrong PINs at the change of one’s own PIN count with those of the lock', () => {
    const world = worldWith(null, { graceMs: {} });
    world.signIn(ada);
    const wrong = { pinId: 'pin-ada', waitMs: 0, waitUntilBootMs: world.bootMs, bootId: world.bootId };
    for (let failures = 1; failures <= rules.pin.maxFailures; failures++)
      world.send({ type: 'GuessCharged', person: 'ada', throttle: { ...wrong, failures } });
    expect(world.seat.lock.at).toBe('unlocked');
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.signIn(ada);
    expect(world.seat).toMatchObject({ lock: { at: 'locked' }, common: { notice: { key: 'pin.blocked' } } });
    expect(world.allGuesses).toHaveLength(1);
  });
});

describe('who was revoked since is unknown', () => {
  test('escape 58 locked: old knowledge asks for every PIN, also within a grace', () => {
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

  test('escape 58 locked: knowledge that is too old leaves emergency access only, with a badge too', () => {
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

  test('escape 58 in session: nobody takes over or comes back by knowledge that is too old; who works goes on until they lock', () => {
    const world = worldWith(null);
    world.signIn(ada);
    world.advance(5_000);
    world.staff = 'tooOld';
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'unlocked' } });
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'ben', reason: 'staff.too-old' } });
    world.send({ type: 'LockPressed' });
    world.advance(5_000);
    world.tap(ada);
    expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'locked' }, common: { notice: { key: 'staff.tooOld' } } });
  });

  test('escape 58 in session: a person who is revoked at work is out at once, and their badge opens nothing more', () => {
    const world = worldWith(null);
    world.signIn(ada);
    world.send({ type: 'PersonsRevoked', ids: ['ada'] });
    expect(world.seat.lock.at).toBe('locked');
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.ended', body: { person: 'ada', reason: 'revoked' } });
    world.send({ type: 'BadgeRead', badge: 'badge-ada', standing: 'revoked', who: ada });
    expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'badge.revoked' } } });
  });
});

test('escape 53 locked: no clock that anybody can set makes a wait shorter or a grace longer', () => {
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

test('escape 53 in session: a clock that jumps locks the open seat, and makes neither the session nor an emergency longer', () => {
  for (const jump of [-10 * 8_766 * HOUR, -HOUR, HOUR, 10 * 8_766 * HOUR]) {
    for (const emergency of [false, true]) {
      const world = worldWith(null, { graceMs: {}, keepMs: 12 * HOUR, breakGlass: { ...rules.breakGlass, needsBadge: true } });
      const longestMs = emergency ? rules.breakGlass.limitMs : rules.maxSessionMs;
      if (emergency) {
        world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
        world.tap(ada);
        world.settle();
      } else world.signIn(ada);
      expect(world.seat.lock.at).toBe('unlocked');
      const startedMs = world.bootMs;
      world.wallMs += jump;
      world.send({ type: 'ClockStepped', seconds: jump / 1_000 });
      expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'locked' } });
      // The work is kept for its person, who comes back as after any lock: an emergency by the badge, all others with the PIN.
      world.tap(ada);
      world.settle();
      expect(world.seat.lock.at).toBe(emergency ? 'unlocked' : 'locked');
      world.send({ type: 'CancelPressed' });
      world.advance(longestMs - (world.bootMs - startedMs));
      expect(world.seat.session.at).toBe('ending');
    }
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
