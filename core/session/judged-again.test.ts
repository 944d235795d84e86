/** Between the tap and the right PIN the policy, the hour or the age of the staff may have changed: who comes in is judged by what holds then. */
import { expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const vera = { ...person('vera'), role: 'vendor' };

const changes: readonly (readonly [string, string, (world: World) => void])[] = [
  [
    'names are no longer taken',
    'name.not-allowed',
    (world) => {
      world.rules = { ...rules, byName: [] };
    },
  ],
  [
    'the staff is too old',
    'staff.too-old',
    (world) => {
      world.staff = 'tooOld';
    },
  ],
];

test.each(changes)('a right PIN opens nothing where %s by then; it was right all the same', (_what, reason, change) => {
  const world = new World(lawful().watch);
  world.rules = { ...rules, byName: ['nurse'] };
  world.name(ada);
  world.send({ type: 'PinEntered', pin: '135799' });
  world.settle(false);
  world.send({ type: 'PinEntered', pin: '246810' });
  change(world);
  world.settle();
  expect(world.seat).toMatchObject({ session: { at: 'none' }, lock: { at: 'locked' } });
  expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'ada', reason } });
  expect(world.seat.common.notice).not.toBeNull();
  expect(world.stored.get('ada')).toBeUndefined();
  expect(world.timers.has('attempt')).toBe(false);
});

test('neither does a second person’s, who confirms somebody that may no longer come in like that', () => {
  const world = new World(lawful().watch);
  world.rules = { ...rules, byName: ['vendor'], secondRoles: { vendor: ['nurse'] } };
  world.name(vera);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.settle();
  world.advance(1_000);
  world.tap(ada);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.rules = { ...world.rules, byName: [] };
  world.settle();
  expect(world.seat.session.at).toBe('none');
  expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'vera', reason: 'name.not-allowed' } });
});

test('the work that is kept stays for whoever is refused now', () => {
  const world = new World(lawful().watch);
  world.signIn(ada);
  world.advance(5_000);
  world.send({ type: 'LockPressed' });
  world.advance(5_000);
  world.tap(ada);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.staff = 'tooOld';
  world.settle();
  expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'locked' } });
});
