import { expect, test } from 'vitest';
import { BACKOFF_CAP_MS } from '../../core/sync/backoff.ts';
import { planOutage } from './outage-plan.ts';

const MINUTE_MS = 60_000;

test('the network goes in the middle, and recording goes on until the longest backoff after it is over', () => {
  const minutes = 60;
  const outage = planOutage({ minutes, outageSeconds: 1800 });
  expect(outage).toEqual({ steadyFrom: MINUTE_MS, from: 15 * MINUTE_MS, to: 45 * MINUTE_MS });
  expect(minutes * MINUTE_MS - (outage?.to ?? 0)).toBeGreaterThanOrEqual(BACKOFF_CAP_MS);
  expect(planOutage({ minutes: 1, outageSeconds: 0 })).toBeNull();
});

test.each([
  [40, 1800],
  [59.9, 1800],
  [15, 600],
  [4.4, 30],
])('of %s minutes an outage of %s seconds is refused, with how many it takes', (minutes, outageSeconds) => {
  let least = 0;
  try {
    planOutage({ minutes, outageSeconds });
  } catch (refused) {
    expect(refused).toMatchObject({ code: 'START_USAGE' });
    least = Number(/--minutes is at least ([\d.]+)/.exec(String(refused))?.[1]);
  }
  expect(least).toBeGreaterThan(minutes);
  expect(planOutage({ minutes: least, outageSeconds })).not.toBeNull();
});
