/**
 * The boundary between the server and people: the console's pages, the auditor's exports and IT's command line, over
 * HTTPS. Reads need a signed-in account; a policy needs none, because its signature is what counts.
 */
import Type, { type Static } from 'typebox';
import { EnforcementState } from './enforcement.ts';
import { Count, Id, Label, SessionId, Timestamp, WorkstationId } from './scalars.ts';

const closed = { additionalProperties: false } as const;

export const consolePaths = {
  signIn: '/api/sign-in',
  signOut: '/api/sign-out',
  me: '/api/me',
  seats: '/api/seats',
  sessions: '/api/sessions',
  story: '/api/sessions/:workstation/:session',
  events: '/api/events',
  wardReport: '/api/reports/wards',
  exportLog: '/api/export',
  policy: '/api/policy',
  alarms: '/api/alarms',
  acknowledge: '/api/alarms/:alarm/acknowledge',
  emergencies: '/api/emergencies',
  closeEmergency: '/api/emergencies/:workstation/:session/close',
  health: '/healthz',
  ready: '/readyz',
  metrics: '/metrics',
  openapi: '/openapi.json',
  /** The log of logs: a list here, C2SP tlog-tiles below `/log/ID`. */
  logs: '/log',
} as const;

/** Every call that changes something carries this header with the value that `me` gave. */
export const CSRF_HEADER = 'x-wardlock-csrf';

export const SignIn = Type.Object({ name: Id, password: Type.String({ minLength: 1, maxLength: 200 }) }, closed);
export const Me = Type.Object({ name: Id, role: Type.Literal('auditor'), csrf: Type.String({ maxLength: 100 }), tenant: Id }, closed);

const VersionReport = Type.Union([
  Type.Null(),
  Type.Object(
    {
      version: Count,
      outcome: Type.Union([Type.Literal('applied'), Type.Literal('refused')]),
      code: Type.Union([Type.Null(), Type.String({ maxLength: 60 })]),
      at: Timestamp,
    },
    closed,
  ),
]);

export const SeatRow = Type.Object(
  {
    workstationId: WorkstationId,
    name: Label,
    ward: Label,
    enrolledAt: Timestamp,
    revoked: Type.Boolean(),
    lastSeenAt: Type.Union([Type.Null(), Timestamp]),
    policy: VersionReport,
    directory: VersionReport,
    /** What the seat said last of its own enforcement, and when by the server's clock; null before it said anything. */
    enforcement: Type.Union([Type.Null(), Type.Object({ ...EnforcementState.properties, at: Timestamp }, closed)]),
    /** Entries that the server holds and has verified, and entries that an anchor has pinned. */
    stored: Count,
    pinned: Count,
  },
  closed,
);
export const SeatList = Type.Object({ seats: Type.Array(SeatRow) }, closed);

const QueryTime = Type.Optional(Timestamp);
export const SessionQuery = Type.Object(
  {
    person: Type.Optional(Id),
    seat: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
    from: QueryTime,
    to: QueryTime,
    /** `next` of the page before. */
    after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}\\.[0-9a-f]{32}$' })),
  },
  closed,
);

/** FHIR AuditEvent.outcome in words: success, minor failure (4), serious failure (8), major failure (12). */
export const OutcomeName = Type.Union([Type.Literal('success'), Type.Literal('minor'), Type.Literal('serious'), Type.Literal('major')]);

/** Events by person, seat, application, outcome or time; several together must all fit. Newest first. */
export const EventQuery = Type.Object(
  {
    person: Type.Optional(Id),
    /** Name or workstation id. */
    seat: Type.Optional(Type.String({ minLength: 1, maxLength: 120 })),
    app: Type.Optional(Id),
    outcome: Type.Optional(OutcomeName),
    from: QueryTime,
    to: QueryTime,
    /** `next` of the page before. */
    after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}\\.[0-9]{1,16}$' })),
    /** Events of a page, 1 to 200. */
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|1[0-9]{2}|200)$' })),
  },
  closed,
);

/** How much of what is stored the index holds: an answer from less than all of it says so. */
export const IndexState = Type.Object(
  {
    /** `building`: it was dropped and is being built again. `behind`: newest entries, or a log that cannot be read, are not in it. */
    state: Type.Union([Type.Literal('whole'), Type.Literal('behind'), Type.Literal('building')]),
    stored: Count,
    indexed: Count,
    /** Entries that no key of the reader opened: their events cannot be found. */
    unreadable: Count,
  },
  closed,
);

export const SessionRow = Type.Object(
  {
    workstationId: WorkstationId,
    seat: Label,
    session: SessionId,
    kind: Type.Union([Type.Literal('person'), Type.Literal('breakglass')]),
    person: Type.Union([Type.Null(), Id]),
    personName: Type.Union([Type.Null(), Label]),
    role: Type.Union([Type.Null(), Id]),
    startedAt: Timestamp,
    endedAt: Type.Union([Type.Null(), Timestamp]),
    endReason: Type.Union([Type.Null(), Type.String({ maxLength: 60 })]),
    policyVersion: Count,
  },
  closed,
);
const Next = Type.Union([Type.Null(), Type.String({ maxLength: 60 })]);
export const SessionList = Type.Object(
  { sessions: Type.Array(SessionRow), more: Type.Boolean(), /** Cursor of the next page. */ next: Next, index: IndexState },
  closed,
);

/** `verified`: stored, its epoch's signature checked, decrypted. `pending`: stored by the seat, pinned or expected, not yet here. `missing`: gone. */
export const ProofState = Type.Union([Type.Literal('verified'), Type.Literal('pending'), Type.Literal('missing')]);
export const Lane = Type.Union([
  Type.Literal('who'),
  Type.Literal('locks'),
  Type.Literal('apps'),
  Type.Literal('policy'),
  Type.Literal('record'),
]);

export const EventRow = Type.Object(
  {
    at: Timestamp,
    workstationId: WorkstationId,
    seat: Label,
    incarnation: Type.String({ maxLength: 32 }),
    seq: Count,
    type: Type.String({ maxLength: 60 }),
    session: Type.Union([Type.Null(), SessionId]),
    person: Type.Union([Type.Null(), Id]),
    personName: Type.Union([Type.Null(), Label]),
    app: Type.Union([Type.Null(), Id]),
    outcome: Type.Union([Type.Null(), OutcomeName]),
    /** One plain sentence. */
    says: Type.String({ maxLength: 400 }),
  },
  closed,
);
export const EventList = Type.Object(
  {
    events: Type.Array(EventRow),
    /** Cursor of the next page; null when nothing older fits. */
    next: Next,
    index: IndexState,
  },
  closed,
);

export const StoryEvent = Type.Object(
  {
    seq: Count,
    at: Timestamp,
    lane: Lane,
    type: Type.String({ maxLength: 60 }),
    /** One plain sentence. */
    says: Type.String({ maxLength: 400 }),
    proof: ProofState,
    body: Type.String({ maxLength: 20_000 }),
  },
  closed,
);

export const StoryGap = Type.Object(
  {
    from: Count,
    to: Count,
    /** `pruned`: retention destroyed it; the server's statement and the leaf hashes are in an export. */
    state: Type.Union([Type.Literal('pending'), Type.Literal('missing'), Type.Literal('pruned')]),
    after: Timestamp,
    before: Type.Union([Type.Null(), Timestamp]),
    says: Type.String({ maxLength: 400 }),
  },
  closed,
);

export const Story = Type.Object(
  {
    session: SessionRow,
    incarnation: Type.String({ maxLength: 32 }),
    events: Type.Array(StoryEvent),
    gaps: Type.Array(StoryGap),
    /** In words: which policy version ruled, and until when the record is receipted. */
    policySays: Type.String({ maxLength: 400 }),
    receipt: Type.Object({ size: Count, at: Type.Union([Type.Null(), Timestamp]) }, closed),
    index: IndexState,
  },
  closed,
);

export const ExportQuery = Type.Object({ seat: Type.String({ minLength: 1, maxLength: 120 }), from: Timestamp, to: Timestamp }, closed);

/** What stands, by kind with counts, and of each kind the newest: first one of each seat, so that none can hide another's. */
export const AlarmList = Type.Object(
  {
    kinds: Type.Array(Type.Object({ kind: Type.String({ maxLength: 60 }), open: Count, seats: Count }, closed)),
    alarms: Type.Array(
      Type.Object(
        {
          id: Id,
          workstationId: Type.Union([Type.Null(), WorkstationId]),
          seat: Type.Union([Type.Null(), Label]),
          kind: Type.String({ maxLength: 60 }),
          detail: Type.String({ maxLength: 1000 }),
          firstAt: Timestamp,
          lastAt: Timestamp,
          /** How often it happened; more than once in one row where the words were the same, or a seat had too many to tell apart. */
          times: Count,
        },
        closed,
      ),
    ),
  },
  closed,
);

/** Somebody has looked at it: how often it had happened then, so that what came meanwhile is not waved through. */
export const AcknowledgeAlarm = Type.Object({ times: Count }, closed);

export type Me = Static<typeof Me>;
export type SeatRow = Static<typeof SeatRow>;
export type SessionQuery = Static<typeof SessionQuery>;
export type SessionRow = Static<typeof SessionRow>;
export type SessionList = Static<typeof SessionList>;
export type Story = Static<typeof Story>;
export type OutcomeName = Static<typeof OutcomeName>;
export type EventQuery = Static<typeof EventQuery>;
export type EventRow = Static<typeof EventRow>;
export type EventList = Static<typeof EventList>;
export type IndexState = Static<typeof IndexState>;
export type StoryEvent = Static<typeof StoryEvent>;
export type StoryGap = Static<typeof StoryGap>;
export type Lane = Static<typeof Lane>;
export type AlarmList = Static<typeof AlarmList>;
