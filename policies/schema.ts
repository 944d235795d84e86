/**
 * The policy document: what a role may run, how a seat opens and closes, and who may read the record. The JSON Schema
 * that editors use is this schema. Unknown fields are refused, because a misspelt restriction restricts nothing.
 */
import Type, { type Static } from 'typebox';
import { Base64, type Count, Id, Label, Sha256Hex, Timestamp } from '../contract/scalars.ts';
import { AbsolutePath, NativeApp, WebApp } from './apps.ts';
import { Devices } from './devices.ts';
import { scope } from './scope.ts';
import { Branding, Failures, Languages, Mode, Overrides, PinRules, Timers } from './settings.ts';

const closed = { additionalProperties: false } as const;
/** Ways in besides badge and PIN. The first rule that fits a person, the seat and the time decides; what it does not name is not given. */
export const SignInRule = Type.Object(
  {
    ...scope,
    /** User name and PIN open the seat, for whoever has no badge at hand. */
    nameAndPin: Type.Optional(Type.Boolean()),
    /**
     * The badge alone is enough so long after a right PIN anywhere, where the server has confirmed that PIN within the
     * second time. Offline the PIN of this very seat counts, for the first time.
     */
    badgeOnly: Type.Optional(
      Type.Object(
        {
          withinSeconds: Type.Integer({ minimum: 0, maximum: 43_200 }),
          confirmedSeconds: Type.Integer({ minimum: 0, maximum: 3_600 }),
        },
        closed,
      ),
    ),
    /** Whoever taps an unknown badge may make it their own with user name and PIN, while the server answers. */
    enrolBadge: Type.Optional(Type.Boolean()),
    /** Somebody else of one of these roles must confirm with badge and PIN before the session opens. */
    secondPerson: Type.Optional(Type.Object({ roles: Type.Array(Id, { minItems: 1, maxItems: 100 }) }, closed)),
  },
  closed,
);

const SeatGroups = Type.Array(
  Type.Object(
    {
      id: Id,
      /** Names of seats; `*` stands for any characters. */
      seats: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 500 }),
    },
    closed,
  ),
  { maxItems: 100 },
);

/**
 * A rule about applications. The most specific thing that a rule names wins: content, then application, then path, then any
 * program; a deny beats an allow of the same weight, and the order of the rules never matters. What a role lists under
 * `apps` counts as an allow of those applications. Emergency access has its own list and heeds only denies that name a
 * content and nobody in particular.
 */
export const AppRule = Type.Object(
  {
    id: Id,
    effect: Type.Union([Type.Literal('allow'), Type.Literal('deny')]),
    /** SHA-256 of programs: this very content, wherever it lies. */
    contents: Type.Optional(Type.Array(Sha256Hex, { minItems: 1, maxItems: 1000 })),
    apps: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000 })),
    paths: Type.Optional(Type.Array(AbsolutePath, { minItems: 1, maxItems: 1000 })),
    ...scope,
  },
  closed,
);

/** Badge readers. What is absent is as it stands beside it. */
export const Readers = Type.Object(
  {
    /** PC/SC readers (true). */
    pcsc: Type.Optional(Type.Boolean()),
    /** A seat without a working PC/SC reader says so and is reported (false). */
    expected: Type.Optional(Type.Boolean()),
    /** `lock`: the card stays on the PC/SC reader while somebody works, and taking it away locks (`nothing`). */
    cardRemoved: Type.Optional(Type.Union([Type.Literal('nothing'), Type.Literal('lock')])),
    /** Readers that type. Their bursts never reach a field, allowed or not. */
    keyboard: Type.Optional(
      Type.Object(
        {
          /** Whether a burst is a badge (true). */
          allowed: Type.Optional(Type.Boolean()),
          /** Fewer characters are no badge (6). */
          minLength: Type.Optional(Type.Integer({ minimum: 4, maximum: 32 })),
          /** Half of the gaps between keys are no longer than this (25); a person's are 80 and more. */
          medianGapMs: Type.Optional(Type.Integer({ minimum: 5, maximum: 50 })),
          /** No gap is longer than this (50). */
          maxGapMs: Type.Optional(Type.Integer({ minimum: 50, maximum: 150 })),
          /** The terminator follows within this time; without one this much silence ends the number (100). */
          endGapMs: Type.Optional(Type.Integer({ minimum: 20, maximum: 500 })),
          /** The key that the reader types after the number (enter). */
          terminator: Type.Optional(Type.Union([Type.Literal('enter'), Type.Literal('tab'), Type.Literal('none')])),
        },
        closed,
      ),
    ),
  },
  closed,
);

/** A public key that can open the log: X25519 for HPKE (RFC 9180), 32 bytes. */
export const Recipient = Type.Object(
  { id: Id, role: Type.Union([Type.Literal('reader'), Type.Literal('escrow')]), publicKey: Base64 },
  closed,
);

export const PolicyDocument = Type.Object(
  {
    /** For editors: where the JSON Schema of this document lies. */
    $schema: Type.Optional(Type.String({ maxLength: 1024 })),
    schema: Type.Literal('wardlock-policy/1'),
    tenant: Id,
    version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
    issuedAt: Timestamp,
    expiresAt: Timestamp,
    /** Whom to call, as shown when something fails. */
    helpdesk: Label,
    recipients: Type.Array(Recipient, { minItems: 2, maxItems: 8 }),
    /** The server keeps the record so many days after it received it, and destroys it after that; six years (2192) where this is absent. */
    record: Type.Optional(Type.Object({ retentionDays: Type.Integer({ minimum: 30, maximum: 36_525 }) }, closed)),
    mode: Type.Optional(Mode),
    timers: Timers,
    pin: PinRules,
    overrides: Type.Optional(Overrides),
    failures: Type.Optional(Failures),
    languages: Type.Optional(Languages),
    branding: Type.Optional(Branding),
    readers: Type.Optional(Readers),
    devices: Type.Optional(Devices),
    signIn: Type.Optional(
      Type.Object(
        {
          rules: Type.Array(SignInRule, { maxItems: 100 }),
          /** Names that fit are offered while somebody types one; otherwise the name is typed whole. */
          suggestNames: Type.Optional(Type.Boolean()),
          /** What happens once the seat's knowledge of its staff is older than this: no badge alone, or break-glass only. */
          staffAge: Type.Optional(
            Type.Object(
              {
                maxSeconds: Type.Integer({ minimum: 300, maximum: 31_536_000 }),
                tooOld: Type.Union([Type.Literal('pin'), Type.Literal('breakglass')]),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
    apps: Type.Array(Type.Union([NativeApp, WebApp]), { maxItems: 1000 }),
    roles: Type.Array(
      Type.Object(
        {
          id: Id,
          name: Label,
          apps: Type.Array(Id, { maxItems: 1000 }),
          /** After a right PIN at this seat the badge alone is enough for so long; absent or 0: always the PIN. */
          badgeOnlySeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 43_200 })),
        },
        closed,
      ),
      { maxItems: 100 },
    ),
    seatGroups: Type.Optional(SeatGroups),
    rules: Type.Optional(Type.Array(AppRule, { maxItems: 10_000 })),
    breakGlass: Type.Object(
      {
        enabled: Type.Boolean(),
        /** Only with a known badge; anonymous break-glass only where this is false. */
        needsBadge: Type.Boolean(),
        limitSeconds: Type.Integer({ minimum: 60, maximum: 7200 }),
        apps: Type.Array(Id, { maxItems: 1000 }),
        reasons: Type.Array(Type.Object({ id: Id, text: Label }, closed), { maxItems: 20 }),
      },
      closed,
    ),
  },
  closed,
);

/** A signed bundle in the form of a DSSE envelope (dsse v1): the signature covers PAE(payloadType, payload). */
export const PolicyEnvelope = Type.Object(
  {
    payloadType: Type.Literal('application/vnd.wardlock.policy+json'),
    payload: Base64,
    signatures: Type.Array(Type.Object({ keyid: Sha256Hex, sig: Base64 }, closed), { minItems: 1, maxItems: 8 }),
  },
  closed,
);

export type PolicyDocument = Static<typeof PolicyDocument>;
export type PolicyEnvelope = Static<typeof PolicyEnvelope>;
export type { NativeApp, WebApp } from './apps.ts';
export type Recipient = Static<typeof Recipient>;
export type PolicyVersion = Static<typeof Count>;
