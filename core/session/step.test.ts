/** The flows of a shift, one by one: what a nurse does, what the seat does, what is in the record afterwards. */
import { describe, expect, test } from 'vitest';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const types = (world: World): readonly string[] => world.durable.map((record) => record.type);
const last = (world: World): unknown => world.durable.at(-1);

describe('the way in', () => {
  test('tap, PIN, open: the screen opens only after the event is durable', () => {
    const world = new World();
    world.tap(ada);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin', purpose: 'open' } });
    world.send({ type: 'PinEntered', pin: '123456' });
    world.settleGuess(true);
    expect(world.seat.lock.at).toBe('unlocking');
    expect(types(world)).toEqual([]);
    world.settleAppend(true);
    expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'unlocked' } });
    expect(last(world)).toMatchObject({
      type: 'session.started',
      body: { person: 'ada', factors: ['badge', 'pin'], policyVersion: 4, replaces: null },
    });
  });

  test('an event that can not be made durable opens nothing and says so', () => {
    const world = new World();
    world.tap(ada);
    world.send({ type: 'PinEntered', pin: '123456' });
    world.settleGuess(true);
    world.settleAppend(false);
    expect(world.seat).toMatchObject({ session: { at: 'none' }, lock: { at: 'locked' }, common: { notice: { key: 'store.broken' } } });
  });

  test('a wrong PIN is refused, recorded and counted; the prompt stays', () => {
    const world = new World();
    world.tap(ada);
    world.send({ type: 'PinEntered', pin: '0000' });
    world.settleGuess(false);
    expect(last(world)).toMatchObject({ type: 'auth.refused', body: { person: 'ada', reason: 'pin.wrong', triesLeft: 5 } });
    expect(world.seat).toMatchObject({
      session: { at: 'authenticating', attempt: { stage: 'pin' } },
      common: { notice: { key: 'pin.wrong', params: { tries: 5 } } },
    });
    expect(world.stored.get('ada')).toMatchObject({ failures: 1 });
  });

  test('during a wait no PIN is looked at', () => {
    const world = new World();
    world.tap(ada);
    for (let i = 0; i < 3; i++) {
      world.send({ type: 'PinEntered', pin: '0000' });
      world.settleGuess(false);
    }
    expect(world.send({ type: 'PinEntered', pin: '0000' })).toMatchObject({ taken: false });
    expect(world.guesses).toHaveLength(0);
    expect(world.seat.common.notice).toMatchObject({ key: 'pin.wait', params: { seconds: 30 } });
  });

  test('an unknown badge is refused and recorded by its keyed hash', () => {
    const world = new World();
    world.send({ type: 'BadgeRead', badge: 'f00d', standing: 'unknown', who: null });
    expect(last(world)).toEqual({ type: 'auth.refused', body: { person: null, reason: 'badge.unknown', triesLeft: 0, badge: 'f00d' } });
    expect(world.seat.session.at).toBe('none');
  });

  test.each(['none', 'expired'] as const)('with policy %s nobody signs in', (policy) => {
    const world = new World();
    world.policy = policy;
    expect(world.tap(ada).taken).toBe(false);
    expect(world.seat.common.notice?.key).toBe(`policy.${policy}`);
  });

  test('without a screen nothing opens', () => {
    const world = new World();
    world.uiConnected = false;
    expect(world.tap(ada).taken).toBe(false);
    expect(world.seat.common.notice).toMatchObject({ key: 'seat.faulted', code: 'SESSION_SCREENS_MISSING' });
  });

  test('a prompt that nobody answers goes away', () => {
    const world = new World();
    world.tap(ada);
    world.advance(31_000);
    expect(world.seat.session.at).toBe('none');
  });
});

describe('locking and coming back', () => {
  test('a tap by the same person locks, and the card that still lies there opens nothing', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(5_000);
    world.tap(ada);
    expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'cooling' } });
    expect(world.tap(ada).taken).toBe(false);
    world.advance(2_000);
    expect(world.seat.lock.at).toBe('locked');
  });

  test('the own badge and PIN return to the same session', () => {
    const world = new World();
    world.signIn(ada);
    const session = world.seat.session.at === 'active' ? world.seat.session.session : null;
    world.advance(5_000);
    world.send({ type: 'LockPressed' });
    world.advance(2_000);
    world.signIn(ada);
    expect(types(world)).toEqual(['session.started', 'session.locked', 'session.unlocked']);
    expect(world.seat).toMatchObject({
      session: { at: 'active', session: { ...session, loginBootMs: world.bootMs } },
      lock: { at: 'unlocked' },
    });
  });

  test('idle: a warning with a countdown, then the lock with work kept, then the end', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
    world.advance(rules.warningMs);
    expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'locked' } });
    expect(last(world)).toMatchObject({ type: 'session.locked', body: { reason: 'idle' } });
    world.advance(rules.keepMs);
    world.settle();
    expect(world.seat.session.at).toBe('none');
    expect(last(world)).toMatchObject({ type: 'session.ended', body: { reason: 'keep-over' } });
  });

  test('input before the warning puts it off, input during it ends it, and so does Stay', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(50_000);
    world.send({ type: 'Activity', idleMs: 0 });
    world.advance(50_000);
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(10_000);
    expect(world.seat.lock.at).toBe('warning');
    world.send({ type: 'Activity', idleMs: 30_000 });
    expect(world.seat.lock.at).toBe('warning');
    world.advance(1_000);
    world.send({ type: 'Activity', idleMs: 200 });
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(61_000);
    expect(world.send({ type: 'StayPressed' })).toMatchObject({ taken: true, seat: { lock: { at: 'unlocked' } } });
  });

  test('a session ends at its greatest age, busy or not', () => {
    const world = new World();
    world.signIn(ada);
    for (let passed = 0; passed < rules.maxSessionMs; passed += 30_000) {
      world.send({ type: 'Activity', idleMs: 0 });
      world.advance(30_000);
    }
    world.settle();
    expect(last(world)).toMatchObject({ type: 'session.ended', body: { reason: 'max-age' } });
  });
});

describe('grace: the badge alone after a PIN at this seat', () => {
  const HOURS = 3_600_000;
  const graceful = (): World => {
    const world = new World();
    world.rules = { ...rules, graceMs: { nurse: 4 * HOURS } };
    world.signIn(ada);
    world.advance(5_000);
    return world;
  };
  const out = (world: World): void => {
    world.send({ type: 'LogoutPressed' });
    world.settle();
  };

  test('opens with one tap, and the record says by which factors', () => {
    const world = graceful();
    out(world);
    world.tap(ada);
    world.settle();
    expect(last(world)).toMatchObject({ type: 'session.started', body: { person: 'ada', factors: ['badge'] } });
    expect(world.seat.lock.at).toBe('unlocked');
  });

  test('comes back to kept work with one tap, after the card has been taken off', () => {
    const world = graceful();
    world.tap(ada);
    expect(world.seat.lock.at).toBe('cooling');
    world.advance(2_000);
    world.tap(ada);
    world.settle();
    expect(last(world)).toMatchObject({ type: 'session.unlocked', body: { factors: ['badge'] } });
  });

  test('takes a seat over with one tap: the former session ends first', () => {
    const world = graceful();
    out(world);
    world.signIn(ben);
    world.advance(5_000);
    world.tap(ada);
    world.settle();
    expect(types(world).slice(-3)).toEqual(['session.locked', 'session.ended', 'session.started']);
    expect(last(world)).toMatchObject({ body: { person: 'ada', factors: ['badge'] } });
  });

  test.each([
    ['its time is over', (world: World) => world.advance(4 * HOURS)],
    [
      'a new policy gives none any more',
      (world: World) => {
        world.rules = { ...rules, graceMs: { nurse: 0 } };
      },
    ],
    [
      'a new policy gives less, and that is over',
      (world: World) => {
        world.rules = { ...rules, graceMs: { nurse: HOURS } };
        world.advance(HOURS);
      },
    ],
    ['the agent or the machine started anew', (world: World) => world.restart(false)],
    [
      'somebody has guessed at the PIN since',
      (world: World) => {
        const guessed = {
          ...world.seat.common.throttles,
          ada: { pinId: 'pin-ada', failures: 1, waitMs: 0, waitUntilBootMs: 0, bootId: 'boot-1' },
        };
        world.seat = { ...world.seat, common: { ...world.seat.common, throttles: guessed } };
      },
    ],
  ])('is void when %s', (_name, happens) => {
    const world = graceful();
    out(world);
    happens(world);
    world.tap(ada);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin' } });
  });

  test('is not there for another PIN, or for a role that the policy does not name', () => {
    const world = graceful();
    out(world);
    world.tap({ ...ada, pinId: 'another' });
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'pin' } });
    const strict = new World();
    strict.rules = { ...rules, graceMs: { porter: HOURS } };
    strict.signIn(ada);
    strict.advance(5_000);
    out(strict);
    strict.tap(ada);
    expect(strict.seat.session).toMatchObject({ attempt: { stage: 'pin' } });
  });

  test('escape 53 locked: no clock makes it longer', () => {
    const world = graceful();
    out(world);
    world.advance(4 * HOURS);
    world.wallMs -= 10 * HOURS;
    world.send({ type: 'ClockStepped', seconds: -36_000 });
    world.tap(ada);
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'pin' } });
  });
});

describe('two people', () => {
  test('another badge and PIN on an open seat: locked at once, ended after the PIN, then theirs', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(5_000);
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'authenticating', attempt: { purpose: 'takeover' } }, lock: { at: 'locked' } });
    world.send({ type: 'PinEntered', pin: '1234' });
    world.settleGuess(true);
    expect(world.seat.session.at).toBe('ending');
    expect(last(world)).toMatchObject({ type: 'session.ended', body: { person: 'ada', reason: 'taken-over' } });
    world.settle();
    expect(types(world)).toEqual(['session.started', 'session.locked', 'session.ended', 'session.started']);
    expect(last(world)).toMatchObject({ body: { person: 'ben', replaces: expect.any(String) } });
  });

  test('without the PIN the kept work stays whose it is', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(5_000);
    world.tap(ben);
    world.send({ type: 'CancelPressed' });
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'locked' } });
  });

  test('nobody comes in over what is left of the former session', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(5_000);
    world.tap(ben);
    world.send({ type: 'PinEntered', pin: '1234' });
    world.settleGuess(true);
    world.settleEnding(false);
    expect(world.seat.session.at).toBe('faulted');
    expect(world.tap(ben).taken).toBe(false);
    // Layers that are back take nothing of it away.
    world.send({ type: 'Repaired' });
    expect(world.seat.session.at).toBe('faulted');
  });
});

describe('break-glass', () => {
  const press = { type: 'BreakGlassPressed', reasonId: 'code-blue', note: 'bed 4' } as const;

  test('anonymous, where the policy says so: limited, recorded, ended by its limit', () => {
    const world = new World();
    world.send(press);
    world.settle();
    expect(last(world)).toMatchObject({
      type: 'breakglass.started',
      body: { person: null, reason: 'code-blue', note: 'bed 4', limitSeconds: 900 },
    });
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { kind: 'breakglass' } }, lock: { at: 'unlocked' } });
    for (let passed = 0; passed < 900_000; passed += 30_000) {
      world.send({ type: 'Activity', idleMs: 0 });
      world.advance(30_000);
    }
    world.settle();
    expect(last(world)).toMatchObject({ type: 'breakglass.ended', body: { reason: 'limit' } });
  });

  test('with a badge where the policy demands one: it waits for a known badge and asks no PIN', () => {
    const world = new World();
    world.rules = { ...rules, breakGlass: { ...rules.breakGlass, needsBadge: true } };
    world.send(press);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'badge' } });
    world.send({ type: 'BadgeRead', badge: 'x', standing: 'unknown', who: null });
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'badge' } });
    world.tap(ada);
    world.settle();
    expect(last(world)).toMatchObject({ type: 'breakglass.started', body: { person: 'ada' } });
  });

  test('an anonymous one is never kept behind a lock: it ends', () => {
    const world = new World();
    world.send(press);
    world.settle();
    world.send({ type: 'LockPressed' });
    world.settle();
    expect(last(world)).toMatchObject({ type: 'breakglass.ended', body: { reason: 'pressed' } });
  });

  test('it works when the policy has expired, and ends the kept session of another', () => {
    const world = new World();
    world.signIn(ada);
    world.advance(5_000);
    world.policy = 'expired';
    world.send({ type: 'PolicyLost' });
    expect(world.seat.lock.at).toBe('locked');
    world.send(press);
    world.settle();
    expect(types(world).slice(-2)).toEqual(['session.ended', 'breakglass.started']);
  });

  test.each([
    ['a reason that the policy lacks', { ...press, reasonId: 'fun' }, rules],
    ['a policy without it', press, { ...rules, breakGlass: { ...rules.breakGlass, enabled: false } }],
  ])('refused and recorded: %s', (_name, event, inForce) => {
    const world = new World();
    world.rules = inForce;
    world.send(event);
    expect(last(world)).toMatchObject({ type: 'auth.refused', body: { reason: 'breakglass.unavailable' } });
  });
});

describe('when no log takes the event', () => {
  test('a break-glass opens all the same, and no longer than a quarter of an hour', () => {
    const world = new World();
    world.rules = { ...rules, breakGlass: { ...rules.breakGlass, limitMs: 7_200_000 } };
    world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
    const ticket = world.appends[0]?.ticket ?? 0;
    world.send({ type: 'Appended', ticket, recorded: false });
    expect(world.seat.lock.at).toBe('unlocked');
    expect(world.timers.get('limit')).toBe(world.bootMs + 900_000);
  });

  test('nothing else opens', () => {
    const world = new World();
    world.tap(ada);
    world.send({ type: 'PinEntered', pin: '1234' });
    world.settleGuess(true);
    world.send({ type: 'Appended', ticket: world.appends[0]?.ticket ?? 0, recorded: false });
    expect(world.seat).toMatchObject({ session: { at: 'none' }, lock: { at: 'locked' }, common: { notice: { key: 'store.broken' } } });
  });
});

test('a revoked person is out at once', () => {
  const world = new World();
  world.signIn(ada);
  world.send({ type: 'PersonsRevoked', ids: ['ada'] });
  world.settle();
  expect(world.seat).toMatchObject({ session: { at: 'none' }, lock: { at: 'locked' } });
  expect(last(world)).toMatchObject({ type: 'session.ended', body: { reason: 'revoked' } });
});
