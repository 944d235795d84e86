/**
 * The detector of propped sessions against traces: those in test/session/traces, and many more from other seeds. The traces are
 * synthetic; what the detector is worth at a real ward is not shown by them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { honestNames, makeTrace, proppedNames, seedOf, TRACE_SECONDS, traceNames } from '../../test/session/traces.ts';
import { judgePropped, PROPPED_START, type ProppedBy } from './propped.ts';

const HOUR = 3_600;
const SEEDS = 200;

/** The second of the first finding, as the seat hears it: the system's idle time in whole seconds. */
function foundAfter(ages: readonly number[]): { readonly second: number; readonly by: ProppedBy } | null {
  let state = PROPPED_START;
  for (const [index, age] of ages.entries()) {
    ({ state } = judgePropped(state, (index + 1) * 1_000, Math.floor(age / 1_000) * 1_000));
    if (state.found !== null) return { second: index + 1, by: state.found.by };
  }
  return null;
}

test.each(traceNames)('the trace %s in the repository is what its seed makes, and judged rightly', async (name) => {
  const trace = makeTrace(name, seedOf(name), TRACE_SECONDS);
  const stored: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../../test/session/traces', `${name}.json`), 'utf8'));
  expect(stored).toEqual(trace);
  expect(foundAfter(trace.ages) === null).toBe(trace.honest);
});

describe('propped sessions', () => {
  test.each([
    ['weighted-key', 'neverRests', 302],
    ['quick-jiggler', 'neverRests', 302],
    ['slow-jiggler', 'clockwork', 240],
    ['minute-jiggler', 'clockwork', 480],
  ] as const)('%s is found as %s within %d seconds, from every seed', (name, by, within) => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const found = foundAfter(makeTrace(name, seed, within).ages);
      expect(found, `seed ${seed}`).toMatchObject({ by });
    }
  });

  test('every propped trace is among them', () => {
    expect([...proppedNames].sort()).toEqual(['minute-jiggler', 'quick-jiggler', 'slow-jiggler', 'weighted-key']);
  });
});

describe('honest work', () => {
  test.each(honestNames)('%s raises a false alarm in at most one of a hundred hours', (name) => {
    const alarms: number[] = [];
    for (let seed = 0; seed < SEEDS; seed += 1) if (foundAfter(makeTrace(name, seed, HOUR).ages) !== null) alarms.push(seed);
    expect(alarms.length, `seeds ${alarms.join()}`).toBeLessThanOrEqual(SEEDS / 100);
  });
});

describe('a finding', () => {
  const jiggle = (seconds: number) => {
    let state = PROPPED_START;
    let idleMs = 0;
    for (let second = 1; second <= seconds; second += 1) ({ state, idleMs } = judgePropped(state, second * 1_000, 0));
    return { state, idleMs };
  };

  test('lets idle time run as if nothing had been touched since', () => {
    expect(jiggle(300).idleMs).toBe(0);
    expect(jiggle(400).idleMs).toBe(99_000);
  });

  test('is over with the first rest, and after a time without reports', () => {
    const { state } = jiggle(400);
    expect(judgePropped(state, 402_000, 2_000)).toMatchObject({ state: { found: null }, idleMs: 2_000 });
    expect(judgePropped(state, 500_000, 0)).toMatchObject({ state: { found: null }, idleMs: 0 });
  });

  test('by its clockwork is over as soon as somebody works between the ticks', () => {
    const { ages } = makeTrace('slow-jiggler', 7, 300);
    let state = PROPPED_START;
    for (const [index, age] of ages.entries()) ({ state } = judgePropped(state, (index + 1) * 1_000, age));
    expect(state.found?.by).toBe('clockwork');
    for (let second = 301; second <= 306; second += 1) ({ state } = judgePropped(state, second * 1_000, 0));
    expect(state.found).toBeNull();
  });
});
