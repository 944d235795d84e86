/** Sums up the traffic of simulated seats: times, refusals, and how high requests rose after an outage over what they are every day. */
import { type Traffic, WINDOW_SECONDS } from './network.ts';
import type { Outage } from './outage-plan.ts';

export interface TrafficSummary {
  /** Uploads that were taken. */
  readonly uploads: number;
  /** Milliseconds of real time. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly anchors: number;
  readonly polls: number;
  readonly exchanges: number;
  readonly reports: number;
  readonly refused: number;
  readonly failed: number;
  /** Requests a second of simulated time: in the median of the windows before the outage, once all lanes have their pace; null without one. */
  readonly steadyPerSecond: number | null;
  /** Of the requests in those windows the share that was answered 429: with more than a few the machine could not keep up, and it is no steady state. */
  readonly steadyRefused: number | null;
  /** In the busiest window after it. */
  readonly peakPerSecond: number | null;
  /** The second over the first. */
  readonly peakRatio: number | null;
}

const MS_PER_SECOND = 1000;

/** @param outage since the first window */
export function trafficSummary(
  { uploadsMs, anchors, polls, exchanges, reports, refused, failed, windows, refusedWindows }: Traffic,
  outage: Outage | null,
): TrafficSummary {
  const sorted = uploadsMs.toSorted((a, b) => a - b);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return value === undefined ? null : Math.round(value * 10) / 10;
  };
  const windowAt = (ms: number): number => Math.floor(ms / (WINDOW_SECONDS * MS_PER_SECOND));
  const sent = (from: number, to: number): number[] =>
    Array.from(windows.slice(from, to), (count) => (count ?? 0) / WINDOW_SECONDS).toSorted((a, b) => a - b);
  const range = outage === null ? null : ([windowAt(outage.steadyFrom), windowAt(outage.from)] as const);
  const before = range === null ? [] : sent(...range);
  const steady = outage === null ? null : (before[Math.floor(before.length / 2)] ?? 0);
  const peak = outage === null ? null : (sent(windowAt(outage.to), windows.length).at(-1) ?? 0);
  const ratio = steady === null || peak === null || steady === 0 ? null : Math.round((peak / steady) * 100) / 100;
  return {
    uploads: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    anchors,
    polls,
    exchanges,
    reports,
    refused,
    failed,
    steadyPerSecond: steady,
    steadyRefused: range === null ? null : share(sum(refusedWindows.slice(...range)), sum(windows.slice(...range))),
    peakPerSecond: peak,
    peakRatio: ratio,
  };
}

/** A window in which nothing happened has no count. */
function sum(counts: readonly number[]): number {
  return Array.from(counts, (count) => count ?? 0).reduce((all, count) => all + count, 0);
}

function share(part: number, all: number): number {
  return all === 0 ? 0 : Math.round((part / all) * 1000) / 1000;
}
