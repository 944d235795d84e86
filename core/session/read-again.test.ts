/** The prompt for a PIN and its time: a card that its reader reads again and again is one prompt with one limit, and a wait is seen to its end. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { ATTEMPT_MS } from './moves.ts';
import type { Who } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const vera: Who = { ...person('vera'), role: 'vendor' };
const READ_MS = 400;

const attemptOf = ({ seat: { session } }: World) => (session.at === 'authenticating' ? session.attempt : null);

describe('the same card at the PIN prompt', () => {
  test('keeps the prompt and its time: nobody keeps it open by leaving a card there', () => {
    const world = new World(lawful().watch);
    world.tap(ada);
    const attempt = attemptOf(world);
    for (let at = READ_MS; at < ATTEMPT_MS; at += READ_MS) {
      world.advance(READ_MS);
      world.tap(ada);
      expect(attemptOf(world)).toBe(attempt);
    }
    world.advance(READ_MS);
    expect(world.seat.session.at).toBe('none');
  });

  test('does not keep another person from coming', () => {
    const world = new World(lawful().watch);
    world.tap(ada);
    world.advance(READ_MS);
    world.tap(ada);
    world.advance(50);
    world.tap(ben);
    expect(attemptOf(world)).toMatchObject({ who: { id: 'ben' } });
  });

  test('is looked at anew where it has become enough, and where the PIN is another one', () => {
    const world = new World(lawful().watch);
    world.rules = { ...rules, graceMs: { nurse: 3_600_000 }, confirmedMs: { nurse: 300_000 } };
    world.tap(ada);
    world.tap({ ...ada, pinId: 'newer' });
    expect(attemptOf(world)).toMatchObject({ who: { pinId: 'newer' } });
    world.tap(ada);
    world.facts = { ada: { pinId: 'pin-ada', failuresElsewhere: 0, rightBootMs: world.bootMs, askedBootMs: world.bootMs } };
    world.tap(ada);
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'active', session: { factors: ['badge'] } });
  });

  test('of whoever confirms is one prompt, too', () => {
    const world = new World(lawful().watch);
    world.rules = { ...rules, secondRoles: { vendor: ['nurse'] } };
    world.signIn(vera);
    world.tap(ben);
    const attempt = attemptOf(world);
    expect(attempt).toMatchObject({ stage: 'pin', first: { who: { id: 'vera' } } });
    world.advance(READ_MS);
    world.tap(ben);
    expect(attemptOf(world)).toBe(attempt);
  });
});

test('a prompt stays while its wait is counted down, and as long after it as any other; a long wait is not waited for', () => {
  const world = new World(lawful().watch);
  const waits = [0, 0, 30_000, 60_000, 120_000];
  world.rules = { ...rules, pin: { ...rules.pin, maxFailures: 10 } };
  world.tap(ada);
  for (const wait of waits) {
    world.send({ type: 'PinEntered', pin: '000000' });
    world.settle(false);
    world.advance(wait + 29_000);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin' } });
  }
  world.send({ type: 'PinEntered', pin: '000000' });
  world.settle(false);
  world.advance(30_000);
  expect(world.seat.session.at).toBe('none');
  // Whoever comes within a short rest of it sees it to its end.
  world.advance(150_000);
  world.tap(ada);
  expect(world.seat.common.notice).toMatchObject({ key: 'pin.wait', params: { seconds: 60 } });
  world.advance(60_000);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.settle();
  expect(world.seat.session.at).toBe('active');
});
