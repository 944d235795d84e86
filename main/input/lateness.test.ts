import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLateness, type Lateness } from './lateness.ts';

describe('how late a key may be read', () => {
  let now = 0;
  let lateness: Lateness;
  beforeEach(() => {
    vi.useFakeTimers();
    now = 0;
    lateness = createLateness(() => now);
  });
  afterEach(() => {
    lateness.watch(false);
    vi.useRealTimers();
  });
  /** The process gets its turns, or none for so long and then one. */
  const runs = (ms: number): void => {
    for (let left = ms; left > 0; left -= 20) {
      now += 20;
      vi.advanceTimersByTime(20);
    }
  };
  const stands = (ms: number): void => {
    now += ms;
  };

  it('is nothing while the process gets its turns, and while nobody is awaited', () => {
    stands(5_000);
    expect(lateness.ofKeyAt(now)).toBe(0);
    lateness.watch(true);
    runs(1_000);
    expect(lateness.ofKeyAt(now)).toBe(0);
    stands(140);
    expect(lateness.ofKeyAt(now)).toBe(0);
  });

  it('is the whole time without a turn, whether the keys or the timer come first after it', () => {
    lateness.watch(true);
    runs(100);
    stands(700);
    expect(lateness.ofKeyAt(now)).toBe(700);
    expect(lateness.ofKeyAt(now + 3)).toBe(703);
    runs(200);
    expect(lateness.ofKeyAt(now)).toBe(0);
    stands(700);
    runs(20);
    expect(lateness.ofKeyAt(now)).toBe(720);
  });

  it('reaches back to the first of two that follow each other', () => {
    lateness.watch(true);
    stands(300);
    runs(20);
    stands(300);
    expect(lateness.ofKeyAt(now)).toBe(620);
  });

  it('begins anew with whoever is awaited next', () => {
    lateness.watch(true);
    stands(700);
    lateness.watch(false);
    expect(lateness.ofKeyAt(now)).toBe(0);
    lateness.watch(true);
    expect(lateness.ofKeyAt(now)).toBe(0);
  });
});
