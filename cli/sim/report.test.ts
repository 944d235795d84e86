import { expect, test } from 'vitest';
import { type Traffic, WINDOW_SECONDS } from './network.ts';
import { trafficSummary } from './report.ts';

const WINDOW_MS = WINDOW_SECONDS * 1000;

/** Traffic of so many requests a second in each window; the network is gone in windows 12 to 18. */
function summaryOf(perSecond: readonly number[]) {
  const windows = perSecond.map((count) => count * WINDOW_SECONDS);
  const traffic: Traffic = { uploadsMs: [], anchors: 0, polls: 0, exchanges: 0, refused: 0, failed: 0, windows };
  return trafficSummary(traffic, { steadyFrom: 6 * WINDOW_MS, from: 12 * WINDOW_MS, to: 18 * WINDOW_MS });
}

const arrival = [90, 30, 20, 20, 20, 20];
const away = Array<number>(6).fill(0);

test('what comes after an outage is compared with an everyday window, not with the busiest or with the arrival', () => {
  const everyDay = [9, 10, 11, 10, 30, 10];
  const { steadyPerSecond, peakPerSecond, peakRatio } = summaryOf([...arrival, ...everyDay, ...away, 15, 25, 10, 10]);
  expect([steadyPerSecond, peakPerSecond, peakRatio]).toEqual([10, 25, 2.5]);
});

test('windows without a request count as such', () => {
  const windows: number[] = [];
  windows[10] = 50;
  windows[18] = 100;
  const traffic: Traffic = { uploadsMs: [], anchors: 0, polls: 0, exchanges: 0, refused: 0, failed: 0, windows };
  const outage = { steadyFrom: 6 * WINDOW_MS, from: 12 * WINDOW_MS, to: 18 * WINDOW_MS };
  expect(trafficSummary(traffic, outage)).toMatchObject({ steadyPerSecond: 0, peakPerSecond: 10, peakRatio: null });
  expect(trafficSummary(traffic, null)).toMatchObject({ steadyPerSecond: null, peakPerSecond: null, peakRatio: null });
});
