/**
 * What a seat and its server tell each other of people between two directories: wrong and right PINs, PINs changed at the
 * seat, badges enrolled there, cards used up. News go up signed by the seat's log key and sealed to the site's news key;
 * facts come down signed by the directory key and sealed to the seat. The syncer carries both and can read neither.
 */
import Type, { type Static } from 'typebox';
import { PinVerifier } from './directory.ts';
import { Base64, Count, Id, Label, Milliseconds, MOST_WRONG_PINS, SessionId, Sha256Hex, Timestamp, WorkstationId } from './scalars.ts';

const closed = { additionalProperties: false } as const;

/** HPKE base mode (RFC 9180), as the directory: X25519, HKDF-SHA256, AES-256-GCM. */
export const Sealed = Type.Object({ enc: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }), ciphertext: Base64 }, closed);

/** A question that only its own answer fits: 16 random bytes. */
const Nonce = Type.String({ pattern: '^[0-9a-f]{32}$' });
const Salt = PinVerifier.properties.salt;
/** What one seat counts of one person: no seat can say more, so that one alone blocks nobody elsewhere. */
const WrongPins = Type.Integer({ minimum: 0, maximum: MOST_WRONG_PINS });

/** People that one exchange may name: a ward's whole staff. */
export const MOST_PEOPLE = 5_000;
/** Items that one exchange may carry; the rest follows in the next. */
export const MOST_ITEMS = 64;

/** What was done once at the seat and must be taken once by the server, in the order of its numbers. */
export const NewsItem = Type.Union([
  /** A PIN that its person changed. `verifier` is sealed to the news key, because it may lie at the seat for days. */
  Type.Object({ kind: Type.Literal('pin'), number: Count, person: Id, former: Salt, verifier: Sealed }, closed),
  Type.Object({ kind: Type.Literal('badge'), number: Count, person: Id, badge: Sha256Hex }, closed),
  Type.Object({ kind: Type.Literal('card'), number: Count, person: Id, card: Sha256Hex, at: Timestamp }, closed),
]);

export const NEWS_TYPE = 'application/vnd.wardlock.seat-news+json';
/** `info` of the seal: this, tenant and workstation id, each ended by a line feed. A PIN's own seal names the person too. */
export const NEWS_INFO = 'wardlock-seat-news/1';
export const SeatNews = Type.Object(
  {
    schema: Type.Literal('wardlock-seat-news/1'),
    tenant: Id,
    workstationId: WorkstationId,
    nonce: Nonce,
    /** Everybody with wrong PINs in a row at this seat now; whoever is missing has none. */
    guesses: Type.Array(Type.Object({ person: Id, pin: Salt, failures: WrongPins }, closed), { maxItems: MOST_PEOPLE }),
    /** The last right PIN of everybody who had one here since the agent started. */
    right: Type.Array(Type.Object({ person: Id, pin: Salt, agoMs: Milliseconds }, closed), { maxItems: MOST_PEOPLE }),
    /**
     * The session of a person that this seat holds, open or locked, and how long ago they last came in to it; `moved` once the
     * seat knows that they have come in elsewhere. An emergency access is nobody's seat and is not told.
     */
    present: Type.Union([Type.Null(), Type.Object({ person: Id, session: SessionId, agoMs: Milliseconds, moved: Type.Boolean() }, closed)]),
    items: Type.Array(NewsItem, { maxItems: MOST_ITEMS }),
  },
  closed,
);

export const FACTS_TYPE = 'application/vnd.wardlock.people+json';
export const FACTS_INFO = 'wardlock-people/1';
export const PeopleFacts = Type.Object(
  {
    schema: Type.Literal('wardlock-people/1'),
    tenant: Id,
    workstationId: WorkstationId,
    nonce: Nonce,
    /** By the server's clock, for a seat whose own was set back. */
    at: Timestamp,
    /** The newest directory that there is: a seat that has it knows that nobody was revoked meanwhile. */
    directory: Count,
    /** Items up to this number were judged. */
    taken: Count,
    refused: Type.Array(Type.Object({ number: Count, code: Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,59}$' }) }, closed), {
      maxItems: MOST_ITEMS,
    }),
    /**
     * The person of the session that was told came in at this seat later. `overlapped`: so long ago that this seat, which did
     * not know, held a second session of theirs.
     */
    elsewhere: Type.Union([
      Type.Null(),
      Type.Object({ session: SessionId, seatName: Label, agoMs: Milliseconds, overlapped: Type.Boolean() }, closed),
    ]),
    /** Sessions of this seat that went on although another seat, which could not know, still held one of the same person. */
    overlapped: Type.Array(Type.Object({ person: Id, session: SessionId, seatName: Label }, closed), { maxItems: MOST_PEOPLE }),
    persons: Type.Array(
      Type.Object(
        {
          person: Id,
          /** Salt of the PIN that this is about. */
          pin: Salt,
          /** Wrong PINs at the other seats, without those of seats that counted none since the last right one anywhere. */
          failuresElsewhere: Count,
          right: Type.Union([Type.Null(), Type.Object({ agoMs: Milliseconds, seatName: Label }, closed)]),
        },
        closed,
      ),
      { maxItems: MOST_PEOPLE },
    ),
  },
  closed,
);

/** `POST /v1/people`: the body and the answer. `sealed` is the base64 of a `Sealed` object's JSON, whose plaintext is an `Envelope`. */
export const PeopleExchange = Type.Object({ sealed: Base64 }, closed);

/** `info` of a seal: what it is for, the site, the seat, and further names, each ended by a line feed. */
export function sealInfo(purpose: string, ...names: readonly string[]): Uint8Array {
  return new TextEncoder().encode([purpose, ...names].map((name) => `${name}\n`).join(''));
}

export type Sealed = Static<typeof Sealed>;
export type NewsItem = Static<typeof NewsItem>;
export type SeatNews = Static<typeof SeatNews>;
export type PeopleFacts = Static<typeof PeopleFacts>;
