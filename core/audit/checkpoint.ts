/**
 * C2SP tlog-checkpoint: origin, size and root as the text of a signed note, and the names under which seats sign.
 * Owns those names; must never be lenient about the text, because the signature covers its bytes.
 */
import { WardlockError } from '../errors/index.ts';
import { fromBase64, HASH_BYTES, parseDecimal, toBase64, toHex } from './bytes.ts';
import type { LogId } from './entry.ts';
import { parseNote, type SignedNote } from './note.ts';

export interface Checkpoint {
  /** Names the log: one per (workstation, incarnation). */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: SignedNote;
}

const ORIGIN_PREFIX = 'wardlock/seat';
const ORIGIN = /^[^\s+]{1,255}$/;

/** Name of a seat's long-lived log key, fixed at enrolment; it outlives incarnations. */
export function logKeyName(workstation: Uint8Array): string {
  return `${ORIGIN_PREFIX}/${toHex(workstation)}`;
}

/** The origin line of a log. */
export function logOrigin(log: LogId): string {
  return `${logKeyName(log.workstation)}/${toHex(log.incarnation)}`;
}

/** Name under which an epoch's own key signs. */
export function epochKeyName(log: LogId, epoch: number): string {
  return `${logOrigin(log)}/epoch/${epoch}`;
}

/** The text of a checkpoint without extension lines (C2SP tlog-checkpoint). */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
}

/** Reads the text of a checkpoint; extension lines are refused, since no seat writes one. Throws AUDIT_NOTE_MALFORMED. */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin = '', sizeLine = '', rootLine = '', last, ...rest] = text.split('\n');
  const size = parseDecimal(sizeLine);
  const root = fromBase64(rootLine);
  if (!ORIGIN.test(origin) || size === undefined || root?.length !== HASH_BYTES || last !== '' || rest.length > 0) {
    throw new WardlockError('AUDIT_NOTE_MALFORMED', 'This is not a checkpoint: expected an origin, a size and a root of 32 bytes.');
  }
  return { origin, size, root };
}

/** Parses note and checkpoint in one; nothing is verified yet. */
export function parseCheckpoint(input: string | Uint8Array): SignedCheckpoint {
  const note = parseNote(input);
  return { checkpoint: parseCheckpointText(note.text), note };
}
