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
import { isDamage } from './database.ts';
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

/** The receipt that a log goes on with. */
export interface KeptReceipt {
  readonly size: number;
  readonly note: string;
}

/** A row of the store: its size is not signed, so only the note's counts. */
type ReceiptRow = KeptReceipt;

/**
 * Judges what lies in the store and in its anchor as a receipt that comes in: whoever has the disk can write either. Answers the one
 * that covers most, and what is wrong with the row.
 */
export function judgeKept(
  row: ReceiptRow | undefined,
  anchored: string | undefined,
  key: NoteVerifier | undefined,
  log: ReceiptedLog,
): { readonly receipt: KeptReceipt | undefined; readonly findings: readonly Fault[] } {
  const inRow = row === undefined ? undefined : judgeHere(row.note, key, log);
  const inAnchor = anchored === undefined || anchored === row?.note ? undefined : judgeHere(anchored, key, log);
  const [receipt] = [inRow, inAnchor]
    .flatMap((judged) => (judged?.outcome === 'valid' ? [judged.receipt] : []))
    .sort((a, b) => b.size - a.size);
  return { receipt, findings: row === undefined || inRow === undefined ? [] : rowFindings(row, inRow) };
}

type JudgedHere = { readonly outcome: 'valid'; readonly receipt: KeptReceipt } | { readonly outcome: 'refused'; readonly why: string };

function judgeHere(note: string, key: NoteVerifier | undefined, log: ReceiptedLog): JudgedHere {
  try {
    const judged = judgeReceipt(note, key, [log]);
    if (judged.outcome === 'refused') return { outcome: 'refused', why: judged.message };
    return { outcome: 'valid', receipt: { size: judged.signed.checkpoint.size, note } };
  } catch (error) {
    // Its entries were pruned under a later one, or can't be read.
    if (isWardlockError(error) || isDamage(error)) return { outcome: 'refused', why: error.message };
    throw error;
  }
}

function rowFindings(row: ReceiptRow, judged: JudgedHere): readonly Fault[] {
  if (judged.outcome === 'refused') return [{ code: 'RECEIPT_SIGNATURE', detail: `What the store holds does not count. ${judged.why}` }];
  const { size } = judged.receipt;
  if (row.size === size) return [];
  return [{ code: 'RECEIPT_SIGNATURE', detail: `The store says that ${row.size} entries are receipted; what is signed covers ${size}.` }];
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
