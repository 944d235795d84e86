/**
 * Judges a receipt: the mirror's cosignature over a checkpoint of this very log. Owns that judgement; only what passes here
 * may ever lead to pruning.
 */
import { equalBytes } from '../../core/audit/bytes.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../../core/audit/checkpoint.ts';
import { verifyCosignature } from '../../core/audit/cosignature.ts';
import type { Fault } from '../../core/audit/faults.ts';
import type { NoteVerifier } from '../../core/audit/note.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { ReceiptOutcome } from './types.ts';

/** The log that a receipt is for. */
export interface ReceiptedLog {
  readonly origin: string;
  readonly size: number;
  /** A log that was replaced may be an older copy of itself: then the server rightly holds more. */
  readonly mayBeOlderCopy?: boolean;
  rootAt(size: number): Uint8Array;
}

export type JudgedReceipt =
  | { readonly outcome: 'valid'; readonly signed: SignedCheckpoint }
  /** Of a replaced log: the server holds all of it, and more. */
  | { readonly outcome: 'beyond'; readonly signed: SignedCheckpoint }
  | Extract<ReceiptOutcome, { outcome: 'refused' }>;

export function judgeReceipt(note: string, key: NoteVerifier | undefined, logs: readonly ReceiptedLog[]): JudgedReceipt {
  const signed = read(note);
  if (signed === undefined) return refused('AUDIT_NOTE_MALFORMED', 'The receipt is not a signed checkpoint.');
  const { origin, size, root } = signed.checkpoint;
  if (key === undefined || verifyCosignature(signed.note, key) === undefined) {
    return refused('AUDIT_RECEIPT_REFUSED', 'The receipt is not signed by the key that this seat was enrolled with.');
  }
  const log = logs.find((candidate) => candidate.origin === origin);
  if (log === undefined) return refused('AUDIT_RECEIPT_REFUSED', 'The receipt is for another log.');
  if (size > log.size && log.mayBeOlderCopy === true) return { outcome: 'beyond', signed };
  if (size > log.size) {
    return refused('AUDIT_RECEIPT_REFUSED', 'The receipt covers more than this seat holds.', {
      code: 'RECEIPT_AHEAD',
      range: { from: log.size, to: size - 1 },
    });
  }
  if (!equalBytes(log.rootAt(size), root)) {
    return refused('AUDIT_RECEIPT_REFUSED', 'The receipt is for other entries.', {
      code: 'RECEIPT_FORKED',
      range: { from: 0, to: size - 1 },
    });
  }
  return { outcome: 'valid', signed };
}

function read(note: string): SignedCheckpoint | undefined {
  try {
    return parseCheckpoint(note);
  } catch (error) {
    if (isWardlockError(error)) return undefined;
    throw error;
  }
}

function refused(
  code: 'AUDIT_RECEIPT_REFUSED' | 'AUDIT_NOTE_MALFORMED',
  message: string,
  fault?: Fault,
): Extract<ReceiptOutcome, { outcome: 'refused' }> {
  return fault === undefined ? { outcome: 'refused', code, message } : { outcome: 'refused', code, message, fault };
}
