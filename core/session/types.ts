/**
 * The words of the session and lock machines: states, events, effects and what a step may know of its surroundings.
 * It owns data only. Times are milliseconds: `boot` is CLOCK_BOOTTIME, which goes on in suspend and starts at zero with
 * each boot; `wall` is only ever shown or written, never compared for a decision.
 */
import type { Notice } from './notice.ts';
import type { SessionRecord } from './records.ts';
import type { Throttle } from './throttle.ts';

/** What the machines know of a person: never a badge, never a PIN. */
export interface Who {
  readonly id: string;
  readonly displayName: string;
  readonly givenName: string;
  readonly initials: string;
  readonly role: string;
  /** Names the PIN that is known here, so that failures against an old PIN do not count against a new one; null without a PIN. */
  readonly pinId: string | null;
}

export type Factor = Entry | 'pin' | 'second';

/** How somebody said who they are. A name proves nothing by itself; a temporary code or a downtime card stands for a badge. */
export type Entry = 'badge' | 'name' | 'code' | 'card';

/** A session that was opened, or is about to be. */
export interface OpenSession {
  readonly id: string;
  readonly kind: 'person' | 'breakglass';
  /** Null only for an anonymous break-glass. */
  readonly who: Who | null;
  readonly factors: readonly Factor[];
  readonly policyVersion: number;
  readonly startedWallMs: number;
  readonly startedBootMs: number;
  /** When its person last came in here, at the beginning or back to kept work: what a login at another seat is compared with. */
  readonly loginBootMs: number;
  /** When it ends however much anybody does. */
  readonly maxAgeBootMs: number;
  /** Break-glass only: when it ends by itself. */
  readonly limitBootMs: number | null;
  /** While locked with work kept: until when. */
  readonly keptUntilBootMs: number | null;
  /** A procedure in progress, during which idle time does not count; `untilBootMs` is null until its event is durable. */
  readonly procedure: { readonly ticket: number; readonly limitMs: number; readonly untilBootMs: number | null } | null;
  /** Its person came in at another seat later than here; null once they are back. */
  readonly elsewhere: { readonly seatName: string; readonly sinceBootMs: number } | null;
}

export type Purpose = 'open' | 'return' | 'takeover';

/** A wish for break-glass that waits for a badge. */
export interface BreakGlassWish {
  readonly reasonId: string;
  readonly note: string;
}

/** Somebody whose own factors are complete and whom a second person must confirm. */
export interface FirstPerson {
  readonly who: Who;
  readonly badge: string | null;
  readonly by: Entry;
  readonly factors: readonly Factor[];
}

/** One person's way in, from the tap to the durable event. */
export interface Attempt {
  readonly id: number;
  /** Null while a break-glass waits for a badge. */
  readonly who: Who | null;
  /** Keyed hash of the badge, code or card; null where a name was typed. */
  readonly badge: string | null;
  readonly by: Entry;
  readonly purpose: Purpose;
  readonly wish: BreakGlassWish | null;
  /** Whoever has proven who they are and waits for a second person, who is on the way in now; null while nobody waits. */
  readonly first: FirstPerson | null;
  /**
   * `badge`, `pin` and `second` wait for a person (for the badge of a break-glass, a PIN, the badge of whoever confirms),
   * `checking` for the PIN check, `recording` for the durable event.
   */
  readonly stage: 'badge' | 'pin' | 'second' | 'checking' | 'recording';
  /** While `recording`: what opens once the event is durable. */
  readonly grant: { readonly session: OpenSession; readonly ticket: number } | null;
}

export interface SessionStates {
  readonly none: { readonly at: 'none' };
  readonly authenticating: { readonly at: 'authenticating'; readonly attempt: Attempt; readonly held: OpenSession | null };
  readonly active: { readonly at: 'active'; readonly session: OpenSession };
  readonly ending: {
    readonly at: 'ending';
    readonly session: OpenSession;
    /** Who comes next once everything of the former session is gone; null when nobody does. */
    readonly successor: Successor | null;
    /** The one tap that came meanwhile and goes on once the end is clean; always null with a successor. */
    readonly tap: WaitingTap | null;
    /** Emergency access that was asked for meanwhile and goes on once the end is clean, with the tap where there is one; null with a successor. */
    readonly wish: BreakGlassWish | null;
  };
  /** Out of order. Nobody comes in before both of these are mended, each by itself. */
  readonly faulted: {
    readonly at: 'faulted';
    /** Which layers that hold programs to the policy are lost; null while all are there. */
    readonly unenforced: string | null;
    /** The session that must be gone first: its end is still awaited, or something of it was left. Null when nothing of any is. */
    readonly former: { readonly session: string; readonly is: 'ending' | 'left' } | null;
  };
}
export type SessionAt = keyof SessionStates;
export type SessionState = SessionStates[SessionAt];

export interface Successor {
  readonly who: Who | null;
  readonly badge: string | null;
  readonly by: Entry;
  readonly factors: readonly Factor[];
  readonly wish: BreakGlassWish | null;
  /** Who confirmed, where two people were needed. */
  readonly confirmedBy: string | null;
}

/** A known badge in order, read while a former session was still being ended, or a name or code typed meanwhile. */
export interface WaitingTap {
  readonly who: Who;
  readonly badge: string | null;
  readonly by: Entry;
}

/**
 * `stay`: the person of the session tapped while at work; unanswered it locks. `handOver`: somebody else tapped over a
 * procedure in progress or an emergency; unanswered it stays open.
 */
export type TapQuestion =
  | { readonly kind: 'stay'; readonly badge: string | null }
  | { readonly kind: 'handOver'; readonly tap: WaitingTap };

export interface LockStates {
  readonly locked: { readonly at: 'locked' };
  /** A durable event is awaited; nothing is shown yet. */
  readonly unlocking: { readonly at: 'unlocking'; readonly ticket: number };
  readonly unlocked: { readonly at: 'unlocked' };
  readonly warning: { readonly at: 'warning'; readonly sinceBootMs: number; readonly untilBootMs: number };
  /** The warning is over and the work is covered; any input still brings it back. */
  readonly blurred: { readonly at: 'blurred'; readonly sinceBootMs: number; readonly untilBootMs: number };
  /** Open, and somebody is asked what a tap was meant for. */
  readonly asking: { readonly at: 'asking'; readonly question: TapQuestion; readonly sinceBootMs: number; readonly untilBootMs: number };
  /** Locked a moment ago by the badge that may still lie on the reader: that badge is not read until this is over. */
  readonly cooling: { readonly at: 'cooling'; readonly badge: string };
}
export type LockAt = keyof LockStates;
export type LockState = LockStates[LockAt];

export type TimerName =
  | 'attempt'
  | 'idle'
  | 'warning'
  | 'blur'
  | 'ask'
  | 'cool'
  | 'keep'
  | 'maxAge'
  | 'limit'
  | 'endSoon'
  | 'ending'
  | 'procedure';
/** `shortPin`: the person's PIN is shorter than this seat takes. `used`: a card that opened this seat before. `wait`: too many wrong codes. `unreadable`: a card that gave nothing to go by. `notAllowed`: by a kind of reader that the policy switches off. */
export type Standing =
  | 'ok'
  | 'unknown'
  | 'revoked'
  | 'notYet'
  | 'expired'
  | 'shortPin'
  | 'used'
  | 'wait'
  | 'unreadable'
  | 'tooLong'
  | 'notAllowed';

/** Everything that can happen to a seat. `badge` is always the keyed hash. */
export interface SeatEvents {
  /** Somebody came: a badge was read, or a code or, with a null badge, a name was typed. */
  readonly BadgeRead: {
    readonly type: 'BadgeRead';
    readonly badge: string | null;
    /** Absent: by badge. */
    readonly by?: Entry;
    readonly standing: Standing;
    readonly who: Who | null;
    /** Only where too many wrong codes were typed: how long until the next one is looked at. */
    readonly waitMs?: number;
  };
  /** A card was taken from its reader, or the reader was unplugged with it. `person` holds it, null for a stranger's. */
  readonly BadgeRemoved: { readonly type: 'BadgeRemoved'; readonly badge: string; readonly person: string | null };
  /** What lies on the readers changed, or whether that can be seen. */
  readonly ReaderState: { readonly type: 'ReaderState'; readonly presence: Presence };
  readonly PinEntered: { readonly type: 'PinEntered'; readonly pin: string };
  /** `unpaid`: why the try could not be made durable. Nobody looked at the PIN then, and no try is lost. */
  readonly PinChecked: { readonly type: 'PinChecked'; readonly attempt: number; readonly right: boolean; readonly unpaid?: string };
  readonly CancelPressed: { readonly type: 'CancelPressed' };
  readonly LockPressed: { readonly type: 'LockPressed' };
  readonly LogoutPressed: { readonly type: 'LogoutPressed' };
  readonly StayPressed: { readonly type: 'StayPressed' };
  /** Whoever sits there gives the seat to the person who tapped over a procedure in progress or an emergency. */
  readonly HandOverPressed: { readonly type: 'HandOverPressed' };
  /** Whoever tapped over an emergency wants to stand in the record as its witness, and not to have the seat. */
  readonly WitnessPressed: { readonly type: 'WitnessPressed' };
  /** A procedure is in progress, or over. */
  readonly ProcedurePressed: { readonly type: 'ProcedurePressed'; readonly on: boolean };
  readonly BreakGlassPressed: { readonly type: 'BreakGlassPressed'; readonly reasonId: string; readonly note: string };
  /** How long ago anybody touched the seat, from every source that could be asked. */
  readonly Activity: { readonly type: 'Activity'; readonly idleMs: number };
  /** `recorded` is false for a break-glass that no log could take: it is reported later, and shorter. */
  readonly Appended: { readonly type: 'Appended'; readonly ticket: number; readonly recorded: boolean };
  readonly AppendFailed: { readonly type: 'AppendFailed'; readonly ticket: number; readonly code: string };
  /** The PIN of this person was tried outside of signing in; null once it was right. What it says is durable already. */
  readonly GuessCharged: { readonly type: 'GuessCharged'; readonly person: string; readonly throttle: Throttle | null };
  /** Everything of a session is gone, or `clean` is false and something could not be ended. */
  readonly SessionClosed: { readonly type: 'SessionClosed'; readonly session: string; readonly clean: boolean };
  readonly TimerFired: { readonly type: 'TimerFired'; readonly timer: TimerName };
  readonly UiLost: { readonly type: 'UiLost'; readonly reason: string };
  readonly PowerChanged: { readonly type: 'PowerChanged'; readonly what: string };
  readonly ClockStepped: { readonly type: 'ClockStepped'; readonly seconds: number };
  readonly EnforcementFailed: { readonly type: 'EnforcementFailed'; readonly why: string };
  /** The policy expired or was found broken: the seat locks and only break-glass is left. */
  readonly PolicyLost: { readonly type: 'PolicyLost' };
  /** The record can't be written, and the policy has the open session locked for it. `code`: how it failed. */
  readonly RecordLost: { readonly type: 'RecordLost'; readonly code: string };
  /** The server says that the person of this session came in at another seat, at that time by the boot clock of this one. */
  readonly TakenElsewhere: {
    readonly type: 'TakenElsewhere';
    readonly session: string;
    readonly seatName: string;
    readonly sinceBootMs: number;
  };
  /** These people may no longer use the seat. */
  readonly PersonsRevoked: { readonly type: 'PersonsRevoked'; readonly ids: readonly string[] };
  /** What had faulted was put right and tested. */
  readonly Repaired: { readonly type: 'Repaired' };
}
export type SeatEventType = keyof SeatEvents;
export type SeatEvent = SeatEvents[SeatEventType];

/** What the readers see: one source for whether somebody is there. Keyboard readers see nothing of it. */
export interface Presence {
  /** A reader is there that says when a card is taken away. */
  readonly watching: boolean;
  /** Keyed hashes of the cards that lie on readers now. */
  readonly lying: readonly string[];
}

/** The limits that the policy in force sets, in the machines' own units. */
export interface SeatRules {
  readonly policyVersion: number;
  readonly warnAfterMs: number;
  readonly warningMs: number;
  /** How long the work is covered after the warning before the seat locks; 0 locks at once. */
  readonly blurMs: number;
  /** How long "Stay or lock?" is asked when somebody at work taps; 0 locks at once. */
  readonly tapQuestionMs: number;
  readonly keepMs: number;
  readonly maxSessionMs: number;
  /** How long a procedure in progress keeps the seat from warning and locking for idle time; 0 where it is not offered. */
  readonly procedureMs: number;
  readonly pin: { readonly minDigits: number; readonly maxFailures: number; readonly firstWaitMs: number };
  /** By role: how long after a right PIN at this seat the badge alone is enough, in milliseconds. A role that is missing always needs the PIN. */
  readonly graceMs: Readonly<Record<string, number>>;
  /** Roles whose people may come in by name and PIN now. */
  readonly byName: readonly string[];
  /** By role: roles of which somebody else must confirm a new session; a role that is missing needs nobody. */
  readonly secondRoles: Readonly<Record<string, readonly string[]>>;
  /** By role: how old the server's word on a PIN at another seat may be, in milliseconds; where it is missing only this seat's counts. */
  readonly confirmedMs: Readonly<Record<string, number>>;
  /** The card stays on the reader during a session: taking it away locks. */
  readonly removalLocks: boolean;
  readonly breakGlass: {
    readonly enabled: boolean;
    readonly needsBadge: boolean;
    readonly limitMs: number;
    /** Longest one that no log could take; 0 where there is none then. */
    readonly unrecordedMs: number;
    readonly reasons: readonly string[];
  };
}

/** What the server has told of a person's PIN at other seats. Times by the boot clock of this seat. */
export interface PersonFact {
  /** The PIN that it is about; of another PIN it says nothing. */
  readonly pinId: string;
  /** Wrong PINs at all other seats together, since the last right one at any seat that the server has heard of. */
  readonly failuresElsewhere: number;
  /** The last right PIN at another seat; null when there is none. */
  readonly rightBootMs: number | null;
  /** When the server was asked for this. */
  readonly askedBootMs: number;
}

/** What a step may know. The runtime fills it in; nothing in core reads a clock or draws a number. */
export interface Env {
  readonly bootMs: number;
  readonly wallMs: number;
  /** Names this boot of the machine: boot times of another boot mean nothing. */
  readonly bootId: string;
  /** Null before the first policy: nobody can sign in. */
  readonly rules: SeatRules | null;
  /** By person; who is not named is not known elsewhere. */
  readonly facts: Readonly<Record<string, PersonFact>>;
  /** How old the seat's knowledge of its staff is: `old` asks for every PIN, `tooOld` leaves break-glass only, as the policy says. */
  readonly staff: 'fresh' | 'old' | 'tooOld';
  /** Downtime cards of which the seat no longer knows whether they were used here: the PIN is asked for, and without it they open nothing. */
  readonly cardsInDoubt: readonly string[];
  /** `expired` and `none` leave break-glass only. */
  readonly policy: 'none' | 'active' | 'stale' | 'expired';
  /** Whether a screen is there to show an open seat. Without one nothing opens. */
  readonly uiConnected: boolean;
  /** A fresh 128-bit id in lower-case hexadecimal, used when a session begins. */
  readonly freshId: string;
}

/** A right PIN at this seat: since when the badge alone may be enough, for as long as the policy says at the time. Never stored, so a restart or a reboot ends it. */
export interface Grace {
  readonly pinId: string;
  readonly sinceBootMs: number;
}

/** What is outside both machines and lives as long as the seat. */
export interface Common {
  readonly serial: number;
  readonly notice: Notice | null;
  readonly throttles: Readonly<Record<string, Throttle>>;
  readonly graces: Readonly<Record<string, Grace>>;
  readonly lastInputBootMs: number;
  /** The tap that began the present attempt or session, for two taps at once. */
  readonly lastTapBootMs: number;
  /** Until then a tap by the person of the open session neither locks it nor answers a question. */
  readonly tapGuardBootMs: number;
  readonly presence: Presence;
}

export interface Seat {
  readonly session: SessionState;
  readonly lock: LockState;
  readonly common: Common;
}

export interface UsedCard {
  readonly hash: string;
  readonly person: string;
}

/** What the runtime must do, in this order. Nothing that opens anything comes before its event is durable. */
export type Effect =
  /**
   * Write an audit event. With a ticket the machine waits for `Appended` or `AppendFailed` with that number. A card that
   * opens the seat is used up durably before.
   */
  | { readonly do: 'append'; readonly record: SessionRecord; readonly ticket: number | null; readonly card?: UsedCard }
  /** Make `charged` durable, then check the PIN, then report `PinChecked`. A crash in between has cost a try. */
  | { readonly do: 'guess'; readonly attempt: number; readonly who: Who; readonly pin: string; readonly charged: Throttle }
  | { readonly do: 'saveThrottle'; readonly person: string; readonly throttle: Throttle | null }
  | { readonly do: 'setTimer'; readonly timer: TimerName; readonly atBootMs: number }
  | { readonly do: 'clearTimer'; readonly timer: TimerName }
  /** The session is open: what its applications run in may be made ready. */
  | { readonly do: 'openSession'; readonly session: OpenSession }
  /** End every process of the session, then report `SessionClosed`. */
  | { readonly do: 'endSession'; readonly session: string }
  | { readonly do: 'cover' }
  | { readonly do: 'uncover' };

export interface Stepped {
  readonly seat: Seat;
  readonly effects: readonly Effect[];
  /** Whether the event was an intent that the seat acted on. */
  readonly taken: boolean;
}
