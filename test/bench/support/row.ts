/**
 * What one measured figure looks like. Must hold the baseline of the same run on the same machine: a figure without it says
 * nothing on a noisy machine.
 */

/** How to read a figure against its goal. */
export interface Goal {
  /** `at most` and `at least` are both inclusive. */
  readonly is: 'at most' | 'at least';
  readonly value: number;
  /**
   * What is compared: the row's median or 95th percentile as it is, or the ratio of either to the baseline. A ratio of 95th
   * percentiles wants the baseline's own 95th percentile as the baseline.
   */
  readonly of: 'median' | 'p95' | 'ratio' | 'p95 ratio';
}

export interface BenchRow {
  /** The figure's name in the issue, such as `append.single`. */
  readonly id: string;
  readonly unit: string;
  readonly median: number;
  /** Only where a goal is set for it. */
  readonly p95?: number;
  /** null where a figure is one value and not a distribution. */
  readonly p99: number | null;
  /** The same unit, measured in the same run; null where the goal is an absolute one. */
  readonly baseline: number | null;
  /** Median over baseline; of a goal for 95th percentiles that one over the baseline. */
  readonly ratio: number | null;
  readonly goal: number | null;
  readonly bound: Goal['is'] | null;
  readonly of: Goal['of'] | null;
  /** Whether the goal was reached; null without a goal. */
  readonly met: boolean | null;
}

/** What was measured, before it is judged. */
export interface Measured {
  readonly id: string;
  readonly unit: string;
  readonly median: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly baseline?: number;
  readonly goal?: Goal;
}

export interface BenchOptions {
  /** Says what is being measured, for a person who waits. Goes to standard error. */
  readonly say: (text: string) => void;
  /** Take the time for the sizes that a run otherwise leaves out. */
  readonly full: boolean;
  /** Smaller sizes, which the suite names: for a look, not for the record. */
  readonly quick: boolean;
  /** Whether a figure is asked for: all are, unless `--only` names some. What nobody asks for need not be measured. */
  readonly wants: (id: string) => boolean;
}

export interface BenchSuite {
  run(options: BenchOptions): Promise<readonly BenchRow[]>;
}

/** The value at a share of the sorted samples (nearest rank). @param share between 0 and 1 */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('A percentile of no samples has no meaning.');
  return value;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** Adds the ratio and the verdict to what was measured. */
export function judge(measured: Measured): BenchRow {
  const { id, unit, median: value, p95, p99 = null, baseline = null, goal } = measured;
  const compares = goal?.of === 'p95 ratio' ? (p95 ?? null) : value;
  const ratio = baseline === null || compares === null ? null : compares / baseline;
  const row = { id, unit, median: value, ...(p95 === undefined ? {} : { p95 }), p99, baseline, ratio };
  if (goal === undefined) return { ...row, goal: null, bound: null, of: null, met: null };
  const compared = { ratio, 'p95 ratio': ratio, p95: p95 ?? null, median: value }[goal.of];
  if (compared === null)
    throw new RangeError(`${id} has a goal for its ${goal.of} but no ${goal.of.endsWith('ratio') ? 'baseline' : 'such value'}.`);
  const met = goal.is === 'at most' ? compared <= goal.value : compared >= goal.value;
  return { ...row, goal: goal.value, bound: goal.is, of: goal.of, met };
}
