/**
 * The last cosignature of the server's witness over this seat's log, in a file beside the database and the head anchor: it
 * outlives an older copy of both, and no server is needed to hold the store against it at the next start.
 */
import { readFileSync } from 'node:fs';
import { equalBytes, fromUtf8, utf8 } from '../../core/audit/bytes.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { verifyCosignature } from '../../core/audit/cosignature.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { MAX_NOTE_BYTES, type NoteVerifier } from '../../core/audit/note.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { isMissing, replaceSecretFile } from '../keys/durable-file.ts';
import { type JudgedReceipt, judgeReceipt, type ReceiptedLog } from './receipts.ts';

export interface Witnessed {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** When the witness signed, by its clock; milliseconds since 1970. */
  readonly at: number;
  /** The signed text itself, for whoever must be able to check it too. */
  readonly note: string;
}

/** The file as it lies there, for a verifier with a key of its own. */
export function readWitnessedNote(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.length > MAX_NOTE_BYTES ? undefined : fromUtf8(bytes);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What is kept and verifies; a file that is damaged or by another key says nothing. */
export function readWitnessed(path: string, key: NoteVerifier | undefined): Witnessed | undefined {
  const text = readWitnessedNote(path);
  if (key === undefined || text === undefined) return undefined;
  try {
    const { checkpoint, note } = parseCheckpoint(text);
    const seconds = verifyCosignature(note, key);
    return seconds === undefined ? undefined : { ...checkpoint, at: seconds * 1000, note: text };
  } catch (error) {
    if (isWardlockError(error)) return undefined;
    throw error;
  }
}

/** Holds a log against what was witnessed of it; nothing when that was another log. */
export function witnessFaults(witnessed: Witnessed | undefined, log: ReceiptedLog): readonly Fault[] {
  if (witnessed === undefined || witnessed.origin !== log.origin) return [];
  const { size, root } = witnessed;
  if (size > log.size) {
    const detail = `The server's witness cosigned ${size} entries; the store holds ${log.size}.`;
    return [{ code: 'RECEIPT_AHEAD', range: { from: log.size, to: size - 1 }, detail }];
  }
  if (equalBytes(log.rootAt(size), root)) return [];
  return [{ code: 'RECEIPT_FORKED', range: { from: 0, to: size - 1 }, detail: "The server's witness cosigned other entries." }];
}

export class WitnessRecord {
  readonly #path: string;
  readonly #key: NoteVerifier | undefined;
  #latest: Witnessed | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, key: NoteVerifier | undefined) {
    this.#path = path;
    this.#key = key;
    this.#latest = readWitnessed(path, key);
  }

  get latest(): Witnessed | undefined {
    return this.#latest;
  }

  /** Judges what the syncer brought and keeps it. Resolves once it is durable. */
  async take(note: string, log: ReceiptedLog): Promise<JudgedReceipt> {
    const judged = judgeReceipt(note, this.#key, [log]);
    if (judged.outcome !== 'valid' || this.#key === undefined) return judged;
    const at = (verifyCosignature(judged.signed.note, this.#key) ?? 0) * 1000;
    const taken = { ...judged.signed.checkpoint, at, note };
    // An answer that was on its way while a newer one came changes nothing.
    if (this.#latest?.origin === taken.origin && this.#latest.size > taken.size) return judged;
    this.#latest = taken;
    this.#writing = this.#writing.catch(() => undefined).then(() => replaceSecretFile(this.#path, utf8(note)));
    await this.#writing;
    return judged;
  }
}
