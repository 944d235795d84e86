/**
 * Connections and requests that were refused before anyone was known: counted all, recorded at most once a minute per
 * address and reason, so that a flood can neither hide nor fill the record.
 */
import type { ServerLog } from './server-log.ts';

const WINDOW_MS = 60_000;
const MAX_TRACKED = 1000;

export interface RefusedPeers {
  count(address: string, reason: string): void;
  /** Counts without a record: a busy server is no event. */
  tally(reason: string): void;
  /** Reason to how many since the start. */
  totals(): ReadonlyMap<string, number>;
  /** Resolves when what was counted so far is recorded. */
  settled(): Promise<void>;
}

export function openRefusedPeers(log: ServerLog, now: () => number, onFault: (fault: unknown) => void): RefusedPeers {
  const totals = new Map<string, number>();
  const recorded = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();
  const tally = (reason: string): void => {
    totals.set(reason, (totals.get(reason) ?? 0) + 1);
  };
  return {
    tally,
    count: (address, reason) => {
      tally(reason);
      const key = `${address} ${reason}`;
      const at = now();
      if (at - (recorded.get(key) ?? -WINDOW_MS) < WINDOW_MS) return;
      if (recorded.size >= MAX_TRACKED) recorded.clear();
      recorded.set(key, at);
      const body = { address, reason, total: totals.get(reason) ?? 0 };
      writing = writing.then(() => log.append({ type: 'peer.refused', actor: address, body })).catch(onFault);
    },
    totals: () => totals,
    settled: () => writing,
  };
}
