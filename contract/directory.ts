/**
 * The staff of a seat's ward as the server hands it over: signed by the site's directory key, then sealed by HPKE to
 * the seat's own sealing key, so that the syncer carries it without being able to read it.
 */
import Type, { type Static } from 'typebox';
import { Base64, Count, Id, Label, Sha256Hex, Timestamp } from './scalars.ts';

/** Argon2id parameters as in RFC 9106; `memoryKiB` at least 19,456, `passes` at least 2. */
export const PinVerifier = Type.Object({
  salt: Base64,
  memoryKiB: Type.Integer({ minimum: 19_456, maximum: 1_048_576 }),
  passes: Type.Integer({ minimum: 2, maximum: 16 }),
  lanes: Type.Integer({ minimum: 1, maximum: 4 }),
  /** Argon2id output, 32 bytes. The seat keeps HMAC(seat key, output) and forgets this. */
  output: Base64,
  digits: Type.Integer({ minimum: 4, maximum: 12 }),
});

export const FormerPin = Type.Object({
  salt: Base64,
  memoryKiB: PinVerifier.properties.memoryKiB,
  passes: PinVerifier.properties.passes,
  lanes: PinVerifier.properties.lanes,
  output: Base64,
});

/** What stands for a badge for a while: a temporary code, or a printed downtime card, which opens each seat once. */
export const SignInCode = Type.Object({
  kind: Type.Union([Type.Literal('code'), Type.Literal('card')]),
  /** HMAC-SHA-256 of the word `code`, a colon and the digits, under the site's badge key. */
  hash: Sha256Hex,
  validUntil: Timestamp,
});
/** Codes and cards of one person that are valid at a time. */
export const MOST_CODES = 50;

export const Person = Type.Object({
  id: Id,
  displayName: Label,
  givenName: Label,
  initials: Type.String({ minLength: 1, maxLength: 4 }),
  role: Id,
  /** HMAC-SHA-256 of the normalised badge number under the site's badge key. */
  badges: Type.Array(Sha256Hex, { maxItems: 8 }),
  pin: Type.Union([Type.Null(), PinVerifier]),
  /** PINs that this person may not take again, newest first. */
  formerPins: Type.Optional(Type.Array(FormerPin, { maxItems: 3 })),
  codes: Type.Optional(Type.Array(SignInCode, { maxItems: MOST_CODES })),
  validFrom: Type.Union([Type.Null(), Timestamp]),
  validUntil: Type.Union([Type.Null(), Timestamp]),
  revoked: Type.Boolean(),
});

export const Directory = Type.Object({
  schema: Type.Literal('wardlock-directory/1'),
  tenant: Id,
  version: Count,
  issuedAt: Timestamp,
  ward: Type.Object({ id: Id, name: Label }),
  seatName: Label,
  /** 32 bytes, for the keyed hash of badges. */
  badgeKey: Base64,
  /** X25519, base64: what seats tell of people is sealed to it. Absent: this server takes no news. */
  newsKey: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' })),
  persons: Type.Array(Person, { maxItems: 5000 }),
});

export type Directory = Static<typeof Directory>;
export type Person = Static<typeof Person>;
export type SignInCode = Static<typeof SignInCode>;
export type FormerPin = Static<typeof FormerPin>;
export type PinVerifier = Static<typeof PinVerifier>;
