/** Ways in without a badge: a name, a temporary code, a downtime card. None of them is ever enough by itself. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import type { Entry, Who } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const HOUR = 3_600_000;

function worldWhere(change: Partial<typeof rules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, byName: ['nurse'], ...change };
  return world;
}

const types = (world: World, by: Entry, who: Who | null, badge: string | null = `${by}-of-${who?.id}`): void => {
  world.send({ type: 'BadgeRead', badge, by, standing: 'ok', who });
};

describe('a name', () => {
  test('asks for the PIN, and the record says that there was no badge', () => {
    const world = worldWhere();
    world.name(ada);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin', badge: null, by: 'name' } });
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.started', body: { person: 'ada', factors: ['name', 'pin'] } });
  });

  test('is refused in words where the policy wants a badge of this role', () => {
    const world = worldWhere({ byName: ['doctor'] });
    world.name(ada);
    expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'name.notAllowed' } } });
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'ada', reason: 'name.not-allowed' } });
  });

  test('is never enough by itself, not even where a badge would be', () => {
    const world = worldWhere({ graceMs: { nurse: HOUR } });
    world.signIn(ada);
    world.send({ type: 'LogoutPressed' });
    world.settle();
    world.name(ada);
    expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'pin' } });
  });

  test('shares tries and waits with the badge of the same person', () => {
    const world = worldWhere();
    for (let tries = 0; tries < 3; tries++) {
      world.name(ada);
      world.send({ type: 'PinEntered', pin: '000000' });
      world.settle(false);
    }
    world.send({ type: 'CancelPressed' });
    world.tap(ada);
    expect(world.seat.common.notice).toMatchObject({ key: 'pin.wait', params: { seconds: 30, tries: 3 } });
  });

  test('opens no break-glass under that name, neither asked for a badge nor on the way to a PIN', () => {
    const needy = worldWhere({ breakGlass: { ...rules.breakGlass, needsBadge: true } });
    needy.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
    needy.name(ada);
    expect(needy.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'badge' } });
    expect(needy.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { reason: 'name.not-enough' } });

    const free = worldWhere();
    free.name(ada);
    free.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
    free.settle();
    expect(free.durable.at(-1)).toMatchObject({ type: 'breakglass.started', body: { person: null } });
  });

  test('takes a locked seat over as a badge does, and means nothing over an open one', () => {
    const world = worldWhere();
    world.signIn(ben);
    world.advance(5_000);
    world.name(ada);
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ben' } } });
    world.send({ type: 'LockPressed' });
    world.name(ada);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ada' } } });
  });
});

describe('a code', () => {
  test('of a card is used up by the event that opens the seat, and not by a wrong PIN', () => {
    const world = worldWhere();
    const used: unknown[] = [];
    const watched = new World((_before, _event, { effects }) => {
      for (const effect of effects) if (effect.do === 'append' && effect.card !== undefined) used.push(effect.card);
    });
    types(watched, 'card', ada);
    watched.send({ type: 'PinEntered', pin: '000000' });
    watched.settle(false);
    expect(used).toEqual([]);
    watched.send({ type: 'PinEntered', pin: '246810' });
    watched.settle();
    expect(used).toEqual([{ hash: 'card-of-ada', person: 'ada' }]);
    expect(watched.durable.at(-1)).toMatchObject({ type: 'session.started', body: { factors: ['card', 'pin'] } });
    types(world, 'code', ada);
    world.send({ type: 'PinEntered', pin: '246810' });
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ body: { factors: ['code', 'pin'] } });
  });

  test('stands for a badge where break-glass needs one', () => {
    const world = worldWhere({ breakGlass: { ...rules.breakGlass, needsBadge: true } });
    world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
    types(world, 'card', ada);
    world.settle();
    expect(world.durable.at(-1)).toMatchObject({ type: 'breakglass.started', body: { person: 'ada' } });
  });

  test('of a card that may have been used opens no break-glass, whether held up for it or before; with the PIN it opens the seat', () => {
    const needy = worldWhere({ breakGlass: { ...rules.breakGlass, needsBadge: true } });
    const free = worldWhere({ breakGlass: { ...rules.breakGlass, needsBadge: false } });
    for (const world of [needy, free]) world.cardsInDoubt = ['card-of-ada'];
    const wish = { type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' } as const;
    const refused = { type: 'auth.refused', body: { person: 'ada', reason: 'card.in-doubt' } };
    const asksForBadge = {
      session: { at: 'authenticating', attempt: { stage: 'badge' } },
      common: { notice: { key: 'code.doubt', code: 'SESSION_CARD_IN_DOUBT' } },
    };
    needy.send(wish);
    types(needy, 'card', ada);
    expect(needy.seat).toMatchObject(asksForBadge);
    expect(needy.durable.at(-1)).toMatchObject(refused);
    needy.send({ type: 'CancelPressed' });
    types(needy, 'card', ada);
    needy.send(wish);
    expect(needy.seat).toMatchObject(asksForBadge);
    expect(needy.durable.at(-1)).toMatchObject(refused);
    types(needy, 'card', ben);
    needy.settle();
    expect(needy.durable.at(-1)).toMatchObject({ type: 'breakglass.started', body: { person: 'ben' } });
    types(free, 'card', ada);
    free.send(wish);
    free.settle();
    expect(free.durable.at(-1)).toMatchObject({ type: 'breakglass.started', body: { person: null } });
    const signing = worldWhere();
    signing.cardsInDoubt = ['card-of-ada'];
    types(signing, 'card', ada);
    signing.send({ type: 'PinEntered', pin: '246810' });
    signing.settle();
    expect(signing.durable.at(-1)).toMatchObject({ type: 'session.started', body: { person: 'ada', factors: ['card', 'pin'] } });
  });

  test.each([
    ['unknown', 'code.unknown', 'code.unknown'],
    ['expired', 'code.expired', 'code.expired'],
    ['used', 'code.used', 'card.used'],
    ['wait', 'code.wait', 'code.wait'],
  ] as const)('that is %s is refused with its own sentence', (standing, key, reason) => {
    const world = worldWhere();
    world.send({ type: 'BadgeRead', badge: 'x', by: 'card', standing, who: null, waitMs: 30_000 });
    expect(world.seat.common.notice?.key).toBe(key);
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { reason } });
  });
});
