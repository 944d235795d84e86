/**
 * The log key's signature on heads that leave the seat: by it the server knows whose log it is before any entry of the epoch is there,
 * and tells people when it has less than the seat was receipted for. It must never sign a head that this process neither made nor can
 * prove: a file may have been put in the place of a log.
 */
import { equalBytes } from '../../core/audit/bytes.ts';
import { epochKeyName, logOrigin, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { entryBody, KIND_EPOCH, type LogId, parseHeader } from '../../core/audit/entry.ts';
import { parseEpochBody } from '../../core/audit/epoch.ts';
import { verifyInclusion } from '../../core/audit/merkle.ts';
import { formatNote, type NamedSigner, NOTE_ED25519, noteVerifier, parseNote, signNote, verifyNote } from '../../core/audit/note.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { isDamage } from './database.ts';
import { inclusion, type LogView } from './reader.ts';

export interface LogKey {
  readonly crypto: AuditCrypto;
  readonly logSigner: NamedSigner;
}

/** A head that this process made, under the log key too. */
export function underLogKey({ crypto, logSigner }: LogKey, head: string): string {
  const note = parseNote(head);
  if (note.signatures.some((line) => line.name === logSigner.name)) return head;
  const [line] = signNote(crypto, note.text, [logSigner]).signatures;
  return formatNote({ text: note.text, signatures: line === undefined ? note.signatures : [line, ...note.signatures] });
}

/** The head of a log from another life of the agent: under the log key where that certified the epoch which signed it, else as it is. */
export function provenUnderLogKey(key: LogKey, log: LogId, view: LogView): string {
  try {
    return isByCertifiedEpoch(key, log, view) ? underLogKey(key, view.head) : view.head;
  } catch (error) {
    if (isWardlockError(error) || isDamage(error)) return view.head;
    throw error;
  }
}

/** The last closing checkpoint carries the log key's signature and covers the entry that names the key of the epoch after it. */
function isByCertifiedEpoch({ crypto, logSigner }: LogKey, log: LogId, view: LogView): boolean {
  const closing = view.tables.lastKept();
  if (closing === undefined) return false;
  const { checkpoint, note } = parseCheckpoint(closing.note);
  const logKey = noteVerifier(crypto, { name: logSigner.name, type: NOTE_ED25519, publicKey: logSigner.signer.publicKey });
  if (checkpoint.origin !== logOrigin(log) || !verifyNote(note, logKey)) return false;
  const index = checkpoint.size - 1;
  const entry = view.tables.entry(index);
  if (entry === undefined) return false;
  const { size, root } = checkpoint;
  if (!verifyInclusion(view.hasher, { index, size, leafHash: view.hasher.leaf(entry), root }, inclusion(view, index, size))) return false;
  const header = parseHeader(entry);
  if (header.kind !== KIND_EPOCH || !equalBytes(header.incarnation, log.incarnation)) return false;
  const { publicKey } = parseEpochBody(entryBody(entry));
  const head = parseCheckpoint(view.head);
  const epochKey = noteVerifier(crypto, { name: epochKeyName(log, header.epoch), type: NOTE_ED25519, publicKey });
  return head.checkpoint.origin === logOrigin(log) && head.checkpoint.size >= checkpoint.size && verifyNote(head.note, epochKey);
}
