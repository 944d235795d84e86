/** Two people for one session: nothing opens before both have proven who they are, and the record names both. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import type { SeatRules, Who } from './types.ts';
import { person, rules, World } from './world.ts';

const HOUR = 3_600_000;
const vera: Who = { ...person('vera'), role: 'vendor' };
const lena: Who = { ...person('lena'), role: 'lead' };
const ned = person('ned');

function worldWhere(change: Partial<SeatRules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, secondRoles: { vendor: ['lead'] }, byName: ['lead'], ...change };
  return world;
}

function proves(world: World, who: Who, right = true): void {
  world.tap(who);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.settle(right);
  world.advance(1_000);
}

const started = (world: World) => world.durable.filter(({ type }) => type === 'session.started').map(({ body }) => body);

describe('where the policy wants two people', () => {
  test('the first is asked for the second, whose own PIN opens the seat for the first', () => {
    const world = worldWhere();
    proves(world, vera);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'second', first: { who: { id: 'vera' } } } });
    expect(started(world)).toEqual([]);
    proves(world, lena);
    expect(started(world)).toMatchObject([{ person: 'vera', role: 'vendor', factors: ['badge', 'pin', 'second'], confirmedBy: 'lena' }]);
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'vera' } } });
  });

  test('a wrong PIN of the second lets nobody in and the first keeps waiting', () => {
    const world = worldWhere();
    proves(world, vera);
    proves(world, lena, false);
    expect(started(world)).toEqual([]);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    expect(started(world)).toMatchObject([{ person: 'vera', confirmedBy: 'lena' }]);
  });

  test.each([
    ['the first again', vera],
    ['somebody of another role', ned],
  ])('%s can not confirm, and that is recorded', (_who, other) => {
    const world = worldWhere();
    proves(world, vera);
    world.tap(other);
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'second' } });
    expect(world.seat.common.notice).toMatchObject({ key: 'second.notAllowed' });
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: other.id, reason: 'second.not-allowed' } });
  });

  test('a name does not confirm, and neither does a badge within its grace alone', () => {
    const world = worldWhere({ graceMs: { lead: HOUR } });
    proves(world, lena);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    proves(world, vera);
    world.name(lena);
    expect(world.seat.common.notice).toMatchObject({ key: 'second.notAllowed' });
    world.tap(lena);
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin', who: { id: 'lena' } } });
  });

  test.each(['code', 'card'] as const)('a %s does not confirm: it would be used up by nothing', (by) => {
    const world = worldWhere();
    proves(world, vera);
    world.send({ type: 'BadgeRead', badge: 'digits', by, standing: 'ok', who: lena });
    world.settle();
    expect(world.seat).toMatchObject({
      session: { at: 'authenticating', attempt: { stage: 'second' } },
      common: { notice: { key: 'second.notAllowed' } },
    });
    proves(world, lena);
    expect(started(world)).toMatchObject([{ person: 'vera', confirmedBy: 'lena' }]);
  });

  test('nobody waits for ever, a fault ends the wait, and so does the revocation of either', () => {
    const endings: readonly ((world: World) => void)[] = [
      (world) => world.advance(120_000),
      (world) => void world.send({ type: 'CancelPressed' }),
      (world) => void world.send({ type: 'UiLost', reason: 'closed' }),
      (world) => void world.send({ type: 'PolicyLost' }),
      (world) => void world.send({ type: 'PersonsRevoked', ids: ['vera'] }),
      (world) => {
        world.tap(lena);
        world.send({ type: 'PersonsRevoked', ids: ['vera'] });
      },
    ];
    for (const ends of endings) {
      const world = worldWhere();
      proves(world, vera);
      ends(world);
      world.settle();
      expect(world.seat.session.at).toBe('none');
      proves(world, lena);
      expect(started(world)).toMatchObject([{ person: 'lena' }]);
    }
  });

  const takes = (world: World, who: Who): void => void world.send({ type: 'BadgeRemoved', badge: `badge-${who.id}`, person: who.id });

  test('one reader is enough where cards must stay: the first card makes room for the second', () => {
    const world = worldWhere();
    proves(world, vera);
    takes(world, vera);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'second', first: { who: { id: 'vera' } } } });
    proves(world, lena);
    expect(started(world)).toMatchObject([{ person: 'vera', confirmedBy: 'lena' }]);
    takes(world, lena);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'vera' } } }, lock: { at: 'unlocked' } });
  });

  /** As the seat hears of a card that is laid on a reader: what lies there first, then the tap. */
  const lays = (world: World, who: Who): boolean => {
    world.send({ type: 'ReaderState', presence: { watching: true, lying: [`badge-${who.id}`] } });
    return world.tap(who).taken;
  };

  test.each([
    ['while the person works', 0],
    ['while the person reads', 30_000],
    ['in the warning', 61_000],
  ])('the first card that is laid back %s is no goodbye: the seat stays open until that card is taken', (_when, idleMs) => {
    const world = worldWhere();
    proves(world, vera);
    takes(world, vera);
    lays(world, lena);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    takes(world, lena);
    world.advance(10_000);
    world.send({ type: 'Activity', idleMs: 0 });
    world.advance(idleMs);
    expect(lays(world, vera)).toBe(true);
    expect(world.seat).toMatchObject({ session: { at: 'active' }, lock: { at: 'unlocked' } });
    takes(world, vera);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'vera' } } }, lock: { at: 'locked' } });
  });

  test('two readers: the first card may go at any time before the seat opens, the second one not', () => {
    const world = worldWhere();
    proves(world, vera);
    world.tap(lena);
    takes(world, vera);
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'pin', who: { id: 'lena' } } });
    world.send({ type: 'PinEntered', pin: '246810' });
    takes(world, vera);
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'checking', who: { id: 'lena' } } });
    takes(world, lena);
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'second', first: { who: { id: 'vera' } } } });
    world.settle();
    expect(started(world)).toEqual([]);
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'lena', reason: 'interrupted.card-removed' } });
  });

  test('a second card that goes before its PIN takes the seat back to the wait for a second person, which ends by itself', () => {
    const world = worldWhere();
    proves(world, vera);
    world.tap(lena);
    takes(world, lena);
    world.send({ type: 'PinEntered', pin: '246810' });
    expect(world.guesses).toEqual([]);
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'second', first: { who: { id: 'vera' } } } });
    world.advance(120_000);
    expect(world.seat.session.at).toBe('none');
  });

  test.each([
    ['cancels', (world: World) => void world.send({ type: 'CancelPressed' })],
    ['does not type', (world: World) => world.advance(30_000)],
  ])('a second person who %s leaves the first one waiting: nobody has to prove again who they are', (_does, leaves) => {
    const world = worldWhere();
    proves(world, vera);
    world.tap(lena);
    leaves(world);
    expect(world.seat.session).toMatchObject({ attempt: { stage: 'second', who: { id: 'vera' }, first: { who: { id: 'vera' } } } });
    proves(world, lena);
    expect(started(world)).toMatchObject([{ person: 'vera', confirmedBy: 'lena' }]);
    const left = worldWhere();
    proves(left, vera);
    left.tap(lena);
    leaves(left);
    left.send({ type: 'CancelPressed' });
    expect(left.seat.session.at).toBe('none');
  });

  test('the way back to one’s own kept work needs nobody else', () => {
    const world = worldWhere();
    proves(world, vera);
    proves(world, lena);
    world.advance(5_000);
    world.send({ type: 'LockPressed' });
    world.advance(5_000);
    proves(world, vera);
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.unlocked', body: { person: 'vera' } });
  });

  test('whose work is kept comes back to it, unless theirs is the role that confirms', () => {
    const world = worldWhere();
    proves(world, ned);
    world.advance(5_000);
    world.send({ type: 'LockPressed' });
    proves(world, vera);
    proves(world, ned);
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ned' } } });
    const lead = worldWhere();
    proves(lead, lena);
    lead.advance(5_000);
    lead.send({ type: 'LockPressed' });
    proves(lead, vera);
    proves(lead, lena);
    expect(started(lead)).toMatchObject([{ person: 'lena' }, { person: 'vera', confirmedBy: 'lena' }]);
  });

  test('a seat is taken over only once both are there: until then the kept work stays', () => {
    const world = worldWhere();
    proves(world, ned);
    world.advance(5_000);
    world.send({ type: 'LockPressed' });
    proves(world, vera);
    expect(world.durable.some(({ type }) => type === 'session.ended')).toBe(false);
    proves(world, lena);
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'vera' } } });
  });
});
