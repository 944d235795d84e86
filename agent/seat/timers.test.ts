/** Timers that fall due together, as after a suspend: each still counts only if nothing that fired before it has cleared it or set it anew. */
import { afterEach, expect, test, vi } from 'vitest';
import type { TimerName } from '../../core/session/types.ts';
import { Timers } from './timers.ts';

let timers: Timers | undefined;
afterEach(() => timers?.close());

function fired(onFired: (timer: TimerName, all: Timers) => void): { readonly names: TimerName[]; sleep(ms: number): void } {
  let now = 1_000;
  const names: TimerName[] = [];
  const made = new Timers(
    { bootId: 'b', bootMs: () => now, wallMs: () => now },
    (timer) => {
      names.push(timer);
      onFired(timer, made);
    },
    () => {},
  );
  timers = made;
  return {
    names,
    sleep: (ms) => {
      now += ms;
    },
  };
}

test('what an earlier one cleared does not fire, and what it set for later fires later', async () => {
  const seat = fired((timer, all) => {
    if (timer !== 'procedure') return;
    all.clear('keep');
    all.set('idle', 90_000);
    all.set('cool', 60_000);
  });
  timers?.set('procedure', 30_000);
  timers?.set('keep', 40_000);
  timers?.set('idle', 41_000);
  timers?.set('endSoon', 42_000);
  seat.sleep(60_000);
  await vi.waitUntil(() => seat.names.includes('cool'), { timeout: 5_000 });
  expect(seat.names).toEqual(['procedure', 'endSoon', 'cool']);
  seat.sleep(60_000);
  await vi.waitUntil(() => seat.names.includes('idle'), { timeout: 5_000 });
});
