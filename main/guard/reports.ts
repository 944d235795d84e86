/**
 * Tells the agent what main refused at its own border. The same refusal many times within a second becomes one report
 * with a count, so that a flood can neither silence nor swamp the record; nothing is dropped without a count.
 */
import type { Params } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';

export type RefusedBorder = Params<UiBoundary, 'refused'>['border'];
export type Report = (border: RefusedBorder, what: string) => void;

/** Reports are gathered this long, in milliseconds. */
export const REPORT_WINDOW_MS = 1_000;
/** Different refusals within one window; what goes beyond is counted under one name. */
const REPORT_KINDS = 50;
/** Length of `what` in the contract, with room for a count. */
const WHAT_LIMIT = 100;

export interface Reporter<K extends string> {
  readonly report: (kind: K, what: string) => void;
  /** Sends what was gathered; call it each `REPORT_WINDOW_MS` and when the agent is back. */
  flush(): void;
}

/**
 * @param send gives one report and how often it happened to the agent; false when the agent is away: the report is kept for the next flush
 */
export function createReporter<K extends string>(send: (kind: K, what: string, count: number) => boolean): Reporter<K> {
  const counts = new Map<string, { readonly of: K; readonly what: string; count: number }>();
  return {
    report(of, what) {
      const short = what.length > WHAT_LIMIT ? `${what.slice(0, WHAT_LIMIT - 1)}…` : what;
      const kind = counts.has(`${of} ${short}`) || counts.size < REPORT_KINDS ? short : 'more';
      const key = `${of} ${kind}`;
      const entry = counts.get(key) ?? { of, what: kind, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    },
    flush() {
      for (const [key, { of, what, count }] of counts) {
        if (!send(of, what, count)) return;
        counts.delete(key);
      }
    },
  };
}

/** A report with its count, as the record shows it. */
export function counted(what: string, count: number): string {
  return count === 1 ? what : `${what} x${count}`;
}
