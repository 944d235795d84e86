/** When a clock counts as set, and when screens count as lost. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import { CLOCK_STEP_MS, ClockWatch, UI_HANG_MS, UI_SILENCE_MS, UiWatch } from './watches.ts';

let bootMs = 0;
let wallMs = 0;
const clock: Clock = { bootId: 'b', bootMs: () => bootMs, wallMs: () => wallMs };
const pass = (ms: number): void => {
  bootMs += ms;
  wallMs += ms;
};

beforeEach(() => {
  bootMs = 1_000;
  wallMs = 1_800_000_000_000;
});

describe('the clock watch', () => {
  test('sees a clock that was set, forward or back, once', () => {
    const watch = new ClockWatch(clock);
    pass(3_600_000);
    expect(watch.stepped()).toBe(0);
    wallMs += 3_600_000;
    expect(watch.stepped()).toBe(3_600);
    expect(watch.stepped()).toBe(0);
    wallMs -= 315_360_000_000;
    expect(watch.stepped()).toBe(-315_360_000);
  });

  test('takes neither a suspend nor what a time service corrects for that', () => {
    const watch = new ClockWatch(clock);
    pass(28_800_000);
    wallMs += CLOCK_STEP_MS - 1;
    expect(watch.stepped()).toBe(0);
  });
});

describe('the watch of the screens', () => {
  test('misses a ping after its limit, locked or open', () => {
    const watch = new UiWatch(clock);
    expect(watch.judge(false)).toBeNull();
    watch.greeted();
    pass(UI_HANG_MS);
    expect(watch.judge(false)).toBeNull();
    pass(1);
    expect(watch.judge(false)).toBe('hung');
  });

  test('misses reports of activity only while the seat is open, and from its opening on', () => {
    const watch = new UiWatch(clock);
    watch.greeted();
    for (let passed = 0; passed <= 2 * UI_SILENCE_MS; passed += 1_000) {
      pass(1_000);
      watch.heard();
      expect(watch.judge(false)).toBeNull();
    }
    expect(watch.judge(true)).toBeNull();
    pass(UI_SILENCE_MS);
    watch.heard();
    watch.reported();
    pass(1_000);
    expect(watch.judge(true)).toBeNull();
    pass(UI_SILENCE_MS);
    watch.heard();
    expect(watch.judge(true)).toBe('silent');
  });
});
