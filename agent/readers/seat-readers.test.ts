/** The order in which the seat hears of a card: what lies there, then the tap; what lies there no more, then that it was taken. */
import { afterEach, expect, test, vi } from 'vitest';
import type { SeatEvent } from '../../core/session/types.ts';
import type { ReaderEvents } from './port.ts';
import { readerRulesOf } from './rules.ts';
import { SeatReaders } from './seat-readers.ts';

let readers: SeatReaders | undefined;
afterEach(() => readers?.close());

function started(): { readonly told: SeatEvent[]; readonly stack: ReaderEvents } {
  const told: SeatEvent[] = [];
  const opened: ReaderEvents[] = [];
  readers = new SeatReaders({
    clock: { bootId: 'b', bootMs: () => performance.now(), wallMs: () => 0 },
    rules: () => readerRulesOf(null),
    note: () => {},
    arrived: ({ number }) => ({ type: 'BadgeRead', badge: `hash of ${number}`, standing: 'unknown', who: null }),
    dispatch: (event) => void told.push(event),
    changed: () => {},
    open: (events) => {
      opened.push(events);
      return { close: () => Promise.resolve() };
    },
  });
  readers.start();
  const [stack] = opened;
  if (stack === undefined) throw new Error('no stack was opened');
  stack.service(true);
  stack.plugged('Reader 1', true);
  told.length = 0;
  return { told, stack };
}

const card = { ok: true, presentation: { proof: 'identifier', number: '04A1B2C3' } } as const;
const lies = (lying: string[]) => ({ type: 'ReaderState', presence: { watching: true, lying } });

test('a card that is laid down lies there before it is tapped', () => {
  const { told, stack } = started();
  stack.read('Reader 1', card, false);
  expect(told).toMatchObject([lies(['hash of 04A1B2C3']), { type: 'BadgeRead', badge: 'hash of 04A1B2C3' }]);
});

test('a card that is taken lies there no more before it is called taken', async () => {
  const { told, stack } = started();
  stack.read('Reader 1', card, false);
  told.length = 0;
  stack.empty('Reader 1');
  await vi.waitUntil(() => told.some(({ type }) => type === 'BadgeRemoved'), { timeout: 5_000 });
  expect(told).toMatchObject([lies([]), { type: 'BadgeRemoved', badge: 'hash of 04A1B2C3' }]);
});

test('a card that lay there when its reader came into view lies there and was not tapped', () => {
  const { told, stack } = started();
  stack.read('Reader 1', card, true);
  expect(told).toMatchObject([lies(['hash of 04A1B2C3'])]);
});
