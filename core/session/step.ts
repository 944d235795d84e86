/**
 * One step of a seat: an event meets the session table, whose signals meet the lock table. Pure: the same seat, event and
 * surroundings always give the same next seat and the same effects in the same order.
 */
import { type LockEvent, type LockMove, lockTable } from './lock.ts';
import type { SessionContext, SessionMove } from './moves.ts';
import { active } from './state-active.ts';
import { authenticating } from './state-authenticating.ts';
import { ending } from './state-ending.ts';
import { faultedRows } from './state-faulted.ts';
import { none } from './state-none.ts';
import { rowOf, type Table } from './table.ts';
import type { Throttle } from './throttle.ts';
import type { Common, Effect, Env, LockState, Seat, SeatEvent, SeatEvents, SessionStates, Stepped } from './types.ts';

export const sessionTable: Table<SessionStates, SeatEvents, SessionContext, SessionMove> = {
  none,
  authenticating,
  active,
  ending,
  faulted: faultedRows,
};

/** A seat as it comes up: locked, nobody there, with the waits that were stored. */
export function initialSeat(throttles: Readonly<Record<string, Throttle>>, bootMs: number): Seat {
  return {
    session: { at: 'none' },
    lock: { at: 'locked' },
    common: {
      serial: 0,
      notice: null,
      throttles,
      graces: {},
      lastInputBootMs: bootMs,
      lastTapBootMs: Number.NEGATIVE_INFINITY,
      tapGuardBootMs: Number.NEGATIVE_INFINITY,
      presence: { watching: false, lying: [] },
    },
  };
}

/** @returns the next seat, and what is to be done, in its order */
export function step(seat: Seat, event: SeatEvent, env: Env): Stepped {
  const row = rowOf(sessionTable, seat.session.at, event.type);
  const move = row.run(seat.session, event, { env, common: seat.common, lock: seat.lock });
  const common: Common = { ...seat.common, ...move.common };
  let lock = seat.lock;
  let taken = move.taken;
  const effects: Effect[] = [];
  for (const signal of move.signals ?? []) {
    const moved = moveLock(lock, signal, env, common);
    lock = moved.to;
    taken ??= moved.taken;
    effects.push(...(moved.effects ?? []));
  }
  return { seat: { session: move.to, lock, common }, effects: [...effects, ...(move.effects ?? [])], taken: taken ?? true };
}

function moveLock(lock: LockState, signal: LockEvent, env: Env, common: Common): LockMove {
  return rowOf(lockTable, lock.at, signal.type).run(lock, signal, { env, common });
}
