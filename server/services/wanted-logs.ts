/**
 * Which logs the next pass of the reader looks at: those that entries came for, so that an upload costs the same however many logs
 * there are; and all of them now and then, so that none that was missed stays behind. It reads nothing itself.
 */
import type { LogName } from './logs.ts';

/** A log that could not be read, or that another reader had, waits no longer than this once entries come for any log. */
export const WHOLE_AFTER_MS = 30_000;

export interface WantedLogs {
  /** Whether a pass was asked for since the last one began. */
  readonly asked: boolean;
  /** Asks for a pass over all logs. */
  all(): void;
  /** Asks for a pass in which this log is looked at. */
  of(log: LogName): void;
  /** The pass that was begun came to no end: the next one that is asked for looks at all. */
  missed(): void;
  /** What the pass that begins now looks at; null for all. */
  take(): readonly LogName[] | null;
}

export function openWantedLogs(now: () => number): WantedLogs {
  const named = new Map<string, LogName>();
  let asked = false;
  let whole = false;
  let wholeAt = Number.NEGATIVE_INFINITY;
  return {
    get asked() {
      return asked;
    },
    all: () => {
      asked = true;
      whole = true;
    },
    of: (log) => {
      asked = true;
      // Not what came with the name: an upload holds its entries.
      const { workstationId, incarnation } = log;
      named.set(`${workstationId}/${incarnation}`, { workstationId, incarnation });
    },
    missed: () => {
      whole = true;
    },
    take: () => {
      const logs = [...named.values()];
      asked = false;
      named.clear();
      if (!whole && now() - wholeAt < WHOLE_AFTER_MS) return logs;
      whole = false;
      wholeAt = now();
      return null;
    },
  };
}
