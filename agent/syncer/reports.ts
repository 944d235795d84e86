/**
 * What the agent did with policy and staff, as the server is told: kept until it has been taken, the newest of each kind. A server that is
 * too busy for it is left alone for as long as it asks, and nothing else waits for that.
 */
import Type from 'typebox';
import { type Report, seatPaths } from '../../contract/seat-api.ts';
import { backoffDelay } from '../../core/sync/backoff.ts';
import { RefusedByServer } from './refused.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

/** Too many requests, or not now: the same report is welcome later (RFC 9110, 15.5 and 15.6; RFC 6585). */
const LATER: ReadonlySet<number> = new Set([429, 503]);
/** It is the report that is wrong: once more would be refused once more. */
const NEVER: ReadonlySet<number> = new Set([400, 422]);

export interface Reports {
  add(report: Report): void;
  /** Sends what waits. @throws what is no request to come later; the report waits then, too, unless it was itself what was refused */
  send(signal: AbortSignal): Promise<void>;
  /** How long until what waits may be sent, in milliseconds; null where nothing waits. */
  readonly restMs: number | null;
}

export interface ReportsPorts {
  readonly server: SeatClient;
  readonly random: () => number;
  /** Any clock that does not run backwards, in milliseconds. */
  readonly now: () => number;
}

export function openReports({ server, random, now }: ReportsPorts): Reports {
  const waiting = new Map<Report['kind'], Report>();
  let failures = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  const restMs = (): number => Math.max(0, notBefore - now());
  const sendOne = async (report: Report, signal: AbortSignal): Promise<void> => {
    const answer = await server.call({ method: 'POST', path: seatPaths.reports, signal, ...jsonBody(report) });
    if (answer.status === 200 || NEVER.has(answer.status)) waiting.delete(report.kind);
    readAnswer(answer, Type.Object({}));
    failures = 0;
  };
  return {
    add: (report) => waiting.set(report.kind, report),
    send: async (signal) => {
      if (restMs() > 0) return;
      try {
        for (const report of [...waiting.values()]) await sendOne(report, signal);
      } catch (failure) {
        if (!(failure instanceof RefusedByServer && LATER.has(failure.status))) throw failure;
        failures += 1;
        notBefore = now() + backoffDelay(failures, random(), failure.retryAfterMs);
      }
    },
    get restMs() {
      return waiting.size === 0 ? null : restMs();
    },
  };
}
