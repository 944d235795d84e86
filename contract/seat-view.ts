/**
 * The picture of the seat that the agent pushes to its screens: a projection, complete at each push, never a secret.
 * Screens draw this and nothing else; they may predict a lock and never an unlock.
 */
import Type, { type Static } from 'typebox';
import { Looks } from './looks.ts';
import { Count, Id, Label, Milliseconds, SessionId, Timestamp } from './scalars.ts';

/** Which layer is missing and what that means, in plain words; empty when everything is enforced. */
const MissingLayer = Type.Object({ layer: Id, meaning: Type.String({ maxLength: 300 }) });

export const PersonView = Type.Object({
  id: Id,
  displayName: Label,
  givenName: Label,
  initials: Type.String({ minLength: 1, maxLength: 4 }),
  roleName: Label,
});

/** Keys of the sentences that the agent asks the screen to say; the words are in the renderer's catalogues. */
export const MessageKey = Type.Union([
  Type.Literal('badge.unknown'),
  Type.Literal('badge.unreadable'),
  Type.Literal('reader.notAllowed'),
  Type.Literal('reader.tooLong'),
  Type.Literal('badge.revoked'),
  Type.Literal('badge.notYet'),
  Type.Literal('name.unknown'),
  Type.Literal('name.notAllowed'),
  Type.Literal('code.unknown'),
  Type.Literal('second.notAllowed'),
  Type.Literal('code.expired'),
  Type.Literal('code.used'),
  Type.Literal('code.doubt'),
  Type.Literal('code.wait'),
  Type.Literal('pin.wrong'),
  Type.Literal('pin.wait'),
  Type.Literal('pin.blocked'),
  Type.Literal('pin.none'),
  Type.Literal('pin.short'),
  Type.Literal('session.taken'),
  Type.Literal('session.ended'),
  Type.Literal('session.idle'),
  Type.Literal('session.maxAge'),
  Type.Literal('app.refused'),
  Type.Literal('app.changed'),
  Type.Literal('app.failed'),
  Type.Literal('download.saved'),
  Type.Literal('download.notAllowed'),
  Type.Literal('download.address'),
  Type.Literal('download.tooLarge'),
  Type.Literal('download.atOnce'),
  Type.Literal('download.full'),
  Type.Literal('download.stopped'),
  Type.Literal('download.failed'),
  Type.Literal('download.noPlace'),
  Type.Literal('download.noApplication'),
  Type.Literal('store.full'),
  Type.Literal('store.broken'),
  Type.Literal('print.sent'),
  Type.Literal('print.noPrinter'),
  Type.Literal('print.refused'),
  Type.Literal('print.failed'),
  Type.Literal('print.tooLong'),
  Type.Literal('print.notAllowed'),
  Type.Literal('print.tooMany'),
  Type.Literal('print.frame'),
  Type.Literal('print.locked'),
  Type.Literal('print.unknown'),
  Type.Literal('policy.none'),
  Type.Literal('policy.expired'),
  Type.Literal('staff.tooOld'),
  Type.Literal('staff.refused'),
  Type.Literal('clock.wrong'),
  Type.Literal('breakglass.unavailable'),
  Type.Literal('seat.faulted'),
  Type.Literal('seat.unenforced'),
  Type.Literal('seat.leftovers'),
  Type.Literal('seat.notEnded'),
]);

export const Message = Type.Object({
  key: MessageKey,
  /** Numbers and labels that the sentence needs, such as `tries` or `seconds`. */
  params: Type.Record(Type.String({ pattern: '^[a-z][A-Za-z]{0,30}$' }), Type.Union([Type.Number(), Type.String({ maxLength: 120 })])),
  /** For the helpdesk, shown small. */
  code: Type.Optional(Type.String({ maxLength: 60 })),
});

/** Why an application that is shown can't be started now; the words are in the renderer's catalogues. */
const Blocked = Type.Union([
  /** At another time: from when by the seat's own clock, and in how many days, where that is known. */
  Type.Object({
    kind: Type.Literal('hours'),
    next: Type.Union([
      Type.Null(),
      Type.Object({ from: Type.String({ pattern: '^[0-2][0-9]:[0-5][0-9]$' }), inDays: Type.Integer({ minimum: 0, maximum: 7 }) }),
    ]),
  }),
  /** Not in this ward or at this seat. */
  Type.Object({ kind: Type.Literal('place') }),
  /** Taken from everyone. */
  Type.Object({ kind: Type.Literal('withdrawn') }),
  /** A layer of enforcement is missing; `truth.enforcement` names it. */
  Type.Object({ kind: Type.Literal('unenforced') }),
]);

export const AppView = Type.Object({
  id: Id,
  name: Label,
  kind: Type.Union([Type.Literal('native'), Type.Literal('web')]),
  icon: Type.String({ maxLength: 40 }),
  state: Type.Union([Type.Literal('ready'), Type.Literal('starting'), Type.Literal('running'), Type.Literal('blocked')]),
  /** With `blocked` only. */
  blocked: Type.Optional(Blocked),
  /** Web apps only: where to go, and the origins that it may talk to. */
  url: Type.Optional(Type.String({ maxLength: 2048 })),
  origins: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { maxItems: 50 })),
  /** Web apps only: the addresses that its pages are held to; absent for every one of its origins. */
  patterns: Type.Optional(Type.Array(Type.String({ maxLength: 1300 }), { maxItems: 100 })),
  /** Web apps only: whether its pages may print. */
  print: Type.Optional(Type.Boolean()),
  /** Web apps only: whether its pages may use the clipboard by themselves. */
  clipboard: Type.Optional(Type.Union([Type.Literal('deny'), Type.Literal('read-write')])),
  /** Web apps only: whether its pages may save files into the session's home. */
  downloads: Type.Optional(Type.Union([Type.Literal('deny'), Type.Literal('allow')])),
});

export const SessionView = Type.Object({
  id: SessionId,
  kind: Type.Union([Type.Literal('person'), Type.Literal('breakglass')]),
  person: PersonView,
  startedAt: Timestamp,
  lastLogin: Type.Union([Type.Null(), Type.Object({ at: Timestamp, seatName: Label })]),
  policyVersion: Count,
  /** What a new PIN must be like, for whoever may change theirs here; null for everybody else. */
  pinRule: Type.Union([Type.Null(), Type.Object({ minDigits: Count, maxDigits: Count })]),
  /** Nobody has touched the open seat for a while: whoever comes next must see at once as whom it works. */
  reminder: Type.Boolean(),
  /**
   * "Procedure in progress": for how many seconds a person may keep the seat from closing for idle time, 0 where the policy
   * does not offer it, and until when it is kept so now.
   */
  procedure: Type.Object({ offeredSeconds: Count, until: Type.Union([Type.Null(), Timestamp]) }),
  /** It ends by itself soon, and nothing extends it: what is open has to be saved by then. */
  ends: Type.Union([
    Type.Null(),
    Type.Object({ remainingMs: Milliseconds, why: Type.Union([Type.Literal('maxAge'), Type.Literal('limit')]) }),
  ]),
  /** Break-glass only. */
  until: Type.Optional(Timestamp),
  recorded: Type.Boolean(),
});

export const PromptView = Type.Union([
  Type.Object({
    kind: Type.Literal('pin'),
    person: Type.Union([Type.Null(), Type.Object({ displayName: Label, initials: Type.String({ maxLength: 4 }) })]),
    triesLeft: Count,
    /** Milliseconds until the next try is taken; 0 when it is taken at once. */
    waitMs: Milliseconds,
    minDigits: Count,
    maxDigits: Count,
    /** Why it is asked: to open the seat, to come back to kept work, to take the seat over, or to confirm somebody else. */
    purpose: Type.Union([Type.Literal('open'), Type.Literal('return'), Type.Literal('takeover'), Type.Literal('confirm')]),
  }),
  /** This person's factors are complete; somebody of one of these roles must confirm with badge and PIN. */
  Type.Object({
    kind: Type.Literal('second'),
    person: Type.Object({ displayName: Label, initials: Type.String({ maxLength: 4 }) }),
    roles: Type.Array(Label, { maxItems: 100 }),
  }),
  /** Break-glass was asked for and waits for a known badge. */
  Type.Object({ kind: Type.Literal('badge'), purpose: Type.Literal('breakGlass') }),
  Type.Object({ kind: Type.Literal('checking') }),
]);

/** What a tap at an open seat was meant for, asked on the screen while the countdown runs. */
export const QuestionView = Type.Union([
  /** The person of the session tapped while at work: stay, or lock? Unanswered it locks. */
  Type.Object({ kind: Type.Literal('stay'), remainingMs: Milliseconds, totalMs: Milliseconds }),
  /** This person tapped over a procedure in progress or an emergency: is the seat handed over? Unanswered it is not. */
  Type.Object({
    kind: Type.Literal('handOver'),
    person: Type.Object({ displayName: Label, initials: Type.String({ maxLength: 4 }) }),
    remainingMs: Milliseconds,
    totalMs: Milliseconds,
  }),
]);

/** The row of truth at the foot of the lock screen. */
export const TruthView = Type.Object({
  reader: Type.Object({
    /** `ghost`: it sees a card that does not answer. `stopped`: the machine's smart card service does not run. */
    state: Type.Union([
      Type.Literal('ok'),
      Type.Literal('absent'),
      Type.Literal('stopped'),
      Type.Literal('frozen'),
      Type.Literal('ghost'),
      Type.Literal('none'),
    ]),
    name: Label,
  }),
  connection: Type.Object({
    state: Type.Union([Type.Literal('online'), Type.Literal('offline'), Type.Literal('unenrolled')]),
    since: Type.Union([Type.Null(), Timestamp]),
  }),
  storage: Type.Object({
    state: Type.Union([Type.Literal('ok'), Type.Literal('low'), Type.Literal('full'), Type.Literal('broken')]),
    daysLeft: Count,
    unreceipted: Count,
  }),
  policy: Type.Object({
    state: Type.Union([Type.Literal('none'), Type.Literal('active'), Type.Literal('stale'), Type.Literal('expired')]),
    version: Count,
  }),
  keys: Type.Object({
    protection: Type.Union([Type.Literal('keychain'), Type.Literal('credential'), Type.Literal('file')]),
    meaning: Type.String({ maxLength: 300 }),
  }),
  /** Since when a revoked person could be unknown to this seat, and what follows: `old` asks for every PIN, `tooOld` leaves break-glass only. */
  staff: Type.Object({
    state: Type.Union([Type.Literal('none'), Type.Literal('fresh'), Type.Literal('old'), Type.Literal('tooOld')]),
    asOf: Type.Union([Type.Null(), Timestamp]),
  }),
  /**
   * Whether idle time is believed. `testing`: no source was seen to work yet. `low`: the sources contradict each other, for
   * this reason, and the strictest one counts.
   */
  idle: Type.Object({
    confidence: Type.Union([Type.Literal('testing'), Type.Literal('full'), Type.Literal('low')]),
    reason: Type.Union([
      Type.Null(),
      Type.Literal('osBlind'),
      Type.Literal('osFrozen'),
      Type.Literal('cardAway'),
      /** Input that no person makes: without any rest, or by a clock. It does not keep the seat open. */
      Type.Literal('neverRests'),
      Type.Literal('clockwork'),
    ]),
  }),
  enforcement: Type.Object({
    mode: Type.Union([Type.Literal('enforced'), Type.Literal('degraded')]),
    missing: Type.Array(MissingLayer, { maxItems: 20 }),
  }),
});

/** The rhythm of a keyboard reader, times in milliseconds. `terminator`: the key that ends a number, or none. */
const Wedge = Type.Object({
  minLength: Count,
  medianGapMs: Milliseconds,
  maxGapMs: Milliseconds,
  endGapMs: Milliseconds,
  terminator: Type.Union([Type.Literal('enter'), Type.Literal('tab'), Type.Literal('none')]),
});

export const SeatView = Type.Object({
  /** Grows by one with every push, so that a late one is known to be late. */
  generation: Count,
  seat: Type.Object({ name: Label, wardName: Label, helpdesk: Type.String({ maxLength: 200 }) }),
  /** As the policy has it; null while there is none. */
  looks: Type.Union([Type.Null(), Looks]),
  phase: Type.Union([
    Type.Literal('unenrolled'),
    Type.Literal('locked'),
    Type.Literal('authenticating'),
    Type.Literal('open'),
    Type.Literal('warning'),
    Type.Literal('faulted'),
  ]),
  prompt: Type.Union([Type.Null(), PromptView]),
  session: Type.Union([Type.Null(), SessionView]),
  apps: Type.Array(AppView, { maxItems: 200 }),
  /** Work of a locked session that its owner may come back to. */
  kept: Type.Union([Type.Null(), Type.Object({ initials: Type.String({ maxLength: 4 }), until: Timestamp })]),
  /** While the phase is `warning`: when the seat locks. `totalMs` is the whole length of the countdown. */
  warning: Type.Union([Type.Null(), Type.Object({ remainingMs: Milliseconds, totalMs: Milliseconds })]),
  /** The warning's countdown is over and the work is covered: `warning` then counts down to the lock. Any input brings it back. */
  blurred: Type.Boolean(),
  question: Type.Union([Type.Null(), QuestionView]),
  /** An emergency access without a name alarms here since then, until somebody signs in with theirs. */
  localAlarm: Type.Union([Type.Null(), Type.Object({ since: Timestamp })]),
  breakGlass: Type.Object({
    available: Type.Boolean(),
    needsBadge: Type.Boolean(),
    limitSeconds: Count,
    reasons: Type.Array(Type.Object({ id: Id, text: Label }), { maxItems: 20 }),
  }),
  /** By what rhythm a keyboard reader is told from a person. */
  wedge: Wedge,
  /** Ways in without a badge that this seat offers now. `suggests`: names that fit are offered while one is typed. */
  signIn: Type.Object({
    byName: Type.Boolean(),
    suggests: Type.Boolean(),
    byCode: Type.Boolean(),
    /** An unknown badge was just tapped, and may become somebody's. */
    newBadge: Type.Boolean(),
  }),
  message: Type.Union([Type.Null(), Message]),
  enrolment: Type.Union([
    Type.Null(),
    Type.Object({
      step: Type.Union([
        Type.Literal('idle'),
        Type.Literal('contacting'),
        Type.Literal('verifying'),
        Type.Literal('certifying'),
        Type.Literal('done'),
        Type.Literal('failed'),
      ]),
      error: Type.Union([Type.Null(), Type.Object({ code: Type.String({ maxLength: 60 }), message: Type.String({ maxLength: 400 }) })]),
    }),
  ]),
  truth: TruthView,
  practice: Type.Boolean(),
});

export type SeatView = Static<typeof SeatView>;
export type AppView = Static<typeof AppView>;
export type Blocked = Static<typeof Blocked>;
export type SessionView = Static<typeof SessionView>;
export type PromptView = Static<typeof PromptView>;
export type QuestionView = Static<typeof QuestionView>;
export type TruthView = Static<typeof TruthView>;
export type Message = Static<typeof Message>;
export type MessageKey = Static<typeof MessageKey>;
