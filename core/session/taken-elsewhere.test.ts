/** One person, one seat: the later login wins, here seen from the seat that hears of one elsewhere. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { isOpen } from './open.ts';
import type { OpenSession, SeatRules } from './types.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');

function inSession(change: Partial<SeatRules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, ...change };
  world.advance(100_000);
  world.signIn(ada);
  world.advance(30_000);
  return world;
}

function sessionOf({ seat: { session } }: World): OpenSession {
  if (session.at === 'active') return session.session;
  if (session.at === 'authenticating' && session.held !== null) return session.held;
  throw new Error(`no session at ${session.at}`);
}

const taken = (world: World, agoMs: number) =>
  ({ type: 'TakenElsewhere', session: sessionOf(world).id, seatName: 'Bay 4', sinceBootMs: world.bootMs - agoMs }) as const;

test('a later login elsewhere locks with the work kept, says where the session went, and coming back is a login like any other', () => {
  const world = inSession();
  const event = taken(world, 1_000);
  world.send(event);
  expect(world.seat).toMatchObject({
    session: { at: 'active', session: { who: { id: 'ada' } } },
    lock: { at: 'locked' },
    common: { notice: { key: 'session.taken', params: { seat: 'Bay 4' } } },
  });
  world.settle();
  expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'taken-elsewhere' } });
  world.advance(5_000);
  world.signIn(ada);
  expect(sessionOf(world).elsewhere).toBeNull();
  expect(world.send(event).taken).toBe(false);
  expect(world.seat.lock.at).toBe('unlocked');
});

test('where nothing is kept the former session ends', () => {
  const world = inSession({ keepMs: 0 });
  world.send(taken(world, 1_000));
  world.settle();
  expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'session.taken' } } });
  expect(world.durable.at(-1)).toMatchObject({ type: 'session.ended', body: { reason: 'taken-elsewhere' } });
});

test('at a locked seat it is said once, and does not talk over whoever is on the way in', () => {
  const world = inSession();
  world.send({ type: 'LockPressed' });
  world.send(taken(world, 1_000));
  expect(world.seat.common.notice?.key).toBe('session.taken');
  world.send({ type: 'CancelPressed' });
  world.send(taken(world, 900));
  expect(world.seat.common.notice).toBeNull();
  world.tap(ben);
  world.send({ ...taken(world, 800), seatName: 'Bay 5' });
  expect(world.seat).toMatchObject({
    session: { at: 'authenticating', held: { elsewhere: { seatName: 'Bay 5' } } },
    common: { notice: null },
  });
});

/** The seat while the return of its person waits to be recorded. */
function returning(): World {
  const world = inSession();
  world.send({ type: 'LockPressed' });
  world.settle();
  world.advance(5_000);
  world.tap(ada);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.settleGuess(true);
  expect(world.seat.session).toMatchObject({ at: 'authenticating', attempt: { stage: 'recording' } });
  return world;
}

test('a return that is being recorded gives way to a later login elsewhere, at once and with its words', () => {
  for (const durably of [true, false]) {
    const world = returning();
    world.advance(1_000);
    world.send(taken(world, 500));
    const stays = { session: { at: 'active' }, lock: { at: 'locked' }, common: { notice: { key: 'session.taken' } } };
    expect(world.seat).toMatchObject(stays);
    world.settleAppend(durably);
    world.settle();
    expect(world.seat).toMatchObject(stays);
    expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'taken-elsewhere' } });
    world.advance(5_000);
    world.signIn(ada);
    expect(world.seat.lock.at).toBe('unlocked');
  }
});

test('a return that is being recorded opens over an earlier login elsewhere; one later than both is heard afterwards', () => {
  const world = returning();
  const earlier = taken(world, 2_000);
  world.send(earlier);
  world.settle();
  expect(world.seat.lock.at).toBe('unlocked');
  expect(world.send(earlier).taken).toBe(false);
  world.advance(1_000);
  world.send(taken(world, 500));
  expect(world.seat).toMatchObject({ lock: { at: 'locked' }, common: { notice: { key: 'session.taken' } } });
});

test('a procedure in progress goes on and closes with its end', () => {
  for (const over of ['pressed', 'time'] as const) {
    const world = inSession();
    world.send({ type: 'ProcedurePressed', on: true });
    world.settle();
    world.send(taken(world, 0));
    expect(world.seat.lock.at).toBe('unlocked');
    if (over === 'pressed') world.send({ type: 'ProcedurePressed', on: false });
    else world.advance(rules.procedureMs);
    expect(world.seat).toMatchObject({ lock: { at: 'locked' }, common: { notice: { key: 'session.taken' } } });
    world.settle();
    expect(world.durable.map(({ type }) => type)).toEqual(['session.started', 'procedure.started', 'session.locked', 'procedure.ended']);
  }
});

test.each([0, 600_000])(
  'the end of a procedure in a session that moved away leaves no clock of an open seat (kept for %i ms)',
  (keepMs) => {
    for (const over of ['pressed', 'time'] as const) {
      const world = inSession({ keepMs });
      world.send({ type: 'ProcedurePressed', on: true });
      world.settle();
      world.send(taken(world, 0));
      if (over === 'pressed') world.send({ type: 'ProcedurePressed', on: false });
      else world.advance(rules.procedureMs);
      expect(world.seat.lock.at).toBe('locked');
      expect([...world.timers.keys()].filter((timer) => ['idle', 'warning', 'blur', 'ask', 'procedure'].includes(timer))).toEqual([]);
    }
  },
);

test('the login elsewhere closes a session whose procedure can’t be recorded', () => {
  for (const event of ['Appended', 'AppendFailed'] as const) {
    const world = inSession();
    world.send({ type: 'ProcedurePressed', on: true });
    world.send(taken(world, 0));
    expect(world.seat.lock.at).toBe('unlocked');
    const ticket = world.appends.shift()?.ticket ?? 0;
    world.send(event === 'Appended' ? { type: event, ticket, recorded: false } : { type: event, ticket, code: 'AUDIT_APPEND_FAILED' });
    expect(world.seat).toMatchObject({ lock: { at: 'locked' }, common: { notice: { key: 'session.taken' } } });
    expect(sessionOf(world).procedure).toBeNull();
  }
});

test('emergency access is never closed by it', () => {
  const world = new World(lawful().watch);
  world.rules = { ...rules, breakGlass: { ...rules.breakGlass, needsBadge: true } };
  world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
  world.tap(ada);
  world.settle();
  expect(sessionOf(world).kind).toBe('breakglass');
  expect(world.send(taken(world, -1)).taken).toBe(false);
  expect(world.seat.lock.at).toBe('unlocked');
});

test('law: it closes exactly the session that it names and whose login is older, however late it is heard', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 120_000 }), fc.boolean(), fc.boolean(), (agoMs, isThis, returned) => {
      const world = inSession();
      if (returned) {
        world.send({ type: 'LockPressed' });
        world.advance(5_000);
        world.signIn(ada);
        world.advance(10_000);
      }
      const { id, loginBootMs } = sessionOf(world);
      const event = { ...taken(world, agoMs), session: isThis ? id : 'f'.repeat(32) };
      world.send(event);
      expect(isOpen(world.seat.lock)).toBe(!(isThis && event.sinceBootMs > loginBootMs));
    }),
  );
});
