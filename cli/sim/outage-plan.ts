/**
 * When simulated seats lose the network, and what they are compared with. The network goes in the middle of the time: what comes
 * back then meets seats that go on recording, and until the last of them may have waited out its backoff.
 */
import { lanes } from '../../agent/syncer/lanes.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { BACKOFF_CAP_MS } from '../../core/sync/backoff.ts';

/** Simulated milliseconds since the seats began. */
export interface Outage {
  /** From here to the outage their requests are those of every day: each lane has found its own time within its interval. */
  readonly steadyFrom: number;
  readonly from: number;
  readonly to: number;
}

const MS_PER_MINUTE = 60_000;
const SLOWEST_LANE_MS = Math.max(...Object.values(lanes).map(({ intervalMs }) => intervalMs));
/** The slowest lane's first interval, and as long again to measure. */
const LEAST_AROUND_MS = 2 * SLOWEST_LANE_MS;

/**
 * Null for no outage.
 * @throws WardlockError START_USAGE where seats would still be on their way back when everybody stops recording
 */
export function planOutage({ minutes, outageSeconds }: { readonly minutes: number; readonly outageSeconds: number }): Outage | null {
  if (outageSeconds === 0) return null;
  const ms = minutes * MS_PER_MINUTE;
  const away = outageSeconds * 1000;
  const around = Math.max(LEAST_AROUND_MS, Math.min(BACKOFF_CAP_MS, away));
  if (ms < away + 2 * around) {
    const least = Math.ceil(((away + 2 * around) / MS_PER_MINUTE) * 10) / 10;
    throw new WardlockError(
      'START_USAGE',
      `With an outage of ${outageSeconds} seconds --minutes is at least ${least}: the network goes in the middle, and seats need ${around / 1000} seconds before it to be at their everyday pace and as many after it to come back while the others go on.`,
    );
  }
  const from = (ms - away) / 2;
  return { steadyFrom: SLOWEST_LANE_MS, from, to: from + away };
}
