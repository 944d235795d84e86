/** A timer of a session ends with it, however it ended: none acts on whoever comes next. */
import { expect, test } from 'vitest';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');

test.each(['locked', 'with somebody on the way in'])(
  'a break-glass that a fault ended, %s, does not end the next session by its limit',
  (at) => {
    const world = new World();
    world.rules = { ...rules, breakGlass: { ...rules.breakGlass, needsBadge: true } };
    world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
    world.tap(ada);
    world.settle();
    world.advance(5_000);
    world.send({ type: 'LockPressed' });
    if (at !== 'locked') world.tap(ben);
    world.send({ type: 'EnforcementFailed', why: 'landlock' });
    world.settle();
    world.send({ type: 'Repaired' });
    world.signIn(ben);
    expect(world.timers.has('limit')).toBe(false);
    for (let minute = 0; minute < 20; minute += 1) {
      world.advance(50_000);
      world.send({ type: 'Activity', idleMs: 0 });
    }
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ben' } } }, lock: { at: 'unlocked' } });
  },
);
