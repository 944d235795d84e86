/** The laws of the design against some thousand sequences; test/deep tries more. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkLaws, trialSeed } from '../../test/session/commands.ts';
import { lawful, people } from '../../test/session/laws.ts';
import { initialSeat } from './step.ts';
import { person, rules, World } from './world.ts';

const RUNS = 1_500;

test('the laws hold for any sequence of events, faults, kills and reboots', () => checkLaws({ runs: RUNS, seed: trialSeed() }));

test('escape 61 locked: two people tapping within 50 ms give exactly one session, and both taps are in the record', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.boolean(), (gapMs, held) => {
      const [ada, ben, cay] = people;
      if (ada === undefined || ben === undefined || cay === undefined) throw new Error('people');
      const world = new World();
      if (held) {
        world.signIn(cay);
        world.advance(5_000);
        world.send({ type: 'LockPressed' });
      }
      world.advance(10_000);
      const before = world.durable.length;
      world.tap(ada);
      world.advance(gapMs);
      world.tap(ben);
      world.send({ type: 'PinEntered', pin: '1234' });
      world.settle();
      const after = world.durable.slice(before);
      expect(after.filter((record) => record.type === 'session.started').map((record) => record.body)).toMatchObject([{ person: 'ada' }]);
      expect(after.filter((record) => record.type === 'auth.refused').map((record) => record.body)).toMatchObject([
        { person: 'ben', reason: 'tap.collision' },
      ]);
      expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ada' } } });
    }),
  );
});

test('escape 61 locked: the same where the badge alone is enough for both', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), (gapMs) => {
      const [ada, ben] = people;
      if (ada === undefined || ben === undefined) throw new Error('people');
      const world = new World(lawful().watch);
      world.rules = { ...rules, graceMs: { nurse: 14_400_000 } };
      for (const one of [ada, ben]) {
        world.signIn(one);
        world.advance(5_000);
        world.send({ type: 'LogoutPressed' });
        world.settle();
      }
      world.advance(10_000);
      const before = world.durable.length;
      world.tap(ada);
      world.settle();
      world.advance(gapMs);
      world.tap(ben);
      world.settle();
      const after = world.durable.slice(before);
      expect(after.map((record) => record.type)).toEqual(['session.started', 'auth.refused']);
      expect(world.seat.session).toMatchObject({ at: 'active', session: { who: { id: 'ada' }, factors: ['badge'] } });
    }),
  );
});

test('escape 61 locked: the same while a former session is still being ended', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.boolean(), fc.boolean(), (gapMs, grace, clean) => {
      const [ada, ben, cay] = people;
      if (ada === undefined || ben === undefined || cay === undefined) throw new Error('people');
      const world = new World(lawful().watch);
      if (grace) world.rules = { ...rules, graceMs: { nurse: 14_400_000 } };
      for (const one of [ada, ben, cay]) {
        world.signIn(one);
        world.advance(5_000);
        world.send({ type: 'LogoutPressed' });
        if (one !== cay) world.settle();
      }
      const before = world.durable.length;
      world.tap(ada);
      world.advance(gapMs);
      world.tap(ben);
      world.settleEnding(clean);
      world.send({ type: 'PinEntered', pin: '1234' });
      world.settle();
      const after = world.durable.slice(before);
      const started = after.filter((record) => record.type === 'session.started').map((record) => record.body);
      const refused = after.filter((record) => record.type === 'auth.refused').map((record) => record.body);
      expect(started).toMatchObject(clean ? [{ person: 'ada' }] : []);
      const busy = { reason: 'tap.busy' };
      expect(refused).toMatchObject(
        clean
          ? [{ person: 'ben', ...busy }]
          : [
              { person: 'ben', ...busy },
              { person: 'ada', ...busy },
            ],
      );
      expect(world.seat.session.at).toBe(clean ? 'active' : 'faulted');
    }),
  );
});

test('escape 61 in session: two people tapping within 50 ms over somebody’s open session give exactly one new one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.constantFrom(0, 600_000), fc.boolean(), (gapMs, keepMs, procedure) => {
      const [ada, ben, cay] = people;
      if (ada === undefined || ben === undefined || cay === undefined) throw new Error('people');
      const world = new World(lawful().watch);
      world.rules = { ...rules, keepMs };
      world.signIn(cay);
      if (procedure) world.send({ type: 'ProcedurePressed', on: true });
      world.settle();
      world.advance(10_000);
      const before = world.durable.length;
      world.tap(ada);
      world.advance(gapMs);
      world.tap(ben);
      // Over a procedure the seat asks first; whoever has it gives it away.
      expect(world.send({ type: 'HandOverPressed' }).taken).toBe(procedure);
      world.settle();
      world.send({ type: 'PinEntered', pin: '1234' });
      world.settle();
      const after = world.durable.slice(before);
      const personsOf = (type: string) => after.filter((record) => record.type === type).map(({ body }) => 'person' in body && body.person);
      expect(personsOf('session.started')).toEqual(['ada']);
      expect(personsOf('session.ended')).toEqual(['cay']);
      expect(personsOf('auth.refused').at(-1)).toBe('ben');
      expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: 'unlocked' } });
    }),
  );
});

test('fifty taps a second for a minute leave one prompt, one session and no timer behind', () => {
  const world = new World(lawful().watch);
  for (let tap = 0; tap < 3_000; tap++) {
    world.tap(people[tap % 2] ?? person('ada'));
    world.advance(20);
  }
  world.send({ type: 'PinEntered', pin: '1234' });
  world.settle();
  expect(world.durable.filter((record) => record.type === 'session.started')).toHaveLength(1);
  expect([...world.timers.keys()].sort()).toEqual(['endSoon', 'idle', 'maxAge']);
});

test('a seat comes up locked with nobody there', () => {
  expect(initialSeat({}, 7)).toMatchObject({ session: { at: 'none' }, lock: { at: 'locked' } });
});
