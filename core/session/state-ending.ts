/**
 * A session is being ended: its event is written and its processes are going. Nobody comes in before the last one is
 * gone, because the next person must never meet what is left of the former.
 */
import { collided } from './arrive.ts';
import { append, grantNew } from './moves.ts';
import { coolOver, faulted, faultedRecord, faultRecord, ignored, type SessionRow, type StateRows } from './rows.ts';

const fault: SessionRow<'ending', 'UiLost' | 'PowerChanged' | 'ClockStepped'> = {
  leadsTo: [],
  run: (state, event) => ({ to: { ...state, successor: null }, effects: [append(faultRecord(event))] }),
};

export const ending: StateRows<'ending'> = {
  SessionClosed: {
    leadsTo: ['none', 'authenticating', 'faulted'],
    run: (state, event, context) => {
      if (event.session !== state.session.id) return { to: state, taken: false };
      if (!event.clean) {
        return {
          ...faulted('processes of the former session are left'),
          effects: [append(faultedRecord()), { do: 'clearTimer', timer: 'ending' }],
        };
      }
      if (state.successor === null || !context.env.uiConnected)
        return { to: { at: 'none' }, effects: [{ do: 'clearTimer', timer: 'ending' }] };
      const next = grantNew(state.successor, state.session, context);
      return { ...next, effects: [{ do: 'clearTimer', timer: 'ending' }, ...(next.effects ?? [])] };
    },
  },
  TimerFired: {
    leadsTo: ['faulted'],
    run: (state, event) => {
      if (event.timer === 'cool') return coolOver(state);
      if (event.timer !== 'ending') return { to: state, taken: false };
      return { ...faulted('the former session did not end in time'), effects: [append(faultedRecord())] };
    },
  },
  EnforcementFailed: {
    leadsTo: ['faulted'],
    run: (_state, event) => ({ ...faulted(event.why), effects: [append(faultedRecord()), { do: 'clearTimer', timer: 'ending' }] }),
  },
  BadgeRead: { leadsTo: [], run: (state, event) => collided(state, event, 'busy') },
  PersonsRevoked: {
    leadsTo: [],
    run: (state, event) => {
      const gone = state.successor?.who != null && event.ids.includes(state.successor.who.id);
      return gone ? { to: { ...state, successor: null } } : { to: state, taken: false };
    },
  },
  PolicyLost: { leadsTo: [], run: (state) => ({ to: { ...state, successor: null } }) },
  UiLost: fault,
  PowerChanged: fault,
  ClockStepped: fault,
  PinEntered: ignored,
  PinChecked: ignored,
  CancelPressed: ignored,
  LockPressed: ignored,
  LogoutPressed: ignored,
  StayPressed: ignored,
  BreakGlassPressed: ignored,
  Activity: ignored,
  Appended: ignored,
  AppendFailed: ignored,
  Repaired: ignored,
};
