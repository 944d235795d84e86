/**
 * How a seat behaves: timers, PINs, and where they differ; what it does when something of its own fails; how it looks and
 * speaks. What is absent is as it stands beside it, and `effective.ts` is where those defaults live.
 */
import Type, { type Static } from 'typebox';
import { Accent, Language } from '../contract/looks.ts';
import { Id, MOST_WRONG_PINS, Seconds } from '../contract/scalars.ts';
import { Devices } from './devices.ts';
import { scope } from './scope.ts';

const closed = { additionalProperties: false } as const;

export const Timers = Type.Object(
  {
    /** Idle this long: the warning starts. */
    warnAfterSeconds: Type.Integer({ minimum: 5, maximum: 900 }),
    /** Length of the countdown; WCAG 2.2.1 asks for at least 20 s. */
    warningSeconds: Type.Integer({ minimum: 20, maximum: 300 }),
    /** How long the work is covered after the warning before the seat locks; any input brings it back. Absent: it locks at once. */
    blurSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 120 })),
    /** How long "Stay or lock?" is asked when somebody taps within 5 s of input. Absent: 3 s; 0 locks at once. */
    tapQuestionSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })),
    /** Work of a locked session is kept this long, then the session ends. */
    keepSeconds: Type.Integer({ minimum: 0, maximum: 28_800 }),
    maxSessionSeconds: Type.Integer({ minimum: 60, maximum: 86_400 }),
    /** A person may say that a procedure is in progress: idle time does not close the seat for so long. Not offered where this is absent. */
    procedureSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 14_400 })),
    /** Older knowledge than this makes the policy stale: everything works, and the seat says so. */
    staleAfterSeconds: Seconds,
  },
  closed,
);

export const PinRules = Type.Object(
  {
    minDigits: Type.Integer({ minimum: 4, maximum: 12 }),
    maxConsecutiveFailures: Type.Integer({ minimum: 3, maximum: MOST_WRONG_PINS }),
    firstWaitSeconds: Type.Integer({ minimum: 30, maximum: 3600 }),
  },
  closed,
);

/**
 * Where timers, PINs or devices differ. Of the overrides that fit, the one with more conditions wins; of as many, a group of
 * seats outweighs a ward, a ward a role, a role the hours and hours the days; what is still equal goes by the stricter value.
 * The order never matters.
 */
export const Overrides = Type.Array(
  Type.Object(
    {
      id: Id,
      ...scope,
      timers: Type.Optional(Type.Partial(Timers, { ...closed, description: 'The timers that differ; the others stay as they are.' })),
      pin: Type.Optional(Type.Partial(PinRules, { ...closed, description: 'The PIN rules that differ; the others stay as they are.' })),
      devices: Type.Optional(Devices),
    },
    closed,
  ),
  {
    maxItems: 200,
    description:
      'Where timers, PIN rules or devices differ, for roles, wards, groups of seats and times. The most specific wins; the order never matters.',
  },
);

export const Mode = Type.Union([Type.Literal('lockdown'), Type.Literal('monitor')], {
  description:
    'lockdown: what the policy does not allow does not start (this where absent). monitor: a tile that would be denied starts, and the record says that it would have been denied.',
});

export const Failures = Type.Object(
  {
    recordingBroken: Type.Optional(
      Type.Union([Type.Literal('no-new-sessions'), Type.Literal('lock')], {
        description:
          'The record cannot be written. no-new-sessions: nobody new comes in and whoever works goes on (this where absent); lock: the open session is locked as well.',
      }),
    ),
    emergencyUnrecordedMinutes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 15,
        description:
          'Emergency access lasts so many minutes where even its own log cannot be written, under a frame that says NOT RECORDED (15). 0: there is none then.',
      }),
    ),
    enforcementMissing: Type.Optional(
      Type.Literal('refuse', {
        description:
          'A layer that keeps applications to the policy is missing. refuse: no program is started, on no seat. Absent: a seat that runs as root refuses; one that does not starts them with the layers that there are, and the seat and the fleet view say so.',
      }),
    ),
  },
  { ...closed, description: 'What the seat does when something of its own fails, where there is a choice.' },
);

export const Languages = Type.Array(Language, {
  minItems: 1,
  maxItems: 2,
  uniqueItems: true,
  description:
    'Languages that the screens offer; they begin in the first. What a person chooses among them holds until their session ends. Absent: en and de.',
});

export const Branding = Type.Object(
  {
    siteName: Type.Optional(Type.String({ minLength: 1, maxLength: 60, description: 'Name of the site, as the lock screen shows it.' })),
    helpdeskLine: Type.Optional(
      Type.String({ minLength: 1, maxLength: 120, description: 'Whom to call, as the lock screen shows it while nothing is wrong.' }),
    ),
    accent: Type.Optional(Accent),
  },
  { ...closed, description: 'How the site shows itself on the screens.' },
);

export type Timers = Static<typeof Timers>;
export type PinRules = Static<typeof PinRules>;
