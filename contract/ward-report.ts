/**
 * What wards live with, as numbers: how often people sit down, are asked for a PIN, and are locked out by the clock, and where sessions are kept
 * open by something that is no person. It names wards and never a person: it is there to mend policies and rooms.
 */
import Type, { type Static } from 'typebox';
import { IndexState } from './console-api.ts';
import { Count, Id, Label, Timestamp } from './scalars.ts';

const closed = { additionalProperties: false } as const;

/** The longest time of one report, in days. */
export const LONGEST_REPORT_DAYS = 31;

export const WardReportQuery = Type.Object({ from: Timestamp, to: Timestamp }, closed);
export type WardReportQuery = Static<typeof WardReportQuery>;

export const WardFigures = Type.Object(
  {
    id: Id,
    name: Label,
    /** Seats with any event of these. */
    seats: Count,
    people: Count,
    /** Sessions that began; emergency accesses are counted apart. */
    sessions: Count,
    /** Returns of the same person to a locked seat. */
    returns: Count,
    /** Sign-ins and returns that took a PIN. */
    pins: Count,
    /** Of a person in a shift, over all seats of the ward: the middle one, and the most. Null where nobody typed one. */
    pinsPerShift: Type.Union([Type.Null(), Type.Object({ median: Count, most: Count }, closed)]),
    /** Warnings that nobody is there, and locks by the clock after them. */
    warnings: Count,
    idleLocks: Count,
    /** Sessions that were kept open by what moves like no person: input without rest, or like clockwork. */
    propped: Count,
    emergencies: Count,
  },
  closed,
);
export type WardFigures = Static<typeof WardFigures>;

export const WardReport = Type.Object(
  {
    from: Timestamp,
    to: Timestamp,
    wards: Type.Array(WardFigures),
    index: IndexState,
  },
  closed,
);
export type WardReport = Static<typeof WardReport>;
