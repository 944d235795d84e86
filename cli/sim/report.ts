/** Sums up the traffic of simulated seats: times, refusals, and how high requests rose after an outage over what they were before. */
import { type Traffic, WINDOW_SECONDS } from './network.ts';

export interface TrafficSummary {
  /** Uploads that were taken. */
  readonly uploads: number;
  /** Milliseconds of real time. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly anchors: number;
  readonly refused: number;
  readonly failed: number;
  /** Requests a second of simulated time in the busiest window before the outage, and after it; null without one. */
  readonly steadyPerSecond: number | null;
  readonly peakPerSecond: number | null;
  /** The second over the first. */
  readonly peakRatio: number | null;
}

const MS_PER_SECOND = 1000;

/** @param outage simulated milliseconds at which the network went and came back */
export function trafficSummary(
  { uploadsMs, anchors, refused, failed, windows }: Traffic,
  outage: { readonly from: number; readonly to: number } | null,
): TrafficSummary {
  const sorted = uploadsMs.toSorted((a, b) => a - b);
  const at = (share: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return value === undefined ? null : Math.round(value * 10) / 10;
  };
  const windowAt = (ms: number): number => Math.floor(ms / (WINDOW_SECONDS * MS_PER_SECOND));
  const busiest = (from: number, to: number): number =>
    Math.max(0, ...Array.from(windows.slice(from, to), (count) => count ?? 0)) / WINDOW_SECONDS;
  const steady = outage === null ? null : busiest(0, windowAt(outage.from));
  const peak = outage === null ? null : busiest(windowAt(outage.to), windows.length);
  const ratio = steady === null || peak === null || steady === 0 ? null : Math.round((peak / steady) * 100) / 100;
  return {
    uploads: sorted.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    anchors,
    refused,
    failed,
    steadyPerSecond: steady,
    peakPerSecond: peak,
    peakRatio: ratio,
  };
}
