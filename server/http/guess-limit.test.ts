import { afterEach, describe, expect, test, vi } from 'vitest';
import { type GuessLimit, guessLimit, MOST_NETWORKS } from './guess-limit.ts';

const WINDOW_MS = 60_000;

afterEach(() => vi.useRealTimers());

function open(most: number): { readonly limit: GuessLimit; readonly waitOf: (address: string) => number; pass(ms: number): void } {
  let time = 1000;
  const limit = guessLimit(most, WINDOW_MS, () => time);
  return {
    limit,
    waitOf: (address) => limit.charge(address).waitSeconds,
    pass: (ms) => {
      time += ms;
    },
  };
}

describe('attempts of one network are limited in a window', () => {
  test('others are not, and after it they may try again', () => {
    const { waitOf, pass } = open(3);
    for (let at = 0; at < 3; at += 1) expect(waitOf('a')).toBe(0);
    expect(waitOf('a')).toBe(60);
    expect(waitOf('b')).toBe(0);
    pass(59_500);
    expect(waitOf('a')).toBe(1);
    pass(500);
    expect(waitOf('a')).toBe(0);
  });

  test('one that succeeds is taken back, whenever it ends, and never from a window that it was not charged to', () => {
    const { limit, waitOf, pass } = open(2);
    for (let at = 0; at < 50; at += 1) limit.charge('a').refund();
    const slow = [limit.charge('a'), limit.charge('a')];
    expect(waitOf('a')).toBeGreaterThan(0);
    slow[0]?.refund();
    expect(waitOf('a')).toBe(0);
    expect(waitOf('a')).toBeGreaterThan(0);
    pass(WINDOW_MS);
    expect([waitOf('a'), waitOf('a')]).toEqual([0, 0]);
    slow[1]?.refund();
    expect(waitOf('a')).toBeGreaterThan(0);
  });

  test('a clock of the day that is set back holds no window open', () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const limit = guessLimit(1, WINDOW_MS);
    expect(limit.charge('a').waitSeconds).toBe(0);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(limit.charge('a').waitSeconds).toBe(60);
    vi.advanceTimersByTime(WINDOW_MS);
    expect(limit.charge('a').waitSeconds).toBe(0);
  });

  test('a network is the half of an IPv6 address, and an IPv4 address however it is written', () => {
    const { waitOf } = open(1);
    expect(waitOf('2001:db8:1:2::1')).toBe(0);
    expect(waitOf('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBeGreaterThan(0);
    expect(waitOf('2001:db8:1:3::1')).toBe(0);
    expect(waitOf('192.0.2.7')).toBe(0);
    expect(waitOf('::ffff:192.0.2.7')).toBeGreaterThan(0);
  });

  test('many networks push out the one whose window began first, and nobody else', () => {
    const { waitOf } = open(1);
    expect(waitOf('first')).toBe(0);
    expect(waitOf('second')).toBe(0);
    for (let at = 2; at <= MOST_NETWORKS; at += 1) expect(waitOf(`network ${at}`)).toBe(0);
    expect(waitOf('second')).toBeGreaterThan(0);
    expect(waitOf(`network ${MOST_NETWORKS}`)).toBeGreaterThan(0);
    expect(waitOf('first')).toBe(0);
  });
});
