/**
 * "Procedure in progress": for a bounded time the open seat does not ask who is still there. It begins once that is in the
 * record, and ends when its time is over, when somebody says so, and with everything that closes the seat.
 */
import type { SessionContext, SessionMove } from './moves.ts';
import { isOpen } from './open.ts';
import type { Effect, OpenSession, SeatEvents, SessionStates } from './types.ts';
import { unrecorded } from './unrecorded.ts';

type State = SessionStates['active'];

/** Until when idle time does not count for this session; null while no procedure is in progress. */
export function procedureUntil({ procedure }: OpenSession): number | null {
  return procedure?.untilBootMs ?? null;
}

/** The session without its procedure, and what that writes and clears; the same session where there is none. */
export function procedureOver(
  session: OpenSession,
  reason: string,
): { readonly session: OpenSession; readonly effects: readonly Effect[] } {
  if (session.procedure === null) return { session, effects: [] };
  const body = { session: session.id, person: session.who?.id ?? null, reason };
  return {
    session: { ...session, procedure: null },
    effects: [
      { do: 'append', record: { type: 'procedure.ended', body }, ticket: null },
      { do: 'clearTimer', timer: 'procedure' },
    ],
  };
}

/** The button: says that a procedure begins, or that it is over. Pressing it is input like any other. */
export function procedurePressed(state: State, { on }: SeatEvents['ProcedurePressed'], context: SessionContext): SessionMove {
  const { env, common, lock } = context;
  const { session } = state;
  const limitMs = env.rules?.procedureMs ?? 0;
  if (!isOpen(lock) || on === (session.procedure !== null) || (on && limitMs === 0)) return { to: state, taken: false };
  const touched = { taken: true, signals: [{ type: 'Input', sure: true }], common: { lastInputBootMs: env.bootMs } } as const;
  if (!on) {
    const over = procedureOver(session, 'pressed');
    return {
      ...touched,
      to: { at: 'active', session: over.session },
      effects: [...over.effects, ...countAgain(over.session, env.bootMs, context)],
    };
  }
  const ticket = common.serial + 1;
  const body = { session: session.id, person: session.who?.id ?? null, limitSeconds: Math.round(limitMs / 1000) };
  return {
    ...touched,
    to: { at: 'active', session: { ...session, procedure: { ticket, limitMs, untilBootMs: null } } },
    effects: [{ do: 'append', record: { type: 'procedure.started', body }, ticket }],
    common: { ...touched.common, serial: ticket },
  };
}

/** Its event is durable: from now on idle time does not count. What could not be recorded is not granted. */
export function procedureAppended(state: State, event: SeatEvents['Appended'], { env }: SessionContext): SessionMove {
  const { session } = state;
  const { procedure } = session;
  if (procedure === null || procedure.ticket !== event.ticket || procedure.untilBootMs !== null) return { to: state, taken: false };
  if (!event.recorded) return notGranted(state, 'AUDIT_APPEND_FAILED');
  const untilBootMs = env.bootMs + procedure.limitMs;
  return {
    to: { at: 'active', session: { ...session, procedure: { ...procedure, untilBootMs } } },
    // A slow disk may have let the warning begin meanwhile.
    signals: [{ type: 'Input', sure: true }],
    effects: [{ do: 'setTimer', timer: 'procedure', atBootMs: untilBootMs }],
  };
}

/** What could not be recorded does not begin. */
export function procedureNotAppended(state: State, event: SeatEvents['AppendFailed']): SessionMove {
  return state.session.procedure?.ticket === event.ticket ? notGranted(state, event.code) : { to: state, taken: false };
}

function notGranted({ session }: State, code: string): SessionMove {
  return { to: { at: 'active', session: { ...session, procedure: null } }, common: { notice: unrecorded(code) } };
}

/** Its time is over: idle time counts again, from the last input on, and the warning still comes before the lock. */
export function procedureTimeOver(state: State, context: SessionContext): SessionMove {
  const over = procedureOver(state.session, 'time-over');
  const counted = countAgain(over.session, context.common.lastInputBootMs, context);
  return { to: { at: 'active', session: over.session }, effects: [...over.effects, ...counted] };
}

/** A session whose person has gone elsewhere meanwhile closes with its procedure: nothing is left whose idle time could count. */
function countAgain(session: OpenSession, lastInputBootMs: number, { env, lock }: SessionContext): readonly Effect[] {
  if (lock.at !== 'unlocked' || session.elsewhere !== null) return [];
  return [{ do: 'setTimer', timer: 'idle', atBootMs: Math.max(env.bootMs, lastInputBootMs + (env.rules?.warnAfterMs ?? 0)) }];
}
