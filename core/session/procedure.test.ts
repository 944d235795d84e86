/** "Procedure in progress": a seat does not close over a resuscitation, and not a moment longer than the policy allows. */
import { describe, expect, test } from 'vitest';
import { lawful } from '../../test/session/laws.ts';
import { HAND_OVER_MS } from './moves.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
const ben = person('ben');

function inSession(change: Partial<typeof rules> = {}): World {
  const world = new World(lawful().watch);
  world.rules = { ...rules, ...change };
  world.signIn(ada);
  return world;
}

function inProcedure(): World {
  const world = inSession();
  expect(world.send({ type: 'ProcedurePressed', on: true }).taken).toBe(true);
  world.settle();
  return world;
}

const told = (world: World): readonly string[] => world.durable.map(({ type }) => type);
const procedureOf = (world: World): unknown => (world.seat.session.at === 'active' ? world.seat.session.session.procedure : undefined);

describe('a procedure in progress', () => {
  test('keeps an untouched seat open without a warning for its time, then warns with the whole countdown, then locks', () => {
    const world = inProcedure();
    world.advance(rules.procedureMs - 1);
    expect(world.seat.lock.at).toBe('unlocked');
    world.advance(1);
    expect(world.seat.lock).toMatchObject({ at: 'warning', untilBootMs: world.bootMs + rules.warningMs });
    world.advance(rules.warningMs);
    expect(world.seat).toMatchObject({
      session: { at: 'active', session: { who: { id: 'ada' }, procedure: null } },
      lock: { at: 'locked' },
    });
    expect(told(world).filter((type) => type !== 'session.warned')).toEqual([
      'session.started',
      'procedure.started',
      'procedure.ended',
      'session.locked',
    ]);
    expect(world.durable.find(({ type }) => type === 'procedure.ended')?.body).toMatchObject({ person: 'ada', reason: 'time-over' });
  });

  test('begins only once it is in the record', () => {
    const world = inSession();
    world.send({ type: 'ProcedurePressed', on: true });
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
    world.settle();
    expect(world.seat.lock.at).toBe('unlocked');
    expect(procedureOf(world)).toMatchObject({ untilBootMs: world.bootMs + rules.procedureMs });
  });

  test('is not granted where it can’t be recorded, and the screen says so', () => {
    const world = inSession();
    world.send({ type: 'ProcedurePressed', on: true });
    world.settleAppend(false);
    expect(procedureOf(world)).toBeNull();
    expect(world.seat.common.notice?.key).toBe('store.broken');
    world.advance(rules.warnAfterMs + rules.warningMs);
    expect(world.seat.lock.at).toBe('locked');
  });

  test('can be asked for in the warning, which then goes away', () => {
    const world = inSession();
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
    world.send({ type: 'ProcedurePressed', on: true });
    world.settle();
    world.advance(rules.warnAfterMs * 5);
    expect(world.seat.lock.at).toBe('unlocked');
  });

  test('ends by the button: idle time counts from then on', () => {
    const world = inProcedure();
    world.advance(300_000);
    expect(world.send({ type: 'ProcedurePressed', on: true }).taken).toBe(false);
    expect(world.send({ type: 'ProcedurePressed', on: false }).taken).toBe(true);
    world.advance(rules.warnAfterMs);
    expect(world.seat.lock.at).toBe('warning');
    expect(world.durable.find(({ type }) => type === 'procedure.ended')?.body).toMatchObject({ reason: 'pressed' });
  });

  test.each([
    ['LockPressed', 'active', 'pressed'],
    ['LogoutPressed', 'ending', 'logout'],
  ] as const)('ends with %s, and coming back begins none', (type, at, reason) => {
    const world = inProcedure();
    world.send({ type });
    expect(world.seat.session.at).toBe(at);
    expect(world.durable.find((record) => record.type === 'procedure.ended')?.body).toMatchObject({ reason });
    expect(world.timers.has('procedure')).toBe(false);
    world.settle();
    world.advance(5_000);
    world.signIn(ada);
    expect(procedureOf(world)).toBeNull();
  });

  test.each([
    { type: 'UiLost', reason: 'closed' },
    { type: 'PowerChanged', what: 'suspend' },
    { type: 'ClockStepped', seconds: 9 },
    { type: 'PolicyLost' },
    { type: 'EnforcementFailed', why: 'landlock' },
    { type: 'PersonsRevoked', ids: ['ada'] },
    { type: 'TimerFired', timer: 'maxAge' },
  ] as const)('never outlives $type', (event) => {
    const world = inProcedure();
    world.send(event);
    expect(['locked', 'cooling']).toContain(world.seat.lock.at);
    expect(told(world).filter((type) => type === 'procedure.ended')).toHaveLength(1);
  });

  test('is not closed over by somebody else’s tap: it is recorded, asked about with their name, and unanswered changes nothing', () => {
    const world = inProcedure();
    world.advance(60_000);
    expect(world.tap(ben).taken).toBe(true);
    expect(world.seat).toMatchObject({
      session: { at: 'active', session: { who: { id: 'ada' } } },
      lock: { at: 'asking', question: { kind: 'handOver', tap: { who: { id: 'ben' } } } },
    });
    expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'ben', reason: 'tap.procedure' } });
    expect(world.tap(ada).taken).toBe(false);
    world.send({ type: 'Activity', idleMs: 0 });
    world.advance(HAND_OVER_MS);
    expect(world.seat.lock.at).toBe('unlocked');
    expect(procedureOf(world)).not.toBeNull();
    expect(world.send({ type: 'HandOverPressed' }).taken).toBe(false);
  });

  test('does not keep anybody else out once somebody hands the seat over on the screen', () => {
    const world = inProcedure();
    world.advance(60_000);
    world.tap(ben);
    expect(world.send({ type: 'HandOverPressed' }).taken).toBe(true);
    expect(world.seat).toMatchObject({ session: { at: 'authenticating', attempt: { who: { id: 'ben' } } }, lock: { at: 'locked' } });
    expect(told(world)).toContain('procedure.ended');
  });

  test.each([
    ['kept', { type: 'StayPressed' }, 'unlocked'],
    ['locked by the button', { type: 'LockPressed' }, 'locked'],
    ['revoked meanwhile', { type: 'PersonsRevoked', ids: ['ben'] }, 'unlocked'],
  ] as const)('that a colleague tapped over and that is %s lets nobody in', (_name, answer, lock) => {
    const world = inProcedure();
    world.advance(60_000);
    world.tap(ben);
    world.send(answer);
    expect(world.seat).toMatchObject({ session: { at: 'active', session: { who: { id: 'ada' } } }, lock: { at: lock } });
    expect(world.timers.has('ask')).toBe(false);
  });

  test('asks its own person too before a tap closes it', () => {
    const world = inProcedure();
    world.advance(60_000);
    world.tap(ada);
    expect(world.seat.lock).toMatchObject({ at: 'asking', question: { kind: 'stay' } });
    world.advance(rules.tapQuestionMs);
    expect(world.seat.lock.at).toBe('cooling');
  });

  test('is not offered where the policy does not name it, nor at a locked seat', () => {
    const without = inSession({ procedureMs: 0 });
    expect(without.send({ type: 'ProcedurePressed', on: true }).taken).toBe(false);
    const locked = inSession();
    locked.send({ type: 'LockPressed' });
    expect(locked.send({ type: 'ProcedurePressed', on: true }).taken).toBe(false);
    expect(told(locked)).not.toContain('procedure.started');
  });
});
