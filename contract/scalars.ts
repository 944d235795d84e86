/**
 * The small types that every boundary shares, each with its limits. A limit lives here once and nowhere else.
 */
import Type from 'typebox';

/** Ids are chosen by Wardlock or by the policy's author: short, printable, safe in a path and in a log. */
export const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' });
export const SessionId = Type.String({ pattern: '^[0-9a-f]{32}$' });
export const WorkstationId = Type.String({ pattern: '^[0-9a-f]{32}$' });
export const Sha256Hex = Type.String({ pattern: '^[0-9a-f]{64}$' });
export const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' });
/** Shown to people. Never patient data. */
export const Label = Type.String({ minLength: 1, maxLength: 120 });
/** RFC 3339 in UTC. */
export const Timestamp = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,6})?Z$' });
export const Milliseconds = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Seconds = Type.Integer({ minimum: 0, maximum: 31_622_400 });
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Nothing = Type.Object({}, { additionalProperties: false });
/** What a reader gives: the card's UID or the wedge's text, normalised to upper-case hexadecimal or digits. Raw ids never enter the log. */
export const BadgeNumber = Type.String({ pattern: '^[0-9A-Za-z-]{4,64}$' });
export const Pin = Type.String({ pattern: '^[0-9]{4,12}$' });
