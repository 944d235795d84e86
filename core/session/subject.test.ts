/** A role’s own timers and PIN rules hold from the first moment on: at the prompt, at the opening, and as long as the session lasts. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { AT_WORK_MS, TAP_GUARD_MS } from './moves.ts';
import { peopleIn, subjectOf } from './subject.ts';
import type { SeatRules, Who } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const kim: Who = { ...person('kim'), role: 'vault-keeper' };
const vera: Who = { ...person('vera'), role: 'vendor' };
const KEEPERS: Partial<SeatRules> = {
  warnAfterMs: 30_000,
  maxSessionMs: 600_000,
  pin: { minDigits: 8, maxFailures: 3, firstWaitMs: 90_000 },
};

function vault(change: Partial<SeatRules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, ...change };
  world.ofRole = { 'vault-keeper': KEEPERS, vendor: KEEPERS };
  return world;
}

const longest = ({ seat: { session } }: World) =>
  session.at === 'active' ? session.session.maxAgeBootMs - session.session.startedBootMs : null;

/** Every way that leads to an open session of somebody whose role has times of its own. */
const ways: Readonly<Record<string, () => World>> = {
  'a badge and the PIN': () => {
    const world = vault();
    world.signIn(kim);
    return world;
  },
  'the badge alone': () => {
    const world = vault({ graceMs: { 'vault-keeper': 3_600_000 } });
    world.signIn(kim);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.advance(10_000);
    world.tap(kim);
    world.settle();
    return world;
  },
  'a tap over somebody else': () => {
    const world = vault();
    world.signIn(ada);
    world.advance(10_000);
    world.signIn(kim);
    return world;
  },
  'a tap while somebody else’s session was being ended': () => {
    const world = vault({ graceMs: { 'vault-keeper': 3_600_000 } });
    world.signIn(kim);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.signIn(ada);
    world.send({ type: 'LogoutPressed' });
    world.tap(kim);
    world.settle();
    return world;
  },
  'a second person of another role': () => {
    const world = vault({ secondRoles: { vendor: ['nurse'] } });
    world.signIn(vera);
    world.advance(1_000);
    world.signIn(ada);
    return world;
  },
};

describe.each(Object.entries(ways))('whoever comes in by %s', (_way, opened) => {
  test('is warned after the time of their role, from the first minute on', () => {
    const world = opened();
    world.advance(29_000);
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(1_000);
    expect(world.seat.lock.at).toBe('warning');
  });

  test('has the longest session of their role', () => expect(longest(opened())).toBe(600_000));
});

test('a person of no such role, and an emergency access of one, go by what holds for everybody', () => {
  const world = vault();
  world.signIn(ada);
  expect(longest(world)).toBe(rules.maxSessionMs);
  const emergency = vault();
  emergency.tap(kim);
  emergency.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
  emergency.settle();
  expect(longest(emergency)).toBe(rules.maxSessionMs);
});

test('the tries and waits at the prompt are those of the role', () => {
  const world = vault();
  world.tap(kim);
  for (let wrong = 0; wrong < 3; wrong += 1) {
    world.send({ type: 'PinEntered', pin: '13572468' });
    world.settle(false);
  }
  expect(world.seat.common.notice).toMatchObject({ key: 'pin.blocked' });
  expect(world.stored.get('kim')).toMatchObject({ failures: 3, waitMs: 90_000 });
  world.advance(200_000);
  world.tap(kim);
  expect(world.seat.common.notice).toMatchObject({ key: 'pin.blocked' });
});

describe('whom a step is about', () => {
  test('is the person of the open session, whoever taps over it', () => {
    const world = vault();
    world.signIn(kim);
    world.advance(TAP_GUARD_MS + AT_WORK_MS);
    expect(subjectOf(world.seat, { type: 'BadgeRead', badge: 'b', standing: 'ok', who: ada })?.id).toBe('kim');
  });

  test('is behind the lock whoever taps, and else whose work is kept', () => {
    const world = vault();
    world.signIn(kim);
    world.send({ type: 'LockPressed' });
    expect(subjectOf(world.seat, null)?.id).toBe('kim');
    expect(subjectOf(world.seat, { type: 'BadgeRead', badge: 'b', standing: 'ok', who: ada })?.id).toBe('ada');
  });

  test('is the second person while they are asked, and nobody at a free seat', () => {
    const world = vault({ secondRoles: { vendor: ['vault-keeper'] } });
    expect(subjectOf(world.seat, null)).toBeNull();
    world.signIn(vera);
    world.advance(1_000);
    world.tap(kim);
    expect(subjectOf(world.seat, { type: 'PinEntered', pin: '1' })?.id).toBe('kim');
  });

  test('is nobody while emergency access is asked for, begins, or waits for a former session to end', () => {
    const world = vault({ breakGlass: { ...rules.breakGlass, needsBadge: true } });
    const pressed = { type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' } as const;
    const tap = { type: 'BadgeRead', badge: 'badge-kim', standing: 'ok', who: kim } as const;
    world.signIn(ada);
    world.send({ type: 'LockPressed' });
    world.send(pressed);
    expect(subjectOf(world.seat, tap)).toBeNull();
    world.send(tap);
    expect(world.seat.session.at).toBe('ending');
    expect(subjectOf(world.seat, null)).toBeNull();
    world.settleEnding(true);
    expect(world.seat.session.at).toBe('authenticating');
    expect(subjectOf(world.seat, null)).toBeNull();
  });
});

test('a policy or an hour that wants an earlier warning has it for whoever sits there already', () => {
  const world = vault({ warnAfterMs: 900_000 });
  world.signIn(ada);
  world.advance(100_000);
  world.rules = rules;
  world.send({ type: 'Activity', idleMs: 20_000 });
  expect(world.seat.lock.at).toBe('unlocked');
  world.advance(40_000);
  expect(world.seat.lock.at).toBe('warning');
  world.advance(1_000);
  world.send({ type: 'Activity', idleMs: 0 });
  world.rules = { ...rules, warnAfterMs: 30_000 };
  world.advance(40_000);
  world.send({ type: 'Activity', idleMs: 40_000 });
  expect(world.seat.lock.at).toBe('warning');
});

test('everybody who is in the seat can lose the right to be there: who sits, whose work is kept, who comes, who waits, who is next', () => {
  const ids = ({ seat: { session } }: World) => new Set(peopleIn(session).map(({ id }) => id));
  const world = vault({ secondRoles: { vendor: ['nurse'] } });
  expect(ids(world)).toEqual(new Set());
  world.signIn(kim);
  expect(ids(world)).toEqual(new Set(['kim']));
  world.advance(TAP_GUARD_MS + AT_WORK_MS);
  world.send({ type: 'LockPressed' });
  world.signIn(vera);
  world.advance(1_000);
  world.tap(ada);
  expect(ids(world)).toEqual(new Set(['kim', 'vera', 'ada']));
  world.send({ type: 'PinEntered', pin: '246810' });
  world.settleGuess(true);
  expect(world.seat.session.at).toBe('ending');
  expect(ids(world)).toEqual(new Set(['vera']));
  world.settleEnding(true);
  expect(ids(world)).toEqual(new Set(['vera']));
});
