/** When the lanes of a syncer work: what a real timer and the events of a seat make of them. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runLane } from './lane.ts';
import { lanes } from './lanes.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A lane of the syncer whose work only counts. */
function counted(lane: (typeof lanes)[keyof typeof lanes]) {
  const seen = { works: 0 };
  const work = async (): Promise<boolean> => {
    seen.works += 1;
    return false;
  };
  const running = runLane({ lane, random: () => 0.5, work, onOutcome: () => undefined });
  return { seen, running };
}

test('fault 52: nothing but its timer starts an anchor: not the start, not a log that grows, idle or in hand', async () => {
  const { seen, running } = counted(lanes.anchors);
  running.send({ type: 'ready' });
  const burst = async (): Promise<void> => {
    for (let at = 0; at < 100; at += 1) {
      running.send({ type: 'due' });
      await vi.advanceTimersByTimeAsync(1);
    }
  };
  await burst();
  expect(seen.works).toBe(0);
  // The first at random within an interval, each further one between half of it and the whole.
  for (const [rounds, ms] of [lanes.anchors.intervalMs * 0.5, lanes.anchors.intervalMs * 0.75, lanes.anchors.intervalMs * 0.75].entries()) {
    await vi.advanceTimersByTimeAsync(ms - 101);
    expect(seen.works).toBe(rounds);
    await vi.advanceTimersByTimeAsync(1);
    expect(seen.works).toBe(rounds + 1);
    await burst();
    expect(seen.works).toBe(rounds + 1);
  }
  running.send({ type: 'lost' });
});

test('entries go up as soon as the log grows', async () => {
  const { seen, running } = counted(lanes.uploads);
  running.send({ type: 'ready' });
  running.send({ type: 'due' });
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.works).toBe(1);
  running.send({ type: 'lost' });
});
