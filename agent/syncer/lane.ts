/**
 * Runs one lane of the Sync machine: feeds it events, keeps its timer, starts and aborts its work. It owns no decision;
 * those are the machine's.
 */
import { isWardlockError } from '../../core/errors/index.ts';
import { type Lane, type SyncEffect, type SyncEvent, type SyncState, syncStart, syncStep } from '../../core/sync/machine.ts';
import { RefusedByServer } from './refused.ts';

export interface LaneOptions {
  readonly lane: Lane;
  readonly random: () => number;
  /** One piece of work; true when there is more to do at once. */
  readonly work: (batch: number, signal: AbortSignal) => Promise<boolean>;
  readonly onOutcome: (failure: unknown) => void;
  /** How many times faster than the clock the lane's waits pass: 1, except for simulated seats. */
  readonly speed?: number;
}

export interface RunningLane {
  readonly phase: SyncState['phase'];
  send(event: SyncEvent): void;
}

export function runLane({ lane, random, work, onOutcome, speed = 1 }: LaneOptions): RunningLane {
  let state = syncStart;
  let timer: NodeJS.Timeout | undefined;
  let inHand: AbortController | undefined;

  const send = (event: SyncEvent): void => {
    const step = syncStep(state, event, lane, { random: random() });
    state = step.state;
    for (const effect of step.effects) perform(effect);
  };
  const perform = (effect: SyncEffect): void => {
    if (effect.type === 'timer') {
      clearTimeout(timer);
      timer = setTimeout(send, effect.ms / speed, { type: 'elapsed' });
    } else if (effect.type === 'cancel') {
      clearTimeout(timer);
      inHand?.abort();
      inHand = undefined;
    } else {
      void start(effect.batch);
    }
  };
  const start = async (batch: number): Promise<void> => {
    const own = new AbortController();
    inHand = own;
    const event = await attempt(batch, own.signal);
    // What was cancelled has no say any more: its lane may be working again already.
    if (inHand !== own || event === null) return;
    inHand = undefined;
    send(event);
  };
  const attempt = async (batch: number, signal: AbortSignal): Promise<SyncEvent | null> => {
    try {
      const more = await work(batch, signal);
      onOutcome(null);
      return { type: 'done', more };
    } catch (failure) {
      if (signal.aborted) return null;
      onOutcome(failure);
      const code = isWardlockError(failure) ? failure.code : 'SERVER_INTERNAL';
      return { type: 'failed', code, retryAfterMs: failure instanceof RefusedByServer ? failure.retryAfterMs : null };
    }
  };
  return {
    get phase() {
      return state.phase;
    },
    send,
  };
}
