/**
 * The lock machine as a table. It opens only on `Open`, which the session machine gives after the durable event, and
 * closes on everything that closes. It must never decide who may come in.
 */
import { procedureUntil } from './procedure.ts';
import type { Row, Table } from './table.ts';
import type { Common, Effect, Env, LockAt, LockState, LockStates, OpenSession, TapQuestion } from './types.ts';

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
  /** The countdown is over and nobody came: the work is covered before it is locked. */
  readonly Blur: { readonly type: 'Blur' };
  /** What was a tap meant for? */
  readonly Ask: { readonly type: 'Ask'; readonly question: TapQuestion; readonly ms: number };
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

/** The system tells idle time in whole seconds: input is later than the question only if it is later by more than this, in milliseconds. */
const IDLE_GRAIN_MS = 1_000;
/** How long the badge that locked the seat is not read again, in milliseconds: a card left on the reader reads for ever. */
export const COOL_MS = 1_500;

/** Clocks of an open seat: each of its states has one of them, and a closed seat has none. */
const LOCK_TIMERS = ['idle', 'warning', 'blur', 'ask'] as const;

type LockRow<S extends LockAt, E extends LockEventType> = Row<LockStates[S], LockEvents[E], LockContext, LockMove, LockAt>;

const ignored: Row<LockState, LockEvent, LockContext, LockMove, LockAt> = { leadsTo: [], run: (state) => ({ to: state, taken: false }) };

const begin: LockRow<'locked' | 'cooling', 'Begin'> = {
  leadsTo: ['unlocking'],
  run: (_state, event) => ({ to: { at: 'unlocking', ticket: event.ticket }, effects: [{ do: 'clearTimer', timer: 'cool' }] }),
};

/** Closing what is closed already: nothing to write and nothing to cover. */
const stayClosed: Row<LockState, LockEvents['Close'], LockContext, LockMove, LockAt> = { leadsTo: [], run: (state) => ({ to: state }) };

const close: LockRow<'unlocked' | 'warning' | 'blurred' | 'asking', 'Close'> = {
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
    const covered: Effect[] = [...written, { do: 'cover' }, ...LOCK_TIMERS.map((timer): Effect => ({ do: 'clearTimer', timer }))];
    if (event.badge === null) return { to: { at: 'locked' }, effects: covered };
    return {
      to: { at: 'cooling', badge: event.badge },
      effects: [...covered, { do: 'setTimer', timer: 'cool', atBootMs: env.bootMs + COOL_MS }],
    };
  },
};

const abort: LockRow<'unlocking', 'Abort' | 'Close'> = { leadsTo: ['locked'], run: () => ({ to: { at: 'locked' } }) };

/** Back to the work: idle time counts from the last input. */
function backToWork(lastInputBootMs: number, { env }: LockContext, timer: 'warning' | 'blur' | 'ask'): LockMove {
  const dueBootMs = Math.max(env.bootMs, lastInputBootMs + (env.rules?.warnAfterMs ?? 0));
  return {
    to: { at: 'unlocked' },
    effects: [
      { do: 'clearTimer', timer },
      { do: 'setTimer', timer: 'idle', atBootMs: dueBootMs },
    ],
  };
}

export const lockTable: Table<LockStates, LockEvents, LockContext, LockMove> = {
  locked: {
    Begin: begin,
    Open: ignored,
    Abort: ignored,
    Close: stayClosed,
    IdleReached: ignored,
    Blur: ignored,
    Ask: ignored,
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
    Blur: ignored,
    Ask: ignored,
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
            { do: 'clearTimer', timer: 'idle' },
            { do: 'setTimer', timer: 'warning', atBootMs: untilBootMs },
          ],
        };
      },
    },
    Blur: ignored,
    Ask: {
      leadsTo: ['asking'],
      run: (_state, { question, ms }, { env }) => {
        const untilBootMs = env.bootMs + ms;
        return {
          to: { at: 'asking', question, sinceBootMs: env.bootMs, untilBootMs },
          effects: [
            { do: 'clearTimer', timer: 'idle' },
            { do: 'setTimer', timer: 'ask', atBootMs: untilBootMs },
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
    Blur: {
      leadsTo: ['blurred'],
      run: (_state, _event, { env }) => {
        const untilBootMs = env.bootMs + (env.rules?.blurMs ?? 0);
        return {
          to: { at: 'blurred', sinceBootMs: env.bootMs, untilBootMs },
          effects: [
            { do: 'clearTimer', timer: 'warning' },
            { do: 'setTimer', timer: 'blur', atBootMs: untilBootMs },
          ],
        };
      },
    },
    Ask: ignored,
    Input: {
      leadsTo: ['unlocked'],
      run: (state, event, { env, common }) => {
        if (!event.sure && common.lastInputBootMs <= state.sinceBootMs) return { to: state, taken: false };
        return backToWork(common.lastInputBootMs, { env, common }, 'warning');
      },
    },
    CoolOver: ignored,
  },
  blurred: {
    Begin: ignored,
    Open: ignored,
    Abort: ignored,
    Close: close,
    IdleReached: ignored,
    Blur: ignored,
    Ask: ignored,
    Input: {
      leadsTo: ['unlocked'],
      run: (state, event, context) =>
        event.sure || context.common.lastInputBootMs > state.sinceBootMs
          ? backToWork(context.common.lastInputBootMs, context, 'blur')
          : { to: state, taken: false },
    },
    CoolOver: ignored,
  },
  asking: {
    Begin: ignored,
    Open: ignored,
    Abort: ignored,
    Close: close,
    IdleReached: ignored,
    Blur: ignored,
    Ask: ignored,
    Input: {
      leadsTo: ['unlocked'],
      run: (state, event, context) => {
        // Typing on answers the question about the own tap; whether the seat is handed over is said on the screen only.
        const isAtWork = state.question.kind === 'stay' && context.common.lastInputBootMs - IDLE_GRAIN_MS > state.sinceBootMs;
        return event.sure || isAtWork ? backToWork(context.common.lastInputBootMs, context, 'ask') : { to: state, taken: false };
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
    Blur: ignored,
    Ask: ignored,
    Input: ignored,
    CoolOver: { leadsTo: ['locked'], run: () => ({ to: { at: 'locked' } }) },
  },
};
