/** The seat can't hold what it promises. It stays shut, says so, and only a repair that was tested leads out. */
import { collided } from './arrive.ts';
import { charged, ignored, noted, onlyCool, type StateRows, seen } from './rows.ts';

export const faultedRows: StateRows<'faulted'> = {
  Repaired: { leadsTo: ['none'], run: () => ({ to: { at: 'none' }, common: { notice: null } }) },
  BadgeRead: { leadsTo: [], run: (state, event) => collided(state, event, 'faulted') },
  TimerFired: onlyCool,
  UiLost: noted,
  PowerChanged: noted,
  ClockStepped: noted,
  ReaderState: seen,
  BadgeRemoved: ignored,
  PinEntered: ignored,
  PinChecked: ignored,
  CancelPressed: ignored,
  LockPressed: ignored,
  LogoutPressed: ignored,
  StayPressed: ignored,
  HandOverPressed: ignored,
  TakenElsewhere: ignored,
  ProcedurePressed: ignored,
  BreakGlassPressed: ignored,
  Activity: ignored,
  Appended: ignored,
  AppendFailed: ignored,
  SessionClosed: ignored,
  GuessCharged: charged,
  EnforcementFailed: ignored,
  PolicyLost: ignored,
  RecordLost: ignored,
  PersonsRevoked: ignored,
};
