/** What a section covers, counted: neighbours join, and a section of many pieces names the first ones and counts all. */
import { expect, test } from 'vitest';
import { Coverage } from './coverage.ts';

const log = { workstation: new Uint8Array(16), incarnation: new Uint8Array(8) };

test('the first ranges are named and all are counted', () => {
  const coverage = new Coverage(log, 1000);
  for (let at = 0; at < 100; at += 1) coverage.run(at * 3, at * 3 + 1);
  const { ranges, runs } = coverage.summary();
  expect(runs).toBe(100);
  expect(ranges).toHaveLength(64);
  expect(ranges.at(-1)).toEqual({ from: 189, to: 189 });
});

test('neighbours are one range, of what was kept and of what was pruned', () => {
  const coverage = new Coverage(log, 30);
  coverage.pruned(0, 5);
  coverage.pruned(5, 10);
  coverage.run(10, 20);
  coverage.run(20, 30);
  expect(coverage.summary()).toMatchObject({ ranges: [{ from: 10, to: 29 }], pruned: [{ from: 0, to: 9 }], runs: 2 });
});
