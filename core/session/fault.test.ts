/** A seat that is out of order: what mends it, and what does not let anybody in over the rest. */
import { describe, expect, test } from 'vitest';
import { checkWorld, lawful } from '../../test/session/laws.ts';
import { person, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');
const press = { type: 'BreakGlassPressed', reasonId: 'code-blue', note: 'bed 4' } as const;

/** Ada's session is being ended and its processes are going. */
function ending(): World {
  const { watch } = lawful();
  const world: World = new World((before, event, after) => {
    watch(before, event, after);
    checkWorld(world, before, event, after);
  });
  world.signIn(ada);
  world.advance(5_000);
  world.send({ type: 'LogoutPressed' });
  return world;
}

const shownBy = (world: World) => ({ at: world.seat.session.at, key: world.seat.common.notice?.key });

describe('a session that ends too slowly', () => {
  test('shuts the seat, which is free as soon as all of it is gone', () => {
    const world = ending();
    world.advance(10_000);
    expect(shownBy(world)).toEqual({ at: 'faulted', key: 'seat.notEnded' });
    expect(world.tap(ben).taken).toBe(false);
    world.settleEnding(true);
    expect(shownBy(world)).toEqual({ at: 'none', key: undefined });
    world.signIn(ben);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ben' } } }, lock: { at: 'unlocked' } });
  });

  test('gives emergency access again with that, and not before', () => {
    const world = ending();
    world.advance(10_000);
    expect(world.send(press).taken).toBe(false);
    world.settleEnding(true);
    expect(world.send(press).taken).toBe(true);
  });

  test('keeps the seat shut for good where something of it was left', () => {
    const world = ending();
    world.advance(10_000);
    world.settleEnding(false);
    expect(shownBy(world)).toEqual({ at: 'faulted', key: 'seat.leftovers' });
    world.send({ type: 'Repaired' });
    expect(shownBy(world)).toEqual({ at: 'faulted', key: 'seat.leftovers' });
  });

  test('is not taken for gone by the end of another one', () => {
    const world = ending();
    world.advance(10_000);
    world.send({ type: 'SessionClosed', session: 'f'.repeat(32), clean: true });
    expect(world.seat.session.at).toBe('faulted');
  });
});

describe('layers that are lost', () => {
  test('and are back let nobody in while the session that they ended is still going', () => {
    const world = ending();
    world.settle();
    world.signIn(ada);
    world.send({ type: 'EnforcementFailed', why: 'landlock' });
    expect(shownBy(world)).toEqual({ at: 'faulted', key: 'seat.unenforced' });
    world.send({ type: 'Repaired' });
    expect(shownBy(world)).toEqual({ at: 'faulted', key: 'seat.notEnded' });
    expect(world.tap(ben).taken).toBe(false);
    world.settleEnding(true);
    expect(world.seat.session.at).toBe('none');
  });

  test('keep the seat shut when the session that was slow is gone', () => {
    const world = ending();
    world.advance(10_000);
    world.send({ type: 'EnforcementFailed', why: 'landlock' });
    world.settleEnding(true);
    expect(shownBy(world)).toEqual({ at: 'faulted', key: 'seat.unenforced' });
    world.send({ type: 'Repaired' });
    expect(world.seat.session.at).toBe('none');
  });

  test('under somebody on the way in end the work that was kept, too', () => {
    const world = ending();
    world.settle();
    world.signIn(ada);
    world.advance(5_000);
    world.send({ type: 'LockPressed' });
    world.tap(ben);
    world.send({ type: 'EnforcementFailed', why: 'landlock' });
    world.send({ type: 'Repaired' });
    expect(world.seat.session.at).toBe('faulted');
    world.settleEnding(true);
    expect(world.seat.session.at).toBe('none');
  });
});
