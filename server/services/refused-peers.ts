/**
 * Connections and requests that were refused before anyone was known: counted all, recorded at most once a minute per
 * network and reason and at most so many a minute in all, so that a flood can neither hide nor fill the record.
 */
import { elapsedMs } from './clocks.ts';
import { networkOf } from './networks.ts';
import type { ServerEvent, ServerLog } from './server-log.ts';

export const WINDOW_MS = 60_000;
/** Rows in one window from whatever many networks; one more tells how many were left out. */
export const MOST_ROWS = 59;

export interface RefusedPeers {
  count(address: string, reason: string): void;
  /** The same with a row of the caller's own, of which the total is known; resolves when it is recorded, or only counted. */
  note(address: string, reason: string, rowOf: (total: number) => ServerEvent): Promise<void>;
  /** Counts without a record: a busy server is no event. */
  tally(reason: string): void;
  /** Reason to how many since the start. */
  totals(): ReadonlyMap<string, number>;
  /** Resolves when what was counted so far is recorded. */
  settled(): Promise<void>;
}

export function openRefusedPeers(log: ServerLog, onFault: (fault: unknown) => void, elapsed: () => number = elapsedMs): RefusedPeers {
  const totals = new Map<string, number>();
  const recorded = new Map<string, number>();
  const waiting: ServerEvent[] = [];
  let writing: Promise<void> | null = null;
  let window = { since: Number.NEGATIVE_INFINITY, rows: 0 };
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  const tally = (reason: string): void => {
    totals.set(reason, (totals.get(reason) ?? 0) + 1);
  };
  /** One writer; what waits for it is bounded by the rows of a window. */
  const write = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) await log.append(event).catch(onFault);
    writing = null;
  };
  const record = (event: ServerEvent): void => {
    waiting.push(event);
    writing ??= write();
  };
  const tellLeftOut = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (leftOut === 0 || waiting.length > MOST_ROWS) return;
    record({ type: 'peer.refused', actor: 'many', body: { address: 'many', reason: 'many', total: leftOut } });
    leftOut = 0;
  };
  const roll = (at: number): void => {
    if (at - window.since < WINDOW_MS) return;
    window = { since: at, rows: 0 };
    for (const [key, since] of recorded) if (at - since >= WINDOW_MS) recorded.delete(key);
    tellLeftOut();
  };
  const note = (address: string, reason: string, rowOf: (total: number) => ServerEvent): void => {
    tally(reason);
    const at = elapsed();
    roll(at);
    const key = `${networkOf(address)} ${reason}`;
    if (at - (recorded.get(key) ?? Number.NEGATIVE_INFINITY) < WINDOW_MS) return;
    if (window.rows >= MOST_ROWS || waiting.length >= MOST_ROWS) {
      leftOut += 1;
      timer ??= setTimeout(tellLeftOut, WINDOW_MS).unref();
      return;
    }
    window = { ...window, rows: window.rows + 1 };
    recorded.set(key, at);
    record(rowOf(totals.get(reason) ?? 0));
  };
  return {
    tally,
    count: (address, reason) =>
      note(address, reason, (total) => ({ type: 'peer.refused', actor: address, body: { address, reason, total } })),
    note: async (address, reason, rowOf) => {
      note(address, reason, rowOf);
      await writing;
    },
    totals: () => totals,
    settled: async () => {
      await writing;
      tellLeftOut();
      await writing;
    },
  };
}
