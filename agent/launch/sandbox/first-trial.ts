/**
 * The trials before the agent serves. A machine that starts is busy: a layer that did not work at once may work a second later, and one
 * bad moment must not leave a seat without applications, or without reports of denials, until somebody restarts its agent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from './trial.ts';

const MOST_TRIALS = 3;
const PAUSE_MS = 1_000;

export interface FirstTrialPorts {
  readonly trial: () => Promise<Trial>;
  /** Whether this kernel can report denials, so that a report that did not come is worth another look. */
  readonly canReport: boolean;
  readonly pause?: () => Promise<unknown>;
}

/** The last trial, or the first one that showed all that this machine can do. */
export async function firstTrial({ trial, canReport, pause = () => sleep(PAUSE_MS) }: FirstTrialPorts): Promise<Trial> {
  for (let left = MOST_TRIALS - 1; ; left -= 1) {
    const shown = await trial().catch(failed);
    const isAll = shown.failure === undefined && (shown.isReported || !canReport);
    if (isAll || left === 0) return shown;
    await pause();
  }
}

function failed(cause: unknown): Trial {
  return { failure: cause instanceof Error ? cause.message : String(cause), isReported: false, hasOwnNetwork: false };
}
