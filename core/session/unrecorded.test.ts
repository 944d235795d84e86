/** What cannot be made durable: nothing opens, the seat says why, and nobody is told that the PIN was wrong or loses a try. */
import { expect, test } from 'vitest';
import { person, World } from './world.ts';

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
