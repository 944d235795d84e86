/** What cannot be made durable: nothing opens, the seat says why, and nobody is told that the PIN was wrong or loses a try. */
import { expect, test } from 'vitest';
import { person, rules, World } from './world.ts';

const ada = person('ada');

test.each([
  ['AUDIT_STORE_FULL', 'store.full'],
  ['AUDIT_APPEND_FAILED', 'store.broken'],
])('a try that could not be charged, by %s, is none: the seat says %s', (code, key) => {
  const world = new World();
  world.tap(ada);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.refuseGuess(code, null);
  expect(world.seat).toMatchObject({
    session: { at: 'none' },
    lock: { at: 'locked' },
    common: { notice: { key, code }, throttles: {} },
  });
  expect(world.timers.has('attempt')).toBe(false);
  world.settle();
  expect(world.durable.at(-1)).toMatchObject({ type: 'auth.refused', body: { person: 'ada', reason: 'interrupted.unrecorded' } });
});

test('a full record is named as what it is when a session cannot begin', () => {
  const world = new World();
  world.tap(ada);
  world.send({ type: 'PinEntered', pin: '246810' });
  world.settleGuess(true);
  world.send({ type: 'AppendFailed', ticket: world.appends[0]?.ticket ?? 0, code: 'AUDIT_STORE_FULL' });
  expect(world.seat).toMatchObject({ session: { at: 'none' }, common: { notice: { key: 'store.full', code: 'AUDIT_STORE_FULL' } } });
});

/** An emergency whose event is in no log when the seat hears of it. */
function unrecordedEmergency(unrecordedMs: number): World {
  const world = new World();
  world.rules = { ...rules, breakGlass: { ...rules.breakGlass, limitMs: 900_000, unrecordedMs } };
  world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
  const [waiting] = world.appends.splice(0, 1);
  world.send({ type: 'Appended', ticket: waiting?.ticket ?? 0, recorded: false });
  return world;
}

test('an emergency that no log took lasts as long as the policy says, and no longer than any other', () => {
  const limitOf = (unrecordedMs: number) => unrecordedEmergency(unrecordedMs).timers.get('limit');
  expect(limitOf(300_000)).toBe(301_000);
  expect(limitOf(3_600_000)).toBe(901_000);
});

test('where the policy gives none without a record, it does not open, and that it was wanted and did not begin is reported later', () => {
  const world = unrecordedEmergency(0);
  expect(world.seat).toMatchObject({
    session: { at: 'none' },
    lock: { at: 'locked' },
    common: { notice: { key: 'breakglass.unavailable', code: 'AUDIT_APPEND_FAILED' } },
  });
  expect(world.timers.size).toBe(0);
  expect(world.durable.at(-1)).toMatchObject({ type: 'breakglass.ended', body: { reason: 'unrecorded' } });
});

test('a record that breaks under a session locks it and keeps the work; the seat says why', () => {
  const world = new World();
  world.signIn(ada);
  world.send({ type: 'RecordLost', code: 'AUDIT_STORE_FULL' });
  expect(world.seat).toMatchObject({
    session: { at: 'active', session: { who: { id: 'ada' } } },
    lock: { at: 'locked' },
    common: { notice: { key: 'store.full', code: 'AUDIT_STORE_FULL' } },
  });
  expect(world.durable.at(-1)).toMatchObject({ type: 'session.locked', body: { reason: 'unrecorded' } });
  expect(world.send({ type: 'RecordLost', code: 'AUDIT_STORE_FULL' }).taken).toBe(false);
});

test('a record that breaks under an emergency leaves it open: it has a log of its own', () => {
  const world = new World();
  world.send({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
  world.settle();
  expect(world.send({ type: 'RecordLost', code: 'AUDIT_APPEND_FAILED' }).taken).toBe(false);
  expect(world.seat.lock.at).toBe('unlocked');
});
