/**
 * The codes of one event: those of its type, made exact by what it says. A login after too many tries is a serious failure, a
 * tap-over is a switch of users, an unlock is a login of its own kind, and a lock that nobody asked for is the seat's doing.
 */
import { type EventCodes, eventCodes } from './event-codes.ts';

export interface ExactCodes extends EventCodes {
  /** OCSF logon_type_id where it is known: 7 is an unlock. */
  readonly logonType?: 7;
  /** Whose act it was: DICOM and FHIR ask which participant is the requestor. */
  readonly requestor: 'person' | 'seat';
  /** FHIR purpose of use (HL7 v3 ActReason) where it is not the ordinary one: break the glass. */
  readonly purpose?: 'BTG';
  /** DCM role ids of the participants beside the requestor: the application, and what launched it. */
  readonly roles?: readonly number[];
  /** FHIR and DICOM role of the object that was read: 13 is a security resource. */
  readonly objectRole?: 13;
  /** A switch of users is two DICOM events: the type of the one to be written first, a logout. */
  readonly dicomBefore?: { readonly id: number; readonly type: number };
}

const MINOR_FAILURE = 4;
const SERIOUS_FAILURE = 8;
const USER_SWITCH = 300_207;
/** Security roles changed; OCSF Authorize Session: Assign Privileges. */
const ROLES_CHANGED = { dicom: 110_136, typeUid: 300_301 } as const;
const DEVICE_ATTACHED = 101_001;
const UNLOCK = 7;
const BREAK_THE_GLASS = 'BTG';
const SECURITY_RESOURCE = 13;
const APPLICATION_AND_LAUNCHER: readonly number[] = [110_150, 110_151];
const LOGOUT = { id: 110_114, type: 110_123 } as const;
/** Reasons of locks and ends that a person chose; all others are the seat's. */
const CHOSEN: ReadonlySet<string> = new Set(['logout', 'pressed', 'taken-over']);
const ACCOUNT_BLOCKED: ReadonlySet<string> = new Set(['pin.blocked', 'pin.wait', 'code.wait']);
const BY_THE_SEAT = /^(recording|policy|directory|tamper|clock|power|ui|reader|sync|border)\./;

/** Null for a type that this version does not know. @param body as it was decrypted: checked here field by field */
export function codesOf(type: string, body: Readonly<Record<string, unknown>>): ExactCodes | null {
  const codes = Object.entries(eventCodes).find(([known]) => known === type)?.[1];
  if (codes === undefined) return null;
  const exact = { ...codes, requestor: requestorOf(type, body['reason']) };
  if (type === 'session.unlocked') return { ...exact, logonType: UNLOCK };
  if (type === 'session.started' && typeof body['replaces'] === 'string')
    return { ...exact, ocsf: { ...codes.ocsf, typeUid: USER_SWITCH }, dicomBefore: LOGOUT };
  if (type.startsWith('breakglass.')) return { ...exact, purpose: BREAK_THE_GLASS };
  if (type === 'app.launched' || type === 'app.exited') return { ...exact, roles: APPLICATION_AND_LAUNCHER };
  if (type === 'print.ended' && body['outcome'] !== 'sent') return { ...exact, outcome: MINOR_FAILURE, ocsf: { ...codes.ocsf, status: 2 } };
  if (type === 'directory.applied' && Number(body['roles'] ?? 0) > 0) return withRoles(exact);
  // A reader that works is one that was attached, or is there again.
  if (type === 'reader.state' && body['state'] === 'ok') return { ...exact, ocsf: { ...codes.ocsf, typeUid: DEVICE_ATTACHED } };
  if (type === 'recording.read') return { ...exact, objectRole: SECURITY_RESOURCE };
  const lockedOut = type === 'auth.refused' && (ACCOUNT_BLOCKED.has(String(body['reason'])) || isLastTry(body));
  return lockedOut ? { ...exact, outcome: SERIOUS_FAILURE } : exact;
}

function withRoles(codes: ExactCodes): ExactCodes {
  const { dicom, typeUid } = ROLES_CHANGED;
  return { ...codes, dicom: { ...codes.dicom, type: dicom }, ocsf: { ...codes.ocsf, typeUid } };
}

function isLastTry({ reason, triesLeft }: Readonly<Record<string, unknown>>): boolean {
  return reason === 'pin.wrong' && triesLeft === 0;
}

function requestorOf(type: string, reason: unknown): ExactCodes['requestor'] {
  if (type === 'session.locked' || type === 'session.ended' || type === 'breakglass.ended') {
    return CHOSEN.has(String(reason)) ? 'person' : 'seat';
  }
  return BY_THE_SEAT.test(type) && type !== 'recording.read' ? 'seat' : 'person';
}
