/** Tap to lock, and the guard against logging oneself out by the tap that was meant to come in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { AT_WORK_MS, CARD_RESTS_MS, TAP_GUARD_MS } from './moves.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');

/** Ada's session has just opened, by badge and PIN or, with a grace, by the badge alone. */
function opened(byBadgeAlone: boolean): World {
  const world = new World(lawful().watch);
  if (byBadgeAlone) {
    world.rules = { ...rules, graceMs: { nurse: 14_400_000 } };
    world.signIn(ada);
    world.advance(5_000);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.advance(5_000);
    world.tap(ada);
    world.settle();
  } else world.signIn(ada);
  expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'unlocked' } });
  return world;
}

describe.each([true, false])('a session that opened by the badge alone: %s', (byBadgeAlone) => {
  test('is neither locked nor ended by taps of the same person in the first moments', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: CARD_RESTS_MS - 1 }), { maxLength: 6 }), (gaps) => {
        const world = opened(byBadgeAlone);
        const before = world.durable.length;
        for (const gap of [0, ...gaps]) {
          world.advance(gap);
          expect(world.tap(ada).taken).toBe(false);
        }
        expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'unlocked' } });
        expect(world.durable.length).toBe(before);
      }),
    );
  });

  test('is locked by a tap of the same person after that, with the work kept', () => {
    const world = opened(byBadgeAlone);
    world.advance(TAP_GUARD_MS + AT_WORK_MS);
    expect(world.tap(ada).taken).toBe(true);
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'tap' } });
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'cooling' } });
  });

  test('is not locked by a card that rests on a reader which reads it again and again', () => {
    const world = opened(byBadgeAlone);
    for (let read = 0; read < 100; read += 1) {
      world.advance(400);
      world.send({ type: 'Activity', idleMs: 0 });
      expect(world.tap(ada).taken).toBe(false);
    }
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(AT_WORK_MS);
    expect(world.tap(ada).taken).toBe(true);
    expect(world.seat.lock.at).toBe('cooling');
  });
});

test('the guard holds after coming back to kept work too', () => {
  const world = opened(false);
  world.advance(60_000);
  world.send({ type: 'LockPressed' });
  world.advance(5_000);
  world.signIn(ada);
  expect(world.tap(ada).taken).toBe(false);
  expect(world.seat.lock.at).toBe('unlocked');
});

test('the guard is for the own badge only: somebody else takes the seat over at once, and the button locks at once', () => {
  const world = opened(false);
  world.tap(ben);
  expect(world.seat).toMatchObject({ session: { at: 'authenticating', held: { who: { id: 'ada' } } }, lock: { at: 'locked' } });
  const pressed = opened(false);
  expect(pressed.send({ type: 'LockPressed' }).taken).toBe(true);
  expect(pressed.seat.lock.at).toBe('locked');
});
