import { describe, expect, test } from 'vitest';
import { judge, median, percentile } from './row.ts';

describe('bench rows', () => {
  test('a percentile is a sample that was really measured', () => {
    expect(percentile([30, 10, 20], 0.99)).toBe(30);
    expect(median([3, 1, 2, 4])).toBe(2);
    expect(() => median([])).toThrow(RangeError);
  });

  test('a goal of a ratio is held against the baseline of the same run', () => {
    const goal = { is: 'at least', value: 0.4, of: 'ratio' } as const;
    expect(judge({ id: 'append.single', unit: '1/s', median: 50, baseline: 100, goal })).toMatchObject({ ratio: 0.5, met: true });
    expect(judge({ id: 'append.single', unit: '1/s', median: 39, baseline: 100, goal })).toMatchObject({ met: false });
    expect(() => judge({ id: 'append.single', unit: '1/s', median: 39, goal })).toThrow('no baseline');
  });

  test('a goal of the median is held against the figure itself', () => {
    const goal = { is: 'at most', value: 120, of: 'median' } as const;
    expect(judge({ id: 'agent.memory', unit: 'MB', median: 120, goal })).toMatchObject({ met: true });
    expect(judge({ id: 'agent.memory', unit: 'MB', median: 121, goal })).toMatchObject({ met: false });
  });

  test('a goal of the 95th percentile is held against that, and wants one', () => {
    const goal = { is: 'at most', value: 200, of: 'p95' } as const;
    expect(judge({ id: 'search.seat', unit: 'ms', median: 1, p95: 200, goal })).toMatchObject({ p95: 200, met: true });
    expect(judge({ id: 'search.seat', unit: 'ms', median: 1, p95: 201, goal })).toMatchObject({ met: false });
    expect(() => judge({ id: 'search.seat', unit: 'ms', median: 1, goal })).toThrow('no such value');
  });

  test('a goal of a ratio of 95th percentiles is held against that', () => {
    const goal = { is: 'at most', value: 4, of: 'p95 ratio' } as const;
    const row = { id: 'tap.grace', unit: 's', median: 0.1, baseline: 0.05, goal };
    expect(judge({ ...row, p95: 0.2 })).toMatchObject({ ratio: 4, met: true });
    expect(judge({ ...row, p95: 0.21 })).toMatchObject({ met: false });
    expect(() => judge(row)).toThrow('no baseline');
  });

  test('without a goal there is no verdict', () => {
    expect(judge({ id: 'x', unit: 'ms', median: 1 })).toMatchObject({ ratio: null, goal: null, met: null });
  });
});
