/** The card that stays on the reader: what taking it away does, where the policy says so and where it does not. */
import { describe, expect, test } from 'vitest';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const removed = (id: string | null) => ({ type: 'BadgeRemoved', badge: 'hash', person: id }) as const;

function inSession(): World {
  const world = new World();
  world.signIn(ada);
  return world;
}

describe('a card that is taken away', () => {
  test('locks its own person’s session, with the work kept, and nobody else’s', () => {
    const world = inSession();
    world.send(removed('ben'));
    world.send(removed(null));
    expect(world.seat.lock.at).toBe('unlocked');
    world.send(removed('ada'));
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'locked' } });
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'card-removed' } });
  });

  test('does nothing where the policy does not ask for it', () => {
    const world = inSession();
    world.rules = { ...rules, removalLocks: false };
    world.send(removed('ada'));
    expect(world.seat.lock.at).toBe('unlocked');
  });

  test('ends the way in at every stage: at the PIN, while it is checked, while it is recorded', () => {
    const typed = (world: World): unknown => world.send({ type: 'PinEntered', pin: '246810' });
    const steps = [(world: World): unknown => world.tap(ada), typed, (world: World): unknown => world.settleGuess(true)];
    for (let done = 1; done <= steps.length; done += 1) {
      const world = new World();
      for (const step of steps.slice(0, done)) step(world);
      expect(world.seat.session.at).toBe('authenticating');
      world.send(removed('ada'));
      world.settle();
      expect(world.seat).toMatchObject({ session: { at: 'none' }, lock: { at: 'locked' } });
    }
  });

  test('does not touch whoever came by name, and drops a tap that waits for a former session to end', () => {
    const named = new World();
    named.rules = { ...rules, byName: ['nurse'] };
    named.name(ada);
    named.send(removed('ada'));
    expect(named.seat.session.at).toBe('authenticating');
    const world = inSession();
    world.send({ type: 'LogoutPressed' });
    world.tap(ben);
    world.send(removed('ben'));
    world.settle();
    expect(world.seat.session.at).toBe('none');
  });
});

test('what the readers see is kept and decides nothing', () => {
  const world = inSession();
  const presence = { watching: true, lying: ['hash'] };
  world.send({ type: 'ReaderState', presence });
  expect(world.seat.common.presence).toEqual(presence);
  expect(world.seat.lock.at).toBe('unlocked');
});

test('a card that gave nothing to go by is refused in plain words, open or closed', () => {
  for (const world of [new World(), inSession()]) {
    const before = world.seat.lock.at;
    world.send({ type: 'BadgeRead', badge: null, standing: 'unreadable', who: null });
    expect(world.seat.common.notice).toMatchObject({ key: 'badge.unreadable' });
    expect(world.seat.lock.at).toBe(before);
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { reason: 'badge.unreadable', badge: null } });
  }
});
