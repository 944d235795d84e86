import { describe, expect, test } from 'vitest';
import { DenialTally } from './tally.ts';

const denial = (path: string, domainPid = 7) => ({ domainPid, access: 'execute' as const, path });

describe('a tally of denials', () => {
  test('tells the first of each kind at once', () => {
    const tally = new DenialTally();
    expect(tally.take(denial('/a'), 5_000)).toEqual([{ ...denial('/a'), count: 1 }]);
    expect(tally.take(denial('/b'), 5_001)).toEqual([{ ...denial('/b'), count: 1 }]);
    expect(tally.take(denial('/a', 8), 5_002)).toEqual([{ ...denial('/a', 8), count: 1 }]);
  });

  test('counts the others, loses none, and tells them once a second', () => {
    const tally = new DenialTally();
    const told = Array.from({ length: 10_000 }, (_, index) => tally.take(denial('/a'), 5_000 + index)).flat();
    told.push(...tally.due(100_000));
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
    expect(told.length).toBeLessThan(20);
  });

  test('tells ever new paths as many, once there are too many of them', () => {
    const tally = new DenialTally();
    const told = Array.from({ length: 5_000 }, (_, index) => tally.take(denial(`/tmp/${index}`), 5_000)).flat();
    expect(told.length).toBeLessThan(600);
    told.push(...tally.due(7_000));
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
    expect(told.at(-1)?.path).toBe('(many)');
  });
});
