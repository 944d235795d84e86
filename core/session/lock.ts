/**
 * The lock machine as a table. It opens only on `Open`, which the session machine gives after the durable event, and
 * closes on everything that closes. It must never decide who may come in.
 */
import { procedureUntil } from './procedure.ts';
import type { Row, Table } from './table.ts';
import type { Common, Effect, Env, LockAt, LockState, LockStates, OpenSession } from './types.ts';

/** What reaches the lock: signals of the session machine, and what happens to an open seat by itself. */
export interface LockEvents {
  readonly Begin: { readonly type: 'Begin'; readonly ticket: number };
  readonly Open: { readonly type: 'Open'; readonly session: OpenSession };
  readonly Abort: { readonly type: 'Abort' };
  /** `recorded`: the session goes on behind the lock, so the lock itself is an event. `badge`: who locked by tapping. */
  readonly Close: {
    readonly type: 'Close';
    readonly session: OpenSession | null;
    readonly reason: string;
    readonly recorded: boolean;
    readonly badge: string | null;
  };
  readonly IdleReached: { readonly type: 'IdleReached'; readonly session: OpenSession };
  readonly Input: { readonly type: 'Input'; readonly sure: boolean };
  readonly CoolOver: { readonly type: 'CoolOver' };
}
export type LockEventType = keyof LockEvents;
export type LockEvent = LockEvents[LockEventType];

export interface LockContext {
  readonly env: Env;
  readonly common: Common;
}

export interface LockMove {
  readonly to: LockState;
  readonly effects?: readonly Effect[];
  readonly taken?: boolean;
}

/** How long the badge that locked the seat is not read again, in milliseconds: a card left on the reader reads for ever. */
export const COOL_MS = 1_500;

type LockRow<S extends LockAt, E extends LockEventType> = Row<LockStates[S], LockEvents[E], LockContext, LockMove, LockAt>;

const ignored: Row<LockState, LockEvent, LockContext, LockMove, LockAt> = { leadsTo: [], run: (state) => ({ to: state, taken: false }) };

const begin: LockRow<'locked' | 'cooling', 'Begin'> = {
  leadsTo: ['unlocking'],
  run: (_state, event) => ({ to: { at: 'unlocking', ticket: event.ticket }, effects: [{ do: 'clearTimer', timer: 'cool' }] }),
};

/** Closing what is closed already: nothing to write and nothing to cover. */
const stayClosed: Row<LockState, LockEvents['Close'], LockContext, LockMove, LockAt> = { leadsTo: [], run: (state) => ({ to: state }) };

const close: LockRow<'unlocked' | 'warning', 'Close'> = {
  leadsTo: ['locked', 'cooling'],
  run: (_state, event, { env }) => {
    const written: Effect[] = event.recorded
      ? [
          {
            do: 'append',
            record: { type: 'session.locked', body: { session: event.session?.id ?? null, reason: event.reason } },
            ticket: null,
          },
        ]
      : [];
    const covered: Effect[] = [...written, { do: 'cover' }, { do: 'clearTimer', timer: 'idle' }, { do: 'clearTimer', timer: 'warning' }];
    if (event.badge === null) return { to: { at: 'locked' }, effects: covered };
    return {
      to: { at: 'cooling', badge: event.badge },
      effects: [...covered, { do: 'setTimer', timer: 'cool', atBootMs: env.bootMs + COOL_MS }],
    };
  },
};

const abort: LockRow<'unlocking', 'Abort' | 'Close'> = { leadsTo: ['locked'], run: () => ({ to: { at: 'locked' } }) };

export const lockTable: Table<LockStates, LockEvents, LockContext, LockMove> = {
  locked: {
    Begin: begin,
    Open: ignored,
    Abort: ignored,
    Close: stayClosed,
    IdleReached: ignored,
    Input: ignored,
    CoolOver: ignored,
  },
  unlocking: {
    Begin: { leadsTo: [], run: (_state, event) => ({ to: { at: 'unlocking', ticket: event.ticket } }) },
    Open: {
      leadsTo: ['unlocked'],
      run: (_state, _event, { env }) => ({
        to: { at: 'unlocked' },
        effects: [{ do: 'uncover' }, { do: 'setTimer', timer: 'idle', atBootMs: env.bootMs + (env.rules?.warnAfterMs ?? 0) }],
      }),
    },
    Abort: abort,
    Close: abort,
    IdleReached: ignored,
    Input: ignored,
    CoolOver: ignored,
  },
  unlocked: {
    Begin: ignored,
    Open: ignored,
    Abort: ignored,
    Close: close,
    IdleReached: {
      leadsTo: ['warning'],
      run: (state, event, { env, common }) => {
        const warnAfterMs = env.rules?.warnAfterMs ?? 0;
        const dueBootMs = Math.max(common.lastInputBootMs + warnAfterMs, procedureUntil(event.session) ?? 0);
        if (dueBootMs > env.bootMs) return { to: state, effects: [{ do: 'setTimer', timer: 'idle', atBootMs: dueBootMs }] };
        const untilBootMs = env.bootMs + (env.rules?.warningMs ?? 0);
        const idleSeconds = Math.floor((env.bootMs - common.lastInputBootMs) / 1000);
        return {
          to: { at: 'warning', sinceBootMs: env.bootMs, untilBootMs },
          effects: [
            { do: 'append', record: { type: 'session.warned', body: { session: event.session.id, idleSeconds } }, ticket: null },
            { do: 'setTimer', timer: 'warning', atBootMs: untilBootMs },
          ],
        };
      },
    },
    Input: { leadsTo: [], run: (state) => ({ to: state, taken: false }) },
    CoolOver: ignored,
  },
  warning: {
    Begin: ignored,
    Open: ignored,
    Abort: ignored,
    Close: close,
    IdleReached: ignored,
    Input: {
      leadsTo: ['unlocked'],
      run: (state, event, { env, common }) => {
        if (!event.sure && common.lastInputBootMs <= state.sinceBootMs) return { to: state, taken: false };
        return {
          to: { at: 'unlocked' },
          effects: [
            { do: 'clearTimer', timer: 'warning' },
            { do: 'setTimer', timer: 'idle', atBootMs: common.lastInputBootMs + (env.rules?.warnAfterMs ?? 0) },
          ],
        };
      },
    },
    CoolOver: ignored,
  },
  cooling: {
    Begin: begin,
    Open: ignored,
    Abort: ignored,
    Close: stayClosed,
    IdleReached: ignored,
    Input: ignored,
    CoolOver: { leadsTo: ['locked'], run: () => ({ to: { at: 'locked' } }) },
  },
};
