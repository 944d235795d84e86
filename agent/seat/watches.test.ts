/** When a clock counts as set, when a machine was asleep, and when screens count as lost. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import { CLOCK_STEP_MS, ClockWatch, SLEPT_MS, SleepWatch, UI_HANG_MS, UI_SILENCE_MS, UiWatch } from './watches.ts';

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

describe('the sleep watch', () => {
  test('sees a suspend once, however it was woken, and nothing in hours awake', () => {
    let asleepMs = 0;
    const watch = new SleepWatch(clock, () => bootMs - asleepMs);
    pass(28_800_000);
    expect(watch.slept()).toBe(false);
    pass(60_000);
    asleepMs += 60_000;
    expect(watch.slept()).toBe(true);
    expect(watch.slept()).toBe(false);
  });

  test('adds short naps up', () => {
    let asleepMs = 0;
    const watch = new SleepWatch(clock, () => bootMs - asleepMs);
    const naps = [0.4, 0.4, 0.4].map((part) => {
      pass(part * SLEPT_MS);
      asleepMs += part * SLEPT_MS;
      return watch.slept();
    });
    expect(naps).toEqual([false, false, true]);
  });

  test('takes a process that had to wait between two readings for no sleep, before or after', () => {
    let asleepMs = 0;
    let stalls = true;
    const waited = (reading: number): number => {
      if (stalls) pass(30_000);
      return reading;
    };
    const watch = new SleepWatch({ bootMs: () => waited(bootMs) }, () => waited(bootMs - asleepMs));
    expect([watch.slept(), watch.slept(), watch.slept()]).toEqual([false, false, false]);
    stalls = false;
    expect(watch.slept()).toBe(false);
    pass(20_000);
    asleepMs += 20_000;
    expect(watch.slept()).toBe(true);
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

  test('does not count a sleep', () => {
    const watch = new UiWatch(clock);
    watch.greeted();
    expect(watch.judge(true)).toBeNull();
    pass(28_800_000);
    watch.woke();
    expect(watch.judge(true)).toBeNull();
    pass(UI_HANG_MS + 1);
    expect(watch.judge(true)).toBe('hung');
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
