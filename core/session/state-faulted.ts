/**
 * The seat can't hold what it promises. It stays shut and says so; a repair that was tested mends lost layers, the word that all of it
 * is gone mends a former session that ended too slowly, and what was left of one is mended by nothing here.
 */
import { collided } from './arrive.ts';
import { faulted, mended } from './fault.ts';
import { charged, ignored, noted, onlyCool, type StateRows, seen } from './rows.ts';

export const faultedRows: StateRows<'faulted'> = {
  Repaired: { leadsTo: ['none'], run: ({ former }) => mended({ unenforced: null, former }) },
  EnforcementFailed: { leadsTo: [], run: ({ former }, { why }) => faulted({ unenforced: why, former }) },
  SessionClosed: {
    leadsTo: ['none'],
    run: (state, { session, clean }) => {
      const { unenforced, former } = state;
      if (former?.is !== 'ending' || former.session !== session) return { to: state, taken: false };
      return clean ? mended({ unenforced, former: null }) : faulted({ unenforced, former: { session, is: 'left' } });
    },
  },
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
  WitnessPressed: ignored,
  TakenElsewhere: ignored,
  ProcedurePressed: ignored,
  BreakGlassPressed: ignored,
  Activity: ignored,
  Appended: ignored,
  AppendFailed: ignored,
  GuessCharged: charged,
  PolicyLost: ignored,
  RecordLost: ignored,
  PersonsRevoked: ignored,
};
