/** Emergency access belongs to whoever needs it: no moment of the seat swallows the wish, and nobody’s badge ends it by the way. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { HAND_OVER_MS } from './moves.ts';
import type { SeatEvent, SeatRules, Standing } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const pressed = { type: 'BreakGlassPressed', reasonId: 'code-blue', note: 'bay 4' } as const;
const started = ({ durable }: World) => durable.filter(({ type }) => type === 'breakglass.started').map(({ body }) => body);
const refusals = ({ durable }: World) => durable.filter(({ type }) => type === 'auth.refused').map(({ body }) => body);

function seat(change: Partial<SeatRules['breakGlass']> = {}, more: Partial<SeatRules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, ...more, breakGlass: { ...rules.breakGlass, ...change } };
  return world;
}

/** Ada has just ended her session, and her processes are going. */
function ending(change: Partial<SeatRules['breakGlass']> = {}): World {
  const world = seat(change);
  world.signIn(ada);
  world.advance(5_000);
  world.send({ type: 'LogoutPressed' });
  expect(world.seat.session.at).toBe('ending');
  return world;
}

describe('asked for while the former session is still being ended', () => {
  test('it opens as soon as all of it is gone, and not before', () => {
    const world = ending();
    expect(world.send(pressed).taken).toBe(true);
    expect(world.seat).toMatchObject({ session: { at: 'ending' }, lock: { at: 'locked' } });
    world.settle();
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { kind: 'breakglass', who: null } }, lock: { at: 'unlocked' } });
    expect(started(world)).toMatchObject([{ person: null, reason: 'code-blue', note: 'bay 4' }]);
  });

  test('it asks for the badge then, where the policy wants one', () => {
    const world = ending({ needsBadge: true });
    world.send(pressed);
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'badge', wish: { reasonId: 'code-blue' } } });
    world.tap(ben);
    world.settle();
    expect(started(world)).toMatchObject([{ person: 'ben' }]);
  });

  test.each(['before', 'after'] as const)('it opens for the badge that was tapped %s it, without a PIN', (when) => {
    const world = ending({ needsBadge: true });
    if (when === 'before') world.tap(ben);
    world.send(pressed);
    if (when === 'after') world.tap(ben);
    world.settle();
    expect(started(world)).toMatchObject([{ person: 'ben' }]);
    expect(world.seat.session).toMatchObject({ at: 'active', session: { kind: 'breakglass', who: { id: 'ben' } } });
  });

  test.each([
    ['the policy has none', { enabled: false }],
    ['the policy does not know the reason', { reasons: ['fire'] }],
  ])('it is refused at once, where %s', (_why, change) => {
    const world = ending(change);
    expect(world.send(pressed).taken).toBe(false);
    world.settle();
    expect(refusals(world)).toMatchObject([{ reason: 'breakglass.unavailable' }]);
    expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'breakglass.unavailable' } } });
  });

  test('it does not take the place of whoever is let in already', () => {
    const world = seat();
    world.signIn(ada);
    world.advance(5_000);
    world.tap(ben);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settleGuess(true);
    expect(world.seat.session).toMatchObject({ at: 'ending', successor: { who: { id: 'ben' } } });
    expect(world.send(pressed).taken).toBe(false);
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'active', session: { kind: 'person', who: { id: 'ben' } } });
  });

  const faults: readonly SeatEvent[] = [
    { type: 'UiLost', reason: 'closed' },
    { type: 'PowerChanged', what: 'suspend' },
    { type: 'ClockStepped', seconds: 90 },
  ];
  test.each(faults)('$type drops it, as anywhere', (fault) => {
    const world = ending();
    world.send(pressed);
    world.send(fault);
    world.settle();
    expect(world.seat.session.at).toBe('none');
    expect(started(world)).toEqual([]);
  });

  test('the end of the policy does not: emergency access is what is left then', () => {
    const world = ending();
    world.send(pressed);
    world.policy = 'expired';
    world.send({ type: 'PolicyLost' });
    world.settle();
    expect(started(world)).toMatchObject([{ reason: 'code-blue' }]);
  });

  test.each<Standing>(['shortPin'])('a badge that is %s is enough for it, as at a free seat', (standing) => {
    const world = ending({ needsBadge: true });
    world.send(pressed);
    world.send({ type: 'BadgeRead', badge: 'badge-ben', standing, who: ben });
    world.settle();
    expect(started(world)).toMatchObject([{ person: 'ben' }]);
  });
});

describe('a badge over an open emergency access', () => {
  test.each([false, true])('closes nothing by itself: the screen asks, and without an answer it goes on; by a badge: %s', (needsBadge) => {
    const world = seat({ needsBadge });
    world.send(pressed);
    if (needsBadge) world.tap(ada);
    world.settle();
    world.advance(10_000);
    world.tap(ben);
    world.settle();
    expect(world.seat.lock).toMatchObject({ at: 'asking', question: { kind: 'handOver', tap: { who: { id: 'ben' } } } });
    expect(refusals(world)).toMatchObject([{ person: 'ben', reason: 'tap.emergency' }]);
    world.advance(HAND_OVER_MS);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { kind: 'breakglass' } }, lock: { at: 'unlocked' } });
  });

  test('is its witness’s once that is said on the screen: it stands in the record and goes on', () => {
    const world = seat();
    world.send(pressed);
    world.settle();
    expect(world.send({ type: 'WitnessPressed' }).taken).toBe(false);
    world.advance(10_000);
    world.tap(ben);
    expect(world.send({ type: 'WitnessPressed' }).taken).toBe(true);
    world.settle();
    const session = world.seat.session.at === 'active' ? world.seat.session.session.id : '';
    expect(world.durable.at(-1)).toEqual({ type: 'breakglass.witnessed', body: { session, person: 'ben' } });
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { kind: 'breakglass' } }, lock: { at: 'unlocked' } });
  });

  test('over a procedure makes no witness', () => {
    const world = seat();
    world.signIn(ada);
    world.send({ type: 'ProcedurePressed', on: true });
    world.settle();
    world.tap(ben);
    expect(world.send({ type: 'WitnessPressed' }).taken).toBe(false);
    expect(world.seat.lock.at).toBe('asking');
  });

  test('takes the seat over once somebody hands it over', () => {
    const world = seat();
    world.send(pressed);
    world.settle();
    world.advance(10_000);
    world.tap(ben);
    world.send({ type: 'HandOverPressed' });
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'breakglass.ended', body: { reason: 'tap-over' } });
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin', who: { id: 'ben' } } });
  });

  test('of whoever opened it locks as their own tap does anywhere', () => {
    const world = seat({ needsBadge: true });
    world.send(pressed);
    world.tap(ada);
    world.settle();
    world.advance(10_000);
    world.tap(ada);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { kind: 'breakglass' } }, lock: { at: 'cooling' } });
  });

  test('closes one that nobody has touched for so long that the seat asks who is there', () => {
    const world = seat({ needsBadge: true });
    world.send(pressed);
    world.tap(ada);
    world.settle();
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
    world.tap(ben);
    expect(world.seat).toMatchObject({ session: { at: 'authenticating', attempt: { who: { id: 'ben' } } }, lock: { at: 'locked' } });
  });
});

describe('an emergency access goes on without a policy in force', () => {
  const expire = (world: World): void => {
    world.policy = 'expired';
    world.send({ type: 'PolicyLost' });
  };

  test.each([false, true])('the open one is not closed by the end of the policy, a person’s session is; by a badge: %s', (needsBadge) => {
    const world = seat({ needsBadge });
    world.send(pressed);
    if (needsBadge) world.tap(ada);
    world.settle();
    expire(world);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { kind: 'breakglass' } }, lock: { at: 'unlocked' } });
    world.advance(rules.breakGlass.limitMs);
    expect(world.seat.lock.at).toBe('locked');
    const other = seat();
    other.signIn(ada);
    expire(other);
    expect(other.seat.lock.at).toBe('locked');
  });

  const old: readonly (readonly [string, (world: World) => Standing])[] = [
    [
      'the policy has expired',
      (world) => {
        expire(world);
        return 'ok';
      },
    ],
    [
      'the staff is too old',
      (world) => {
        world.staff = 'tooOld';
        return 'ok';
      },
    ],
    ['their PIN is too short by now', () => 'shortPin'],
  ];
  test.each(old)('its person comes back to it by badge, where %s', (_why, happens) => {
    const world = seat({ needsBadge: true });
    world.send(pressed);
    world.tap(ada);
    world.settle();
    world.advance(10_000);
    world.send({ type: 'LockPressed' });
    world.settle();
    const standing = happens(world);
    world.send({ type: 'BadgeRead', badge: 'badge-ben', standing, who: ben });
    if (standing === 'ok') expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ada' } } });
    world.advance(1_000);
    world.send({ type: 'BadgeRead', badge: 'badge-ada', standing, who: ada });
    world.settle();
    expect(world.seat).toMatchObject({
      session: { at: 'active', session: { kind: 'breakglass', who: { id: 'ada' } } },
      lock: { at: 'unlocked' },
    });
    expect(started(world)).toHaveLength(1);
  });
});
