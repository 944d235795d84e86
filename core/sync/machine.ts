/**
 * The Sync machine: when a lane of the syncer works, waits and gives up. A pure table; timers and requests are effects.
 * Anchors, entries and updates are three lanes of this one machine. It never drops anything: it only decides when.
 */
import type { ErrorCode } from '../errors/index.ts';
import { backoffDelay } from './backoff.ts';

/** Entries asked for in the first batch after an outage; doubles with each success up to the most that a batch holds. */
export const FIRST_BATCH = 64;
export const LARGEST_BATCH = 1024;

export type Work = 'uploading' | 'downloading';

export interface SyncState {
  /** offline: no agent, or not enrolled. halted: the server revoked this seat; only a new enrolment goes on. */
  readonly phase: 'offline' | 'idle' | Work | 'backoff' | 'halted';
  readonly failures: number;
  readonly batch: number;
  /** Something came up while the work was in hand: go on at once when it ends well. */
  readonly again: boolean;
}

export type SyncEvent =
  /** The agent is there and enrolled. */
  | { readonly type: 'ready' }
  | { readonly type: 'lost' }
  /** Something to do: the log grew, or the lane's interval passed. */
  | { readonly type: 'due' }
  /** The work ended well; `more` when it should go on at once. */
  | { readonly type: 'done'; readonly more: boolean }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly retryAfterMs: number | null }
  /** The timer that this machine asked for. */
  | { readonly type: 'elapsed' };

export type SyncEffect =
  | { readonly type: 'work'; readonly batch: number }
  | { readonly type: 'timer'; readonly ms: number }
  /** Clears the timer and aborts the work in hand. */
  | { readonly type: 'cancel' };

export interface Lane {
  readonly work: Work;
  /** Milliseconds from one idle to the next try, before jitter; the first one comes at random within it. */
  readonly intervalMs: number;
  /** The least of it: 0.5 makes intervals of half to the whole. */
  readonly floor: number;
  /** Nothing but its timer starts it: what happens at the seat must not show in when it calls. */
  readonly timerOnly?: true;
}

export interface SyncEnv {
  readonly random: number;
}

export interface SyncStep {
  readonly state: SyncState;
  readonly effects: readonly SyncEffect[];
}

export const syncStart: SyncState = { phase: 'offline', failures: 0, batch: FIRST_BATCH, again: false };

type Phase = SyncState['phase'];
type Row = {
  readonly [E in SyncEvent['type']]: (state: SyncState, event: Extract<SyncEvent, { type: E }>, lane: Lane, env: SyncEnv) => SyncStep;
};

const stay = (state: SyncState): SyncStep => ({ state, effects: [] });
const goOffline = (): SyncStep => ({ state: syncStart, effects: [{ type: 'cancel' }] });
const begin = (state: SyncState, _event: SyncEvent, lane: Lane): SyncStep => ({
  state: { ...state, phase: lane.work, again: false },
  effects: [{ type: 'cancel' }, { type: 'work', batch: state.batch }],
});
const beginUnlessTimed: Row['due'] = (state, event, lane) => (lane.timerOnly === true ? stay(state) : begin(state, event, lane));
const rest = (state: SyncState, lane: Lane, random: number): SyncStep => ({
  state: { ...state, phase: 'idle' },
  effects: [{ type: 'timer', ms: Math.floor(lane.intervalMs * (lane.floor + (1 - lane.floor) * random)) }],
});

/** The first try comes at random within one interval, so that seats that start together do not call together. */
const arrive: Row['ready'] = (_state, _event, lane, { random }) => ({
  state: { ...syncStart, phase: 'idle' },
  effects: [{ type: 'cancel' }, { type: 'timer', ms: Math.floor(lane.intervalMs * random) }],
});

const offline: Row = { ready: arrive, lost: goOffline, due: stay, done: stay, failed: stay, elapsed: stay };
const idle: Row = { ready: stay, lost: goOffline, due: beginUnlessTimed, done: stay, failed: stay, elapsed: begin };
const working: Row = {
  ready: stay,
  lost: goOffline,
  due: (state, _event, lane) => stay({ ...state, again: lane.timerOnly !== true }),
  done: (state, { more }, lane, { random }) => {
    const next = { ...state, failures: 0, again: false, batch: Math.min(LARGEST_BATCH, state.batch * 2) };
    return more || state.again ? { state: next, effects: [{ type: 'work', batch: next.batch }] } : rest(next, lane, random);
  },
  failed: (state, { code, retryAfterMs }, _lane, { random }) => {
    if (code === 'SERVER_SEAT_REVOKED') return { state: { ...state, phase: 'halted' }, effects: [{ type: 'cancel' }] };
    const failures = state.failures + 1;
    return {
      state: { phase: 'backoff', failures, batch: FIRST_BATCH, again: false },
      effects: [{ type: 'timer', ms: backoffDelay(failures, random, retryAfterMs) }],
    };
  },
  elapsed: stay,
};
const backoff: Row = { ready: stay, lost: goOffline, due: stay, done: stay, failed: stay, elapsed: begin };
const halted: Row = { ready: arrive, lost: goOffline, due: stay, done: stay, failed: stay, elapsed: stay };

const table: Readonly<Record<Phase, Row>> = { offline, idle, uploading: working, downloading: working, backoff, halted };

/** One step of a lane, pure: the next state, and what is to be done. */
export function syncStep(state: SyncState, event: SyncEvent, lane: Lane, env: SyncEnv): SyncStep {
  const row = table[state.phase];
  switch (event.type) {
    case 'ready':
      return row.ready(state, event, lane, env);
    case 'lost':
      return row.lost(state, event, lane, env);
    case 'due':
      return row.due(state, event, lane, env);
    case 'done':
      return row.done(state, event, lane, env);
    case 'failed':
      return row.failed(state, event, lane, env);
    case 'elapsed':
      return row.elapsed(state, event, lane, env);
  }
}
