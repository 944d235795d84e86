/** A tap while a former session is still being ended: it counts, once, and comes to nothing where the end is not clean. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import type { SeatEvent } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const cay = person('cay');
const busy = { type: 'auth.refused', body: { person: 'ben', reason: 'tap.busy', badge: 'badge-ben' } };
const started = (world: World): readonly unknown[] => world.durable.filter(({ type }) => type === 'session.started');
const refusals = (world: World): readonly unknown[] => world.durable.filter(({ type }) => type === 'auth.refused');

/** Ada has just pressed "End session", and her processes are going. */
function ending(): World {
  const world = new World(lawful().watch);
  world.signIn(ada);
  world.advance(5_000);
  world.send({ type: 'LogoutPressed' });
  expect(world.seat.session.at).toBe('ending');
  return world;
}

describe('a tap while the former session ends', () => {
  test('is asked for the PIN once all of it is gone, and not before', () => {
    const world = ending();
    expect(world.tap(ben).taken).toBe(true);
    expect(world.seat).toMatchObject({ session: { at: 'ending', tap: { who: { id: 'ben' } } }, lock: { at: 'locked' } });
    world.settleEnding(true);
    expect(world.seat.session).toMatchObject({
      at: 'authenticating',
      held: null,
      attempt: { stage: 'pin', purpose: 'open', who: { id: 'ben' } },
    });
    expect(world.timers.has('ending')).toBe(false);
    world.send({ type: 'PinEntered', pin: '1234' });
    world.settle();
    expect(started(world)).toHaveLength(2);
    expect(refusals(world)).toEqual([]);
  });

  test('opens by itself where the badge alone is enough, after the durable event', () => {
    const world = new World(lawful().watch);
    world.rules = { ...rules, graceMs: { nurse: 14_400_000 } };
    for (const one of [ben, ada]) {
      world.signIn(one);
      world.advance(5_000);
      world.send({ type: 'LogoutPressed' });
      if (one === ben) world.settle();
    }
    world.tap(ben);
    world.settleEnding(true);
    expect(world.seat.lock.at).toBe('unlocking');
    world.settleAppend(true);
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ben' }, factors: ['badge'] } });
  });

  test('the same card again, left on the reader, is the same tap', () => {
    const world = ending();
    world.tap(ben);
    expect(world.tap(ben).taken).toBe(true);
    world.settleEnding(true);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { who: { id: 'ben' } } });
    expect(refusals(world)).toEqual([]);
  });

  test('of a second person is refused and recorded; the first goes on', () => {
    const world = ending();
    world.tap(cay);
    expect(world.tap(ben).taken).toBe(false);
    expect(refusals(world)).toMatchObject([busy]);
    world.settleEnding(true);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { who: { id: 'cay' } } });
  });

  test('is refused where somebody comes in already', () => {
    const world = new World(lawful().watch);
    world.signIn(ada);
    world.advance(5_000);
    world.tap(cay);
    world.send({ type: 'PinEntered', pin: '1234' });
    world.settleGuess(true);
    expect(world.seat.session).toMatchObject({ at: 'ending', successor: { who: { id: 'cay' } } });
    expect(world.tap(ben).taken).toBe(false);
    expect(refusals(world)).toMatchObject([busy]);
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'cay' } } });
  });

  test('with a badge that can begin nothing is refused for that, and keeps nobody’s place', () => {
    const world = ending();
    world.send({ type: 'BadgeRead', badge: 'stranger', standing: 'unknown', who: null });
    expect(world.seat).toMatchObject({ session: { tap: null }, common: { notice: { key: 'badge.unknown' } } });
    expect(refusals(world)).toMatchObject([{ body: { reason: 'badge.unknown' } }]);
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { tap: { who: { id: 'ben' } } }, common: { notice: null } });
  });

  const faults: readonly SeatEvent[] = [
    { type: 'UiLost', reason: 'closed' },
    { type: 'PowerChanged', what: 'suspend' },
    { type: 'ClockStepped', seconds: 90 },
    { type: 'PolicyLost' },
    { type: 'PersonsRevoked', ids: ['ben'] },
  ];
  test.each(faults)('is dropped and recorded by $type', (fault) => {
    const world = ending();
    world.tap(ben);
    world.send(fault);
    expect(world.seat.session).toMatchObject({ at: 'ending', tap: null });
    expect(refusals(world)).toMatchObject([busy]);
    world.settleEnding(true);
    expect(world.seat.session).toEqual({ at: 'none' });
    expect(started(world)).toHaveLength(1);
  });

  const shut: readonly (readonly [string, (world: World) => void, string, string])[] = [
    ['processes are left', (world) => world.settleEnding(false), 'seat.leftovers', 'SESSION_SEAT_LEFTOVERS'],
    ['the end takes too long', (world) => world.advance(10_000), 'seat.notEnded', 'SESSION_SEAT_NOT_ENDED'],
    [
      'enforcement fails',
      (world) => void world.send({ type: 'EnforcementFailed', why: 'landlock' }),
      'seat.unenforced',
      'SESSION_SEAT_UNENFORCED',
    ],
  ];
  test.each(shut)('is dropped and recorded where %s; the seat says so, with a code', (_name, fails, key, code) => {
    const world = ending();
    world.tap(ben);
    fails(world);
    expect(world.seat).toMatchObject({ session: { at: 'faulted' }, common: { notice: { key, code } } });
    expect(refusals(world)).toMatchObject([busy]);
    expect(started(world)).toHaveLength(1);
  });

  test('goes on for another person’s revocation', () => {
    const world = ending();
    world.tap(ben);
    world.send({ type: 'PersonsRevoked', ids: ['ada', 'cay'] });
    world.settleEnding(true);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { who: { id: 'ben' } } });
  });

  test('is judged again when the end is clean', () => {
    const world = ending();
    world.tap(ben);
    world.policy = 'expired';
    world.settleEnding(true);
    expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'policy.expired' } } });
    expect(refusals(world)).toMatchObject([{ body: { person: 'ben', reason: 'policy.expired' } }]);
  });
});

describe('where no work is kept', () => {
  function unkept(): World {
    const world = new World(lawful().watch);
    world.rules = { ...rules, keepMs: 0 };
    world.signIn(ada);
    world.advance(5_000);
    return world;
  }

  test('another person’s tap ends the open session and is then asked for the PIN', () => {
    const world = unkept();
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'ending', tap: { who: { id: 'ben' } } }, lock: { at: 'locked' } });
    world.settleEnding(true);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { who: { id: 'ben' } } });
  });

  test('the badge that ended its own session is not taken for a new tap while it lies on the reader', () => {
    const world = unkept();
    world.tap(ada);
    expect(world.seat).toMatchObject({ session: { at: 'ending', tap: null }, lock: { at: 'cooling' } });
    expect(world.tap(ada).taken).toBe(false);
    world.settleEnding(true);
    expect(world.tap(ada).taken).toBe(false);
    expect(world.seat.session).toEqual({ at: 'none' });
    world.advance(1_500);
    expect(world.seat.lock.at).toBe('locked');
    expect(world.tap(ada).taken).toBe(true);
  });
});
