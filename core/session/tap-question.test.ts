/** The guard against logging oneself out: a tap while at work asks "Stay or lock?", and nobody's answer locks. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { AT_WORK_MS, CARD_RESTS_MS } from './moves.ts';
import type { SeatRules } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');

/** Ada has worked for a minute and touched the seat so long ago. */
function atWork(idleMs: number, change: Partial<SeatRules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, ...change };
  world.signIn(ada);
  for (let second = 0; second < 60; second += 1) {
    world.advance(1_000);
    world.send({ type: 'Activity', idleMs: 0 });
  }
  world.advance(idleMs);
  return world;
}

/** Seconds pass in which the screens report this. */
function pass(world: World, seconds: number, idleMs: (second: number) => number): void {
  for (let second = 1; second <= seconds; second += 1) {
    world.advance(1_000);
    world.send({ type: 'Activity', idleMs: idleMs(second) });
  }
}

describe('a tap by the person at work', () => {
  test('asks, keeps the seat open meanwhile, and locks when nobody answers', () => {
    const world = atWork(1_000);
    expect(world.tap(ada).taken).toBe(true);
    expect(world.seat.lock).toMatchObject({ at: 'asking', untilBootMs: world.bootMs + rules.tapQuestionMs });
    world.advance(rules.tapQuestionMs - 1);
    expect(world.seat.lock.at).toBe('asking');
    world.advance(1);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'cooling' } });
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'tap' } });
  });

  test('keeps the seat open by "Stay", and idle time counts from then on', () => {
    const world = atWork(1_000);
    world.tap(ada);
    world.send({ type: 'StayPressed' });
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(rules.tapQuestionMs);
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
  });

  test('keeps the seat open by going on with the work', () => {
    const world = atWork(1_000);
    world.tap(ada);
    pass(world, 4, () => 0);
    expect(world.seat.lock.at).toBe('unlocked');
  });

  test('is no answer to itself: a keyboard reader’s own typing, told late and in whole seconds, keeps nothing open', () => {
    const world = atWork(1_000);
    world.tap(ada);
    pass(world, 4, (second) => (second - 1) * 1_000);
    expect(['locked', 'cooling']).toContain(world.seat.lock.at);
  });

  test('is answered by the lock button and by a second tap, not by the card that rests there', () => {
    const pressed = atWork(1_000);
    pressed.tap(ada);
    pressed.send({ type: 'LockPressed' });
    expect(pressed.seat.lock.at).toBe('locked');
    const again = atWork(1_000);
    again.tap(ada);
    again.advance(CARD_RESTS_MS - 1);
    expect(again.tap(ada).taken).toBe(false);
    again.advance(CARD_RESTS_MS);
    expect(again.tap(ada).taken).toBe(true);
    expect(again.seat.lock.at).toBe('cooling');
  });

  test('asks nothing once the hands are off the seat, nor where the policy asks nothing: it locks at once', () => {
    for (const world of [atWork(AT_WORK_MS), atWork(1_000, { tapQuestionMs: 0 })]) {
      world.tap(ada);
      expect(world.seat.lock.at).toBe('cooling');
    }
  });

  test('keeps nobody else waiting: a colleague takes the seat over in the middle of the question', () => {
    const world = atWork(1_000);
    world.tap(ada);
    world.advance(1_000);
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'authenticating', attempt: { who: { id: 'ben' } } }, lock: { at: 'locked' } });
  });

  test.each([
    { type: 'UiLost', reason: 'closed' },
    { type: 'PowerChanged', what: 'suspend' },
    { type: 'BadgeRemoved', badge: 'badge-ada', person: 'ada' },
    { type: 'PersonsRevoked', ids: ['ada'] },
  ] as const)('asks no longer than until $type', (event) => {
    const world = atWork(1_000);
    world.tap(ada);
    world.send(event);
    expect(world.seat.lock.at).toBe('locked');
    expect(world.timers.has('ask')).toBe(false);
  });
});

describe('covered work', () => {
  const blurMs = 10_000;
  const covered = (): World => {
    const world = atWork(0, { blurMs });
    world.advance(rules.warnAfterMs + rules.warningMs);
    expect(world.seat.lock).toMatchObject({ at: 'blurred', untilBootMs: world.bootMs + blurMs });
    return world;
  };

  test('comes between the warning and the lock, each with its own time', () => {
    const world = covered();
    world.advance(blurMs - 1);
    expect(world.seat.lock.at).toBe('blurred');
    world.advance(1);
    expect(world.seat.lock.at).toBe('locked');
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'idle' } });
    world.advance(rules.keepMs);
    expect(world.seat.session.at).toBe('ending');
  });

  test.each([
    ['any input', { type: 'Activity', idleMs: 0 }],
    ['"Stay"', { type: 'StayPressed' }],
    ['the own badge', { type: 'BadgeRead', badge: 'badge-ada', standing: 'ok', who: ada }],
  ] as const)('is back at once by %s', (_name, event) => {
    const world = covered();
    world.advance(2_000);
    world.send(event);
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
  });

  test('is not brought back by input from before it was covered, nor by anybody else’s badge', () => {
    const world = covered();
    world.advance(2_000);
    world.send({ type: 'Activity', idleMs: 5_000 });
    expect(world.seat.lock.at).toBe('blurred');
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'authenticating' }, lock: { at: 'locked' } });
  });
});
