/**
 * What the verifier reads and what it answers. Owns these shapes alone: where the bytes come from (a snapshot, a running
 * store, a test) is the caller's, and nothing here is believed because a source says so.
 */
import type { EntryHeader, LogId } from '../entry.ts';
import type { OpenedSecret } from '../epoch.ts';
import type { NoteVerifier } from '../note.ts';

/** Where verification starts: at an empty tree, after pruned history, or in the middle of an epoch. */
export interface LogStart {
  readonly size: number;
  /** The frontier of the first `size` leaves, left to right. Claimed; the first signed root proves or refutes it. */
  readonly hashes: readonly Uint8Array[];
  /** The epoch in force at `size`, where the first entry does not open one. */
  readonly epoch?: { readonly number: number; readonly publicKey: Uint8Array };
}

export interface StoredEntry {
  /** The place at which the source holds the bytes. */
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** Entries that a source read in one piece. */
export interface EntryPage {
  readonly length: number;
  /** The place at which the source holds the entry. */
  seq(at: number): number;
  /** Its bytes: right until those of another entry, or the next page, are asked for. */
  bytes(at: number): Uint8Array;
}

export interface LogSource {
  readonly log: LogId;
  readonly start: LogStart;
  /** In the order of `seq`. */
  entries(): Iterable<StoredEntry>;
  /** The same in larger pieces, where the source reads such: a step for each entry costs as much as checking it. */
  pages?(): Iterable<EntryPage>;
  /** Notes of the kept checkpoints, by size: the one of birth and the closing one of each epoch. */
  checkpoints(): Iterable<string>;
  /** The signed head. */
  readonly head: string | undefined;
  /** The leaf hash of the last entry as the writer saw it, cut to a link. Unsigned: it only helps to name an entry. */
  readonly lastLink?: Uint8Array | undefined;
  /** Cosigned checkpoints that the seat holds. */
  readonly receipts: readonly string[];
  /** The note in the head anchor; `undefined` where the source has no anchor, such as a part of a log. */
  readonly anchor?: string | undefined;
  /** The newest checkpoint that the server's witness cosigned, as the seat kept it. It counts only under a key that cosigned it. */
  readonly witnessed?: string | undefined;
  /** How many entries are said to be pruned, where `start` says so: nothing but a receipt over them proves it. */
  readonly pruned?: number | undefined;
  /** A log whose receipts lie nowhere beside it: that there is none says nothing. */
  readonly unreceipted?: boolean | undefined;
  /** Stored subtree hashes: unsigned, used only to go on behind a damaged block, and then proven by a signed root. */
  node?(level: number, index: number): Uint8Array | undefined;
}

export interface VerifyOptions {
  /** The seat's long-lived log key, from outside. */
  readonly logKey?: NoteVerifier | undefined;
  /** The server's cosigning keys, from outside. */
  readonly receiptKeys?: readonly NoteVerifier[] | undefined;
  /** Opens the secret of an epoch; entries are then decrypted too. The entry is right until this returns. */
  readonly openSecret?: ((epochEntry: Uint8Array, header: EntryHeader) => OpenedSecret) | undefined;
  /** A decrypted event. Not verified until `onVerified` names a size beyond it. The header's bytes are right until this returns. */
  readonly onEvent?: ((header: EntryHeader, json: string) => void) | undefined;
  /** Everything below `size` is under a root now that a certified key or one from outside signed. */
  readonly onVerified?: ((size: number) => void) | undefined;
}

/** What became of the epochs where keys were given. */
export interface DecryptSummary {
  /** Epochs that were opened. */
  readonly epochs: number;
  /** Epochs sealed to none of the keys, and the entries in them: verified and not decrypted. */
  readonly foreignEpochs: number;
  readonly foreignEntries: number;
}

export interface VerifySummary {
  /** First entry that was read, and the size of the log. */
  readonly from: number;
  readonly size: number;
  readonly entries: number;
  readonly epochs: number;
  /** Size up to which a proven root was matched. */
  readonly verified: number;
  /** Largest size under a valid receipt by a given key that fits; 0 without. */
  readonly receipted: number;
  /** The size that a witness cosigned, by a given key; 0 without. */
  readonly witnessed: number;
  readonly faults: number;
  readonly firstWallMicros: number | undefined;
  readonly lastWallMicros: number | undefined;
  /** The frontier at the end, to go on from. */
  readonly hashes: readonly Uint8Array[];
}

/** What a reading answers that could decrypt, too. */
export interface ReadSummary extends VerifySummary {
  readonly opened: DecryptSummary;
}
