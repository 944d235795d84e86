/**
 * The closed union of what can be wrong with a log, each with its name and its sentence. A verifier answers with these
 * and never with a bare no. docs/audit-verify.md has a row for each; a test holds the two against each other.
 */
export const faultMeanings = {
  ENTRY_MALFORMED: 'The entry cannot be read: its header is not one that a seat writes.',
  ENTRY_ALTERED: 'The entry is not the one that was recorded.',
  ENTRY_MISSING: 'Entries are missing.',
  ENTRY_DUPLICATE: 'The entry is a copy of another.',
  ENTRY_REORDERED: 'The entry is not in its place.',
  ENTRY_FOREIGN: 'The entry belongs to another seat or another incarnation.',
  ENTRIES_UNVERIFIED: 'No signed root could be held against these entries, so whether they are those that were recorded is not known.',
  ENTRY_UNDECRYPTABLE: 'The entry does not open under the keys of its epoch.',
  EVENT_MISMATCH: 'The event shown is not what the entry holds.',
  EPOCH_MISSING: 'Epochs are missing.',
  EPOCH_ORDER: 'The entry claims an epoch that is not the one in force at its place.',
  EPOCH_MALFORMED: 'The entry that opens the epoch cannot be read or holds an unsuitable key.',
  EPOCH_UNCERTIFIED: 'The epoch before it did not certify this epoch: its closing checkpoint is missing.',
  EPOCH_SECRET_MISMATCH: 'The secret of the epoch is not the one that the epoch committed to.',
  CHECKPOINT_MALFORMED: 'A checkpoint cannot be read.',
  CHECKPOINT_FOREIGN: 'A checkpoint belongs to another log.',
  CHECKPOINT_SIGNATURE: 'A checkpoint is not signed by the key of its epoch.',
  CHECKPOINT_RESEALED: 'A checkpoint is signed by the key of a later epoch: history was written again.',
  CHECKPOINT_ROOT: 'The entries are not those that the checkpoint was signed over.',
  HEAD_MISSING: 'The log has no signed head: nothing seals its end.',
  UNSIGNED_TAIL: 'Entries stand after the signed head: nothing seals them.',
  ENTRIES_TRUNCATED: 'The signed head covers entries that are not there: the end was cut off.',
  RECEIPT_AHEAD: 'The server gave a receipt for entries that are not there.',
  RECEIPT_FORKED: 'The entries are not those that the server gave its receipt for.',
  RECEIPT_SIGNATURE: 'A receipt is not signed by the server key given.',
  RECEIPT_MISSING: 'There is no receipt by the server key given.',
  ANCHOR_AHEAD: 'The head anchor names entries that are not there: the store went back in time.',
  ANCHOR_FORKED: 'The entries are not those that the head anchor names.',
  ANCHOR_MISSING: 'The head anchor is missing or damaged.',
  STORE_MISSING: 'The store is gone although the seat has recorded before.',
  STORE_DAMAGED: 'The database of the store is damaged.',
  INDEX_FORGED: 'A stored hash of the tree was not that of its entries; it was computed again from verified entries.',
  EMERGENCY_DAMAGED: 'A part of the emergency log cannot be read: it was changed, or the power went while it was written.',
  EMERGENCY_MISSING: 'The emergency log holds less than the record was told of.',
  KEYS_LOST: 'The signing key of the present epoch is gone, so the log cannot be continued.',
  KEY_MISMATCH: 'The log is not signed by the key given.',
  PROOF_INVALID: 'A proof does not lead to the signed root.',
  PRUNED_UNPROVEN: 'Entries are said to be pruned, and no server key given signed that.',
  EXPORT_TRUNCATED: 'The export ends before its last line.',
  EXPORT_EMPTY: 'The export proves no entry of a log: it answers nothing.',
  EXPORT_MALFORMED: 'A line of the export cannot be read.',
  UNANCHORED: 'No key from outside speaks for the log: a log that vouches for itself proves nothing.',
} as const;

export type FaultCode = keyof typeof faultMeanings;

export interface Fault {
  readonly code: FaultCode;
  /** First and last entry concerned; the same for one entry. Absent when the fault is not about entries. */
  readonly range?: { readonly from: number; readonly to: number };
  readonly epoch?: number;
  /** A plain sentence with what was found; begins where the meaning ends. */
  readonly detail?: string;
}

/** One line for a person: code, where, and plain words. */
export function describeFault(fault: Fault): string {
  const where = [];
  if (fault.range !== undefined) {
    const { from, to } = fault.range;
    where.push(from === to ? `entry ${from}` : `from ${from} to ${to}`);
  }
  if (fault.epoch !== undefined) where.push(`epoch ${fault.epoch}`);
  const place = where.length > 0 ? ` ${where.join(', ')}` : '';
  const detail = fault.detail === undefined ? '' : ` ${fault.detail}`;
  return `${fault.code}${place}: ${faultMeanings[fault.code]}${detail}`;
}
