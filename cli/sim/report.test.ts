import { expect, test } from 'vitest';
import { type Traffic, WINDOW_SECONDS } from './network.ts';
import { trafficSummary } from './report.ts';

const WINDOW_MS = WINDOW_SECONDS * 1000;

/** Traffic of so many requests a second in each window; the network is gone in windows 12 to 18. */
function summaryOf(perSecond: readonly number[], refusedWindows: number[] = []) {
  const windows = perSecond.map((count) => count * WINDOW_SECONDS);
  const traffic: Traffic = {
    uploadsMs: [],
    anchors: 0,
    polls: 0,
    exchanges: 0,
    reports: 0,
    refused: 0,
    failed: 0,
    windows,
    refusedWindows,
  };
  return trafficSummary(traffic, { steadyFrom: 6 * WINDOW_MS, from: 12 * WINDOW_MS, to: 18 * WINDOW_MS });
}

const arrival = [90, 30, 20, 20, 20, 20];
const away = Array<number>(6).fill(0);

test('what comes after an outage is compared with an everyday window, not with the busiest or with the arrival', () => {
  const everyDay = [9, 10, 11, 10, 30, 10];
  const { steadyPerSecond, peakPerSecond, peakRatio } = summaryOf([...arrival, ...everyDay, ...away, 15, 25, 10, 10]);
  expect([steadyPerSecond, peakPerSecond, peakRatio]).toEqual([10, 25, 2.5]);
});

test('a machine that could not keep up before the outage shows in the share that was refused then, and only then', () => {
  const rates = [...arrival, 10, 10, 10, 10, 10, 10, ...away, 15, 10, 10, 10];
  const refused: number[] = [];
  refused[0] = 500;
  refused[19] = 50;
  expect(summaryOf(rates, refused).steadyRefused).toBe(0);
  refused[7] = 30;
  expect(summaryOf(rates, refused).steadyRefused).toBe(0.05);
});

test('windows without a request count as such', () => {
  const windows: number[] = [];
  windows[10] = 50;
  windows[18] = 100;
  const traffic: Traffic = {
    uploadsMs: [],
    anchors: 0,
    polls: 0,
    exchanges: 0,
    reports: 0,
    refused: 0,
    failed: 0,
    windows,
    refusedWindows: [],
  };
  const outage = { steadyFrom: 6 * WINDOW_MS, from: 12 * WINDOW_MS, to: 18 * WINDOW_MS };
  expect(trafficSummary(traffic, outage)).toMatchObject({ steadyPerSecond: 0, peakPerSecond: 10, peakRatio: null });
  expect(trafficSummary(traffic, null)).toMatchObject({ steadyPerSecond: null, peakPerSecond: null, peakRatio: null });
});
