/** Nothing of a row of refused taps is lost: what is not written is counted, and the count is written. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { Repeats } from './repeats.ts';

const refusal = (badge: string, reason = 'badge.unknown') =>
  ({ type: 'auth.refused', body: { person: null, reason, triesLeft: 0, badge } }) as const;
const weigh = (events: readonly AuditEvent[]): number =>
  events.reduce((sum, event) => sum + (event.type === 'recording.summarised' ? event.body.count : 1), 0);

test('every refusal is written or counted, whatever comes between', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 3_000 }))), (taps) => {
      const written: AuditEvent[] = [];
      const repeats = new Repeats((event) => written.push(event));
      let now = 0;
      for (const [badge, gap] of taps) {
        now += gap;
        repeats.settle(now);
        repeats.take(refusal(badge), now);
      }
      repeats.flush();
      expect(weigh(written)).toBe(taps.length);
    }),
  );
});

test('a card that lies on the reader for an hour costs two events', () => {
  const written: AuditEvent[] = [];
  const repeats = new Repeats((event) => written.push(event));
  for (let now = 0; now < 3_600_000; now += 20) repeats.take(refusal('a'), now);
  repeats.settle(3_700_000);
  expect(written).toEqual([refusal('a'), { type: 'recording.summarised', body: { type: 'auth.refused', count: 179_999 } }]);
});

test('each wrong PIN is written', () => {
  const written: AuditEvent[] = [];
  const repeats = new Repeats((event) => written.push(event));
  for (let i = 0; i < 5; i++) repeats.take(refusal('a', 'pin.wrong'), i);
  expect(written).toHaveLength(5);
});
