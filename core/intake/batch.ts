/**
 * Judges one batch of entries against what is stored of a log: places, links, epochs, root and signature. Pure: state in,
 * new state or a named fault out. It accepts a batch as a whole or not at all, and needs no key that decrypts.
 */

import { entryBody } from '../audit/entry.ts';
import {
  type AuditCrypto,
  CompactRange,
  type EntryHeader,
  epochKeyName,
  equalBytes,
  type FaultCode,
  KIND_EPOCH,
  LINK_BYTES,
  type LogId,
  logOrigin,
  NOTE_ED25519,
  type NoteVerifier,
  noteVerifier,
  parseCheckpoint,
  parseEpochBody,
  parseHeader,
  type SignedCheckpoint,
  type TreeHasher,
  verifyConsistency,
  verifyNote,
} from '../audit/index.ts';
import { isWardlockError } from '../errors/index.ts';

/** What is known of a log after its stored entries. */
export interface LogState {
  readonly size: number;
  /** Hashes of the frontier, left to right. */
  readonly frontier: readonly Uint8Array[];
  /** Cut of the last leaf hash; empty before the first entry. */
  readonly link: Uint8Array;
  /** The epoch in force and its public key; null before the first entry. */
  readonly epoch: { readonly number: number; readonly publicKey: Uint8Array } | null;
}

export const emptyLog: LogState = { size: 0, frontier: [], link: new Uint8Array(LINK_BYTES), epoch: null };

export interface Batch {
  readonly log: LogId;
  /** The entries start exactly at the state's size. */
  readonly entries: readonly Uint8Array[];
  readonly note: string;
  /** From the batch's end to the checkpoint's size; empty when they are the same. */
  readonly proof: readonly Uint8Array[];
  /** The long-lived key of the seat. */
  readonly logKey: NoteVerifier;
  /** What an anchor pinned: the root there must be the same. */
  readonly pinned: { readonly size: number; readonly root: Uint8Array; readonly note: string };
}

export type Birth = 'enrolment' | 'replacement' | null;

export type Verdict =
  | {
      readonly accepted: true;
      readonly state: LogState;
      readonly root: Uint8Array;
      readonly leafHashes: readonly Uint8Array[];
      /** The batch ends with the entry that closes an epoch: its checkpoint is kept for ever. */
      readonly closing: boolean;
      /** How the log was born, when this batch holds its first entry. */
      readonly birth: Birth;
      /** Whether the key of its epoch signed the checkpoint that was anchored; null where this batch does not reach it. */
      readonly anchorProven: boolean | null;
    }
  | { readonly accepted: false; readonly fault: FaultCode; readonly detail: string };

export interface IntakePorts {
  readonly crypto: AuditCrypto;
  readonly hasher: TreeHasher;
}

type Refused = Extract<Verdict, { accepted: false }>;
const refused = (fault: FaultCode, detail: string): Refused => ({ accepted: false, fault, detail });

/** Judges an upload as a whole against what is stored of its log: places, links, epochs, root and signature. It stores nothing. */
export function judgeBatch(ports: IntakePorts, state: LogState, batch: Batch): Verdict {
  const signed = readCheckpoint(batch);
  if ('accepted' in signed) return signed;
  const walked = walk(ports, state, batch);
  if ('accepted' in walked) return walked;
  const { range } = walked;
  const { checkpoint, note } = signed;
  if (checkpoint.size < range.end)
    return refused('UNSIGNED_TAIL', `The checkpoint covers ${checkpoint.size} entries; the batch ends at ${range.end}.`);
  const root = range.root();
  const claim = { oldSize: range.end, oldRoot: root, size: checkpoint.size, root: checkpoint.root };
  const fits =
    checkpoint.size === range.end
      ? equalBytes(root, checkpoint.root) && batch.proof.length === 0
      : verifyConsistency(ports.hasher, claim, batch.proof);
  if (!fits)
    return refused('CHECKPOINT_ROOT', `The entries up to ${range.end} do not lead to the root of the checkpoint of ${checkpoint.size}.`);
  if (!verifyNote(note, walked.signer)) return refused('CHECKPOINT_SIGNATURE', `The checkpoint is not signed by ${walked.signer.name}.`);
  const certifies = state.size === 0 || walked.closing;
  if (certifies && checkpoint.size !== range.end) {
    return refused('EPOCH_UNCERTIFIED', 'An entry that opens an epoch comes last in its batch, under the checkpoint of exactly that size.');
  }
  if (certifies && !verifyNote(note, batch.logKey))
    return refused('KEY_MISMATCH', 'The checkpoint lacks the signature of the key fixed at enrolment.');
  const { closing, birth, epoch, link, leafHashes } = walked;
  const frontier = range.nodes.map(({ hash }) => hash);
  const reached = state.size < batch.pinned.size && batch.pinned.size <= range.end;
  const anchorProven = reached ? verifyNote(parseCheckpoint(batch.pinned.note).note, walked.signer) : null;
  return { accepted: true, state: { size: range.end, frontier, link, epoch }, root, leafHashes, closing, birth, anchorProven };
}

function readCheckpoint({ note, log }: Batch): SignedCheckpoint | Refused {
  try {
    const signed = parseCheckpoint(note);
    return signed.checkpoint.origin === logOrigin(log) ? signed : refused('CHECKPOINT_FOREIGN', 'The checkpoint names another log.');
  } catch (error) {
    if (isWardlockError(error)) return refused('CHECKPOINT_MALFORMED', error.message);
    throw error;
  }
}

interface Walked {
  readonly range: CompactRange;
  readonly leafHashes: readonly Uint8Array[];
  readonly link: Uint8Array;
  readonly epoch: { readonly number: number; readonly publicKey: Uint8Array };
  /** Whose key must have signed the checkpoint: the epoch that the batch lies in. */
  readonly signer: NoteVerifier;
  readonly closing: boolean;
  readonly birth: Birth;
}

function walk({ crypto, hasher }: IntakePorts, state: LogState, batch: Batch): Walked | Refused {
  const range = CompactRange.frontier(hasher, state.size, state.frontier);
  const leafHashes: Uint8Array[] = [];
  let { link, epoch } = state;
  let signing = epoch;
  let closing = false;
  let birth: Birth = null;
  for (const entry of batch.entries) {
    const seq = range.end;
    const header = headerOf(entry);
    const fault = header === null ? 'ENTRY_MALFORMED' : misplaced(header, { seq, link, log: batch.log });
    if (header === null || fault !== null) return refused(fault ?? 'ENTRY_MALFORMED', `At entry ${seq}.`);
    if (closing) return refused('EPOCH_ORDER', `The batch goes on at ${seq} beyond the close of its epoch.`);
    if (header.kind === KIND_EPOCH) {
      const opened = openEpoch(crypto, entry, { header, current: epoch });
      if ('accepted' in opened) return opened;
      closing = epoch !== null;
      birth = opened.birth;
      epoch = opened.epoch;
      signing ??= epoch;
    } else if (epoch === null || header.epoch !== epoch.number) {
      return refused('EPOCH_ORDER', `Entry ${seq} claims epoch ${header.epoch}.`);
    }
    const leaf = hasher.leaf(entry);
    range.append(leaf);
    leafHashes.push(leaf);
    link = leaf.subarray(0, LINK_BYTES);
    if (range.end === batch.pinned.size && !equalBytes(range.root(), batch.pinned.root)) {
      return refused('RECEIPT_FORKED', `The first ${range.end} entries are not those that this seat anchored.`);
    }
  }
  if (epoch === null || signing === null || leafHashes.length === 0) return refused('ENTRY_MISSING', 'The batch is empty.');
  const signer = noteVerifier(crypto, { name: epochKeyName(batch.log, signing.number), type: NOTE_ED25519, publicKey: signing.publicKey });
  return { range, leafHashes, link, epoch, signer, closing, birth };
}

function headerOf(entry: Uint8Array): EntryHeader | null {
  try {
    return parseHeader(entry);
  } catch (error) {
    if (isWardlockError(error)) return null;
    throw error;
  }
}

interface Place {
  readonly seq: number;
  readonly link: Uint8Array;
  readonly log: LogId;
}

function misplaced(header: EntryHeader, { seq, link, log }: Place): FaultCode | null {
  if (!equalBytes(header.workstation, log.workstation) || !equalBytes(header.incarnation, log.incarnation)) return 'ENTRY_FOREIGN';
  if (header.seq !== seq) return 'ENTRY_REORDERED';
  return equalBytes(header.link, link) ? null : 'ENTRY_ALTERED';
}

interface Opening {
  readonly header: EntryHeader;
  readonly current: LogState['epoch'];
}

function openEpoch(
  crypto: AuditCrypto,
  entry: Uint8Array,
  { header, current }: Opening,
): { readonly epoch: NonNullable<LogState['epoch']>; readonly birth: Birth } | Refused {
  const expected = current === null ? 0 : current.number + 1;
  if (header.epoch !== expected) return refused('EPOCH_ORDER', `Entry ${header.seq} opens epoch ${header.epoch}; ${expected} was to come.`);
  try {
    const body = parseEpochBody(entryBody(entry));
    crypto.verifier(body.publicKey);
    const { kind } = body.origin;
    if ((kind === 'later') !== expected > 0)
      return refused('EPOCH_MALFORMED', `Entry ${header.seq} states an origin that does not fit its place.`);
    return { epoch: { number: expected, publicKey: body.publicKey }, birth: kind === 'later' ? null : kind };
  } catch (error) {
    if (isWardlockError(error)) return refused('EPOCH_MALFORMED', error.message);
    throw error;
  }
}
