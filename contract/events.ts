/**
 * The taxonomy of audit events: one literal, a schema per type. What a schema does not name can't enter the record, and
 * no schema has a place for patient data: no window titles, document names, typed text or clipboard.
 */
import Type, { type Static } from 'typebox';
import type { ErrorCode } from '../core/errors/index.ts';
import { Count, Id, Label, SessionId, Sha256Hex, Timestamp } from './scalars.ts';

const closed = { additionalProperties: false } as const;
/** Which screens: what they say of themselves is recorded only in this form, so that no free text comes in by it. */
export const UiBuild = Type.String({ pattern: '^(wardlock-ui/[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}|unknown)$' });
const Reason = Type.String({ pattern: '^[a-z][a-z0-9.-]{0,39}$' });
const Code = Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,59}$' });
/** A refusal, under a code of the closed union; by form only for a reader, whose record may be of a newer release. */
const Refused = Type.Unsafe<ErrorCode>(Code);
const Person = Type.Union([Type.Null(), Id]);
const Session = Type.Union([Type.Null(), SessionId]);

/**
 * A file in folders that only root writes. By its form it can be neither below a home nor on a medium, and has no blank: no name that a
 * person gives a document gets in here.
 */
export const MachinePath = Type.String({ pattern: '^/(?:usr|opt|bin|sbin|lib|lib64)/[A-Za-z0-9._+@:~/-]{1,200}$' });

/** What the operating system denied an application, and how often since it was last told. `path` only where `place` is `machine`. */
const Denied = Type.Object(
  {
    access: Type.Union([Type.Literal('execute'), Type.Literal('read')]),
    count: Count,
    place: Type.Union([Type.Literal('machine'), Type.Literal('session'), Type.Literal('other'), Type.Literal('many')]),
    path: Type.Union([Type.Null(), MachinePath]),
  },
  closed,
);
export type Denied = Static<typeof Denied>;

/** How often this person was asked for the PIN at this seat in the present shift, this time included. */
const PinPrompts = Type.Optional(Count);

/** 1 is never lost (of refusals that the syncer can repeat a count may stand for the rest), 2 may be summarised with a count in a flood, such as launches, 3 is noise that is summarised first. */
export type EventClass = 1 | 2 | 3;

export const events = {
  'recording.started': { class: 1, body: Type.Object({ build: Type.String({ maxLength: 60 }), mode: Reason, reason: Reason }, closed) },
  'recording.stopped': { class: 1, body: Type.Object({ reason: Reason }, closed) },
  'recording.summarised': { class: 3, body: Type.Object({ type: Type.String({ maxLength: 60 }), count: Count }, closed) },
  /** Events stand in the emergency log, under this incarnation, because the store was full or broken. */
  'recording.emergency': {
    class: 1,
    body: Type.Object({ incarnation: Type.String({ pattern: '^[0-9a-f]{16}$' }), entries: Count }, closed),
  },
  /** Someone took note of an alarm about the record itself. */
  'recording.acknowledged': { class: 1, body: Type.Object({ person: Person, findings: Count }, closed) },
  /** A copy of the record of so many entries was asked for at the machine, by root or the agent's own user: nobody has signed in for it. */
  'recording.read': { class: 1, body: Type.Object({ entries: Count }, closed) },
  'session.started': {
    class: 1,
    body: Type.Object(
      {
        session: SessionId,
        person: Id,
        role: Id,
        factors: Type.Array(Reason, { maxItems: 4 }),
        policyVersion: Count,
        replaces: Session,
        pinPrompts: PinPrompts,
        /** The second person, where the policy wants two. */
        confirmedBy: Type.Optional(Id),
      },
      closed,
    ),
  },
  'session.ended': { class: 1, body: Type.Object({ session: SessionId, person: Person, reason: Reason }, closed) },
  'session.locked': { class: 1, body: Type.Object({ session: Session, reason: Reason }, closed) },
  'session.unlocked': {
    class: 1,
    body: Type.Object({ session: SessionId, person: Id, factors: Type.Array(Reason, { maxItems: 4 }), pinPrompts: PinPrompts }, closed),
  },
  /** One person at two seats at once, because one of them was offline. `later`: their login here was the later one, and went on. */
  'session.overlapped': { class: 1, body: Type.Object({ session: SessionId, person: Id, seat: Label, later: Type.Boolean() }, closed) },
  'session.warned': { class: 2, body: Type.Object({ session: SessionId, idleSeconds: Count }, closed) },
  /** A downtime card opened this seat, which it does once. `card` is its keyed hash. */
  'card.used': { class: 1, body: Type.Object({ person: Id, card: Sha256Hex }, closed) },
  /** `where`: the seat itself, or refused by the server, so that the PIN of before is in force again. */
  'pin.changed': { class: 1, body: Type.Object({ person: Id, where: Reason }, closed) },
  /** A badge that was unknown is being made this person's, or the server refused that under a code. */
  'badge.enrolled': {
    class: 1,
    body: Type.Object({ person: Id, badge: Sha256Hex, outcome: Reason, code: Type.Union([Type.Null(), Code]) }, closed),
  },
  'auth.refused': {
    class: 1,
    body: Type.Object({ person: Person, reason: Reason, triesLeft: Count, badge: Type.Union([Type.Null(), Sha256Hex]) }, closed),
  },
  'breakglass.started': {
    class: 1,
    body: Type.Object(
      { session: SessionId, person: Person, reason: Id, note: Type.String({ maxLength: 200 }), limitSeconds: Count, policyVersion: Count },
      closed,
    ),
  },
  /** Whether the sources of idle time are believed, when that changed; with `low` the strictest one counts. */
  'idle.judged': {
    class: 1,
    body: Type.Object({ session: Session, confidence: Reason, reason: Reason, osIdleSeconds: Count, ownIdleSeconds: Count }, closed),
  },
  /** For so long idle time does not close the seat: somebody said that a procedure is in progress. */
  'procedure.started': { class: 1, body: Type.Object({ session: SessionId, person: Person, limitSeconds: Count }, closed) },
  'procedure.ended': { class: 1, body: Type.Object({ session: SessionId, person: Person, reason: Reason }, closed) },
  'breakglass.ended': { class: 1, body: Type.Object({ session: SessionId, person: Person, reason: Reason }, closed) },
  /** Somebody else held their badge up over an open emergency access, and "Witness" was pressed there. */
  'breakglass.witnessed': { class: 1, body: Type.Object({ session: SessionId, person: Id }, closed) },
  /** Somebody signed in with their own name after an emergency access without one: the alarm at the seat ended. `session`: of that access. */
  'breakglass.answered': { class: 1, body: Type.Object({ session: SessionId, person: Id }, closed) },
  'app.launched': {
    class: 2,
    body: Type.Object(
      {
        session: SessionId,
        app: Id,
        sha256: Type.Union([Type.Null(), Sha256Hex]),
        rule: Type.String({ maxLength: 120 }),
        policyVersion: Count,
        mode: Reason,
        /** The policy only watches: why it would have denied the start in lockdown. */
        wouldDeny: Type.Optional(Reason),
      },
      closed,
    ),
  },
  /** `denied`: it ran, and tried something that its rules do not allow. */
  'app.refused': {
    class: 2,
    body: Type.Object({ session: Session, app: Id, reason: Reason, code: Refused, denied: Type.Optional(Denied) }, closed),
  },
  'app.exited': {
    class: 2,
    body: Type.Object(
      {
        session: SessionId,
        app: Id,
        exitCode: Type.Union([Type.Null(), Type.Integer()]),
        signal: Type.Union([Type.Null(), Type.String({ maxLength: 20 })]),
        seconds: Count,
      },
      closed,
    ),
  },
  /** The policy has it stand still while the seat is locked; it does, or it runs again. */
  'app.frozen': { class: 2, body: Type.Object({ session: SessionId, app: Id, frozen: Type.Boolean() }, closed) },
  /** A page of it is about to be printed, or was handed to the printer, or could not be. What stands on the sheets has no place here. */
  'print.started': { class: 2, body: Type.Object({ session: SessionId, app: Id }, closed) },
  'print.ended': { class: 2, body: Type.Object({ session: SessionId, app: Id, outcome: Reason }, closed) },
  'print.refused': { class: 3, body: Type.Object({ session: Session, app: Id, reason: Reason }, closed) },
  'web.refused': { class: 3, body: Type.Object({ session: Session, app: Id, origin: Type.String({ maxLength: 300 }) }, closed) },
  /** Pages of it could not be shown, so often, and what failed: never their address. */
  'web.failed': { class: 3, body: Type.Object({ session: Session, app: Id, reason: Reason, count: Count }, closed) },
  /** A file of a web application was put into the session's home. Its name, address and content have no place here. */
  'download.saved': { class: 2, body: Type.Object({ session: SessionId, app: Id, bytes: Count }, closed) },
  /** So many were not. */
  'download.refused': { class: 3, body: Type.Object({ session: Session, app: Id, reason: Reason, count: Count }, closed) },
  'policy.applied': { class: 1, body: Type.Object({ version: Count, sha256: Sha256Hex, replaces: Count }, closed) },
  'policy.refused': { class: 1, body: Type.Object({ code: Refused, offered: Type.Union([Type.Null(), Count]), kept: Count }, closed) },
  /** `roles`: of how many people that this seat knew the role is another one now. Absent where none is. */
  'directory.applied': { class: 1, body: Type.Object({ version: Count, persons: Count, roles: Type.Optional(Count) }, closed) },
  'directory.refused': { class: 1, body: Type.Object({ code: Refused, kept: Count }, closed) },
  /** Somebody typed a token and the seat was not enrolled under it. */
  'enrolment.refused': { class: 1, body: Type.Object({ code: Refused }, closed) },
  'enrolment.completed': { class: 1, body: Type.Object({ tenant: Id }, closed) },
  /** The seat believes a later certificate of its site's authority. */
  'authority.renewed': { class: 1, body: Type.Object({ until: Timestamp, sha256: Sha256Hex }, closed) },
  'border.refused': {
    class: 3,
    body: Type.Object(
      { border: Reason, code: Refused, uid: Type.Union([Type.Null(), Type.Integer()]), pid: Type.Union([Type.Null(), Type.Integer()]) },
      closed,
    ),
  },
  'ui.lost': { class: 1, body: Type.Object({ reason: Reason }, closed) },
  'ui.connected': { class: 2, body: Type.Object({ build: UiBuild }, closed) },
  'sync.incident': { class: 1, body: Type.Object({ code: Code }, closed) },
  'tamper.found': { class: 1, body: Type.Object({ fault: Code, detail: Type.String({ maxLength: 300 }) }, closed) },
  'clock.stepped': { class: 1, body: Type.Object({ seconds: Type.Integer() }, closed) },
  /** How the badge readers are, once it has stayed so; `reader` is the device's own name. */
  'reader.state': { class: 2, body: Type.Object({ reader: Type.String({ maxLength: 120 }), state: Reason }, closed) },
  'power.changed': { class: 2, body: Type.Object({ what: Reason }, closed) },
} as const satisfies Record<string, { readonly class: EventClass; readonly body: ReturnType<typeof Type.Object> }>;

export type EventType = keyof typeof events;
export type EventBodyOf<T extends EventType> = Static<(typeof events)[T]['body']>;
/** What an appender hands to the store: a type of the taxonomy and its body. Time and position are the store's own. */
export type AuditEvent = { readonly [T in EventType]: { readonly type: T; readonly body: EventBodyOf<T> } }[EventType];
