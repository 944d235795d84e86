/**
 * Rows that several states of the session table share, and the type of a row. A row that ignores an event says so here,
 * in the open, instead of by leaving a hole.
 */

import { append, type SessionContext, type SessionMove } from './moves.ts';
import type { SessionRecord } from './records.ts';
import type { Row } from './table.ts';
import type { SeatEvent, SeatEvents, SeatEventType, SessionAt, SessionState, SessionStates } from './types.ts';

export type SessionRow<S extends SessionAt, E extends SeatEventType> = Row<
  SessionStates[S],
  SeatEvents[E],
  SessionContext,
  SessionMove,
  SessionAt
>;
export type StateRows<S extends SessionAt> = { readonly [E in SeatEventType]: SessionRow<S, E> };

/** Nothing happens, and an intent counts as not taken. */
export const ignored: Row<SessionState, SeatEvent, SessionContext, SessionMove, SessionAt> = {
  leadsTo: [],
  run: (state) => ({ to: state, taken: false }),
};

/** What the readers see is kept for whoever asks whether somebody is there; by itself it decides nothing. */
export const seen: Row<SessionState, SeatEvents['ReaderState'], SessionContext, SessionMove, SessionAt> = {
  leadsTo: [],
  run: (state, event) => ({ to: state, common: { presence: event.presence } }),
};

/** What a fault writes, before anything else of it happens. */
export function faultRecord(event: SeatEvents['UiLost' | 'PowerChanged' | 'ClockStepped']): SessionRecord {
  switch (event.type) {
    case 'UiLost':
      return { type: 'ui.lost', body: { reason: event.reason } };
    case 'PowerChanged':
      return { type: 'power.changed', body: { what: event.what } };
    case 'ClockStepped':
      return { type: 'clock.stepped', body: { seconds: event.seconds } };
  }
}

/** Why the seat locked, as `session.locked` names it. */
export function faultReason(event: SeatEvents['UiLost' | 'PowerChanged' | 'ClockStepped' | 'PolicyLost']): string {
  switch (event.type) {
    case 'UiLost':
      return 'ui-lost';
    case 'PowerChanged':
      return `power-${event.what.toLowerCase()}`;
    case 'ClockStepped':
      return 'clock';
    case 'PolicyLost':
      return 'policy';
  }
}

/** A fault while nothing is open: written down, nothing to lock. */
export const noted: Row<SessionState, SeatEvents['UiLost' | 'PowerChanged' | 'ClockStepped'], SessionContext, SessionMove, SessionAt> = {
  leadsTo: [],
  run: (state, event) => ({ to: state, effects: [append(faultRecord(event))] }),
};

/** A PIN was tried where nobody signs in: only the waits know of it. */
export const charged: Row<SessionState, SeatEvents['GuessCharged'], SessionContext, SessionMove, SessionAt> = {
  leadsTo: [],
  run: (state, { person, throttle }, { common }) => {
    const { [person]: _former, ...others } = common.throttles;
    return { to: state, common: { throttles: throttle === null ? others : { ...others, [person]: throttle } } };
  },
};

/** The one timer that belongs to the lock and may fire in any state. */
export function coolOver(state: SessionState): SessionMove {
  return { to: state, signals: [{ type: 'CoolOver' }], taken: false };
}

export const onlyCool: Row<SessionState, SeatEvents['TimerFired'], SessionContext, SessionMove, SessionAt> = {
  leadsTo: [],
  run: (state, event) => (event.timer === 'cool' ? coolOver(state) : { to: state, taken: false }),
};
