/**
 * The boundary between the server and whoever closes out emergency accesses: each must be looked at by a person, who says what they
 * found. It owns the list of findings and the bounds of what is written with one.
 */
import Type, { type Static } from 'typebox';
import { IndexState, SessionRow } from './console-api.ts';
import { Count, Id, Timestamp } from './scalars.ts';

const closed = { additionalProperties: false } as const;

/** Longest note of a close-out, in characters. No names of patients. */
const MOST_NOTE = 400;

export const FINDINGS = ['justified', 'not-justified', 'cannot-tell'] as const;
const [justified, notJustified, cannotTell] = FINDINGS;
export const Finding = Type.Union([Type.Literal(justified), Type.Literal(notJustified), Type.Literal(cannotTell)]);

export const EmergencyQuery = Type.Object(
  {
    /** `open`: those that wait, the oldest first (default). `closed`: the newest first. */
    state: Type.Optional(Type.Union([Type.Literal('open'), Type.Literal('closed')])),
    /** `next` of the page before. */
    after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}\\.[0-9a-f]{32}$' })),
  },
  closed,
);

const CloseOut = Type.Object(
  { finding: Finding, note: Type.String({ maxLength: MOST_NOTE }), by: Type.String({ maxLength: 120 }), at: Timestamp },
  closed,
);

const Witness = Type.Object({ person: Id, personName: SessionRow.properties.personName, at: Timestamp }, closed);

export const EmergencyRow = Type.Object(
  {
    ...SessionRow.properties,
    /** What was chosen and written at the seat; null where the index does not hold the event that says it. */
    reason: Type.Union([Type.Null(), Id]),
    note: Type.Union([Type.Null(), Type.String({ maxLength: 200 })]),
    /** Who held their badge up over it and pressed "Witness", each once, as far as the index holds that. */
    witnesses: Type.Array(Witness),
    /** It waits for longer than it may, and an alarm says so. */
    overdue: Type.Boolean(),
    closeOut: Type.Union([Type.Null(), CloseOut]),
  },
  closed,
);

export const EmergencyList = Type.Object(
  {
    /** How many wait in all. */
    open: Count,
    emergencies: Type.Array(EmergencyRow),
    /** Cursor of the next page; null at the end. */
    next: Type.Union([Type.Null(), Type.String({ maxLength: 60 })]),
    /** What is not in the index yet is not in the list either. */
    index: IndexState,
  },
  closed,
);

export const CloseEmergency = Type.Object({ finding: Finding, note: Type.String({ maxLength: MOST_NOTE }) }, closed);

export type Finding = Static<typeof Finding>;
export type EmergencyQuery = Static<typeof EmergencyQuery>;
export type EmergencyRow = Static<typeof EmergencyRow>;
export type EmergencyList = Static<typeof EmergencyList>;
