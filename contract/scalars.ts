/**
 * The small types that every boundary shares, each with its limits. A limit lives here once and nowhere else.
 */
import Type from 'typebox';

const SECONDS_CHARACTERS = 19;

/** A date that rolls over into the next month or day comes back as another text. */
function isMoment(text: string): boolean {
  const at = Date.parse(text);
  return Number.isFinite(at) && new Date(at).toISOString().slice(0, SECONDS_CHARACTERS) === text.slice(0, SECONDS_CHARACTERS);
}

/** Ids are chosen by Wardlock or by the policy's author: short, printable, safe in a path and in a log. */
export const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' });
export const SessionId = Type.String({ pattern: '^[0-9a-f]{32}$' });
export const WorkstationId = Type.String({ pattern: '^[0-9a-f]{32}$' });
/** The name of a file that one process of Wardlock leaves for another: random, and nothing of a person. */
export const FileToken = Type.String({ pattern: '^[0-9a-f]{32}$' });
export const Sha256Hex = Type.String({ pattern: '^[0-9a-f]{64}$' });
export const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' });
/** Shown to people. Never patient data. */
export const Label = Type.String({ minLength: 1, maxLength: 120 });
/** RFC 3339 in UTC, and a moment that there is: month 13 and 30 February are refused, or they would read as no date at all. */
export const Timestamp = Type.Refine(
  Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?Z$' }),
  isMoment,
  () => 'must be a date and time that exist',
);
export const Milliseconds = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Seconds = Type.Integer({ minimum: 0, maximum: 31_622_400 });
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Nothing = Type.Object({}, { additionalProperties: false });
/** What a reader gives: the card's UID or the wedge's text, normalised to upper-case hexadecimal or digits. Raw ids never enter the log. */
export const BadgeNumber = Type.String({ pattern: '^[0-9A-Za-z-]{4,64}$' });
export const Pin = Type.String({ pattern: '^[0-9]{4,12}$' });
/** Wrong PINs in a row that any policy lets one seat count of one person; from then on it takes none of theirs. */
export const MOST_WRONG_PINS = 10;
/** What a person types to say who they are: a user name or the full name. */
export const TypedName = Type.String({ minLength: 1, maxLength: 80 });
/** A temporary code or the code of a downtime card, as it was typed. */
export const TypedCode = Type.String({ pattern: '^[0-9]{8,16}$' });
