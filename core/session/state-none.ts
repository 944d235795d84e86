/** Nobody is signed in: a badge asks for a PIN, break-glass may begin, everything else finds a closed seat. */
import { arrive, breakGlass } from './arrive.ts';
import { faulted, faultedRecord } from './fault.ts';
import { append, badgeRefusal, refuse } from './moves.ts';
import { charged, ignored, noted, onlyCool, type StateRows, seen } from './rows.ts';

export const none: StateRows<'none'> = {
  BadgeRead: {
    leadsTo: ['authenticating'],
    run: (state, event, context) => {
      if (context.lock.at === 'cooling' && context.lock.badge === event.badge) return { to: state, taken: false };
      const refusal = badgeRefusal(event, context.env);
      if (refusal !== null || event.who === null) {
        return refuse(state, { who: event.who, badge: event.badge, reason: refusal?.reason ?? 'badge.unknown' }, refusal?.says ?? null);
      }
      return arrive({ who: event.who, badge: event.badge, by: event.by ?? 'badge', held: null }, context);
    },
  },
  BreakGlassPressed: {
    leadsTo: ['authenticating'],
    run: (state, event, context) => breakGlass(state, event, { who: null, badge: null, by: 'badge', held: null }, context),
  },
  EnforcementFailed: {
    leadsTo: ['faulted'],
    run: (_state, event) => ({ ...faulted({ unenforced: event.why, former: null }), effects: [append(faultedRecord())] }),
  },
  TimerFired: onlyCool,
  UiLost: noted,
  PowerChanged: noted,
  ClockStepped: noted,
  ReaderState: seen,
  BadgeRemoved: ignored,
  PinEntered: ignored,
  PinChecked: ignored,
  CancelPressed: { leadsTo: [], run: (state) => ({ to: state, common: { notice: null } }) },
  LockPressed: ignored,
  LogoutPressed: ignored,
  StayPressed: ignored,
  HandOverPressed: ignored,
  WitnessPressed: ignored,
  TakenElsewhere: ignored,
  ProcedurePressed: ignored,
  Activity: ignored,
  Appended: ignored,
  AppendFailed: ignored,
  SessionClosed: ignored,
  GuessCharged: charged,
  PolicyLost: ignored,
  RecordLost: ignored,
  PersonsRevoked: ignored,
  Repaired: ignored,
};
