/**
 * The chain of epochs as a verifier walks it: which key is in force, whether the epoch before certified it, and whether a
 * checkpoint was signed by the right one. Owns those rules; a key that is unknown or not certified signs nothing. Roots are
 * recovering-tree.ts's.
 */
import { utf8 } from '../bytes.ts';
import { epochKeyName } from '../checkpoint.ts';
import type { AuditCrypto } from '../crypto.ts';
import { type EntryHeader, entryBody, type LogId } from '../entry.ts';
import { type EpochBody, parseEpochBody } from '../epoch.ts';
import { checkEd25519PublicKey } from '../key-check.ts';
import { NOTE_ED25519, type NoteVerifier, noteVerifier, type SignedNote, verifyNote } from '../note.ts';
import type { FaultSink } from './fault-sink.ts';
import type { Stretch } from './recovering-tree.ts';
import type { LogStart } from './source.ts';

/** Checkpoints with a bad signature that are kept to ask, at the end, whether a later key made them. */
const MAX_SUSPECTS = 64;

interface EpochKey {
  readonly number: number;
  /** `undefined` when the epoch's entry was missing, unreadable or not the one that was recorded: that was reported. */
  readonly key: NoteVerifier | undefined;
  /** A proven root covers the entry that holds the key. Whoever has the disk can write an epoch that none does. */
  readonly certified: boolean;
}

/** `good`: by a certified key. `open`: by a key that is unknown or not certified, so it proves nothing by itself. */
export type EpochSignature = 'good' | 'open' | 'bad';

export class EpochChain {
  readonly #crypto: AuditCrypto;
  readonly #log: LogId;
  readonly #faults: FaultSink;
  readonly #resumed: boolean;
  #current: EpochKey | undefined;
  #previous: EpochKey | undefined;
  /** The present epoch is the first that is read here: none before it can certify it. */
  #first = false;
  /** The size that certifies the current epoch: its entry is the last one under it. */
  #certifiedAt = -1;
  /** The epoch whose certification has not come yet: its number until the checkpoint of that size was seen. */
  #owed: number | undefined;
  #suspects: { readonly note: SignedNote; readonly epoch: number; readonly size: number }[] = [];
  #count = 0;

  constructor(crypto: AuditCrypto, log: LogId, start: LogStart, faults: FaultSink) {
    this.#crypto = crypto;
    this.#log = log;
    this.#faults = faults;
    this.#resumed = start.size > 0;
    if (start.epoch !== undefined) this.#current = this.#keyOf(start.epoch.number, start.epoch.publicKey, start.size, true);
  }

  get count(): number {
    return this.#count;
  }

  /** A data entry that claims `epoch`. */
  data(seq: number, epoch: number): void {
    const current = this.#current;
    if (current?.number === epoch) return;
    if (current === undefined || epoch > current.number) {
      this.#missing(current, epoch, seq);
      this.#previous = undefined;
      this.#first = false;
      this.#current = { number: epoch, key: undefined, certified: false };
      return;
    }
    this.#faults.entry('EPOCH_ORDER', seq, `It claims epoch ${epoch}; epoch ${current.number} is in force there.`);
  }

  /** The entry that opens an epoch; its body, when it can be read and fits. */
  open(seq: number, entry: Uint8Array, header: EntryHeader): EpochBody | undefined {
    const current = this.#current;
    if (current !== undefined && header.epoch <= current.number) {
      this.#faults.entry('EPOCH_ORDER', seq, `It opens epoch ${header.epoch} after epoch ${current.number}.`);
      return undefined;
    }
    const expected = current === undefined ? (this.#resumed ? header.epoch : 0) : current.number + 1;
    if (header.epoch > expected) this.#missing(current, header.epoch - 1, seq);
    this.#previous = header.epoch === expected ? current : undefined;
    this.#first = current === undefined && header.epoch === expected;
    this.#certifiedAt = seq + 1;
    this.#owed = header.epoch;
    this.#count += 1;
    const body = this.#readBody(seq, entry, header);
    this.#current =
      body === undefined
        ? { number: header.epoch, key: undefined, certified: false }
        : this.#keyOf(header.epoch, body.publicKey, seq, false);
    return body;
  }

  /**
   * Checks the epoch signature of a checkpoint of this size. At the size that certifies a new epoch it is the one before
   * that signs: a key can't certify itself, except the first, which the log key certifies. After pruned history the one
   * before is gone: what speaks for the first epoch is the receipt that pruning needs.
   */
  checkSignature(note: SignedNote, size: number, kept: boolean): EpochSignature {
    const certifies = size === this.#certifiedAt;
    if (certifies && kept) this.#owed = undefined;
    const begins = certifies && this.#first;
    if (begins && this.#current?.number !== 0) return 'good';
    const signer = certifies && !begins ? this.#previous : this.#current;
    if (signer?.key === undefined) return 'open';
    if (verifyNote(note, signer.key)) return signer.certified || begins ? 'good' : 'open';
    if (this.#suspects.length < MAX_SUSPECTS) this.#suspects.push({ note, epoch: signer.number, size });
    else this.#faults.add({ code: 'CHECKPOINT_SIGNATURE', epoch: signer.number });
    return 'bad';
  }

  /**
   * A proven root of this size fits. It certifies the present epoch where it is the closing checkpoint of the one before, or
   * a key from outside signed it; but not by stored hashes in the place of the entry that holds the key.
   */
  fitted(size: number, stretches: readonly Stretch[], outside: boolean): void {
    const current = this.#current;
    if (current === undefined || current.certified) return;
    const opening = this.startedAt;
    if (stretches.some(({ from, to }) => Math.min(Math.max(opening, from), to) === opening)) this.#current = { ...current, key: undefined };
    else this.#current = { ...current, certified: outside || size === this.#certifiedAt };
  }

  /** The first entry of the present epoch. */
  get startedAt(): number {
    return this.#certifiedAt - 1;
  }

  /** Reports what is still owed, and names the checkpoints that the newest key signed in the place of an older one. */
  finish(): void {
    this.reportOwed(Infinity);
    const newest = this.#current?.key;
    for (const { note, epoch, size } of this.#suspects) {
      const message = utf8(note.text);
      const resealed =
        newest !== undefined &&
        this.#current?.number !== epoch &&
        note.signatures.some((line) => newest.verifier.verify(message, line.signature));
      this.#faults.add({
        code: resealed ? 'CHECKPOINT_RESEALED' : 'CHECKPOINT_SIGNATURE',
        epoch,
        detail: `It states a size of ${size}.`,
      });
    }
  }

  /** Called when the log goes on beyond `size`, or ends: the certification must have come by now. */
  reportOwed(size: number): void {
    const epoch = this.#owed;
    if (epoch === undefined || size <= this.#certifiedAt) return;
    this.#owed = undefined;
    this.#faults.add({ code: 'EPOCH_UNCERTIFIED', epoch });
  }

  #readBody(seq: number, entry: Uint8Array, header: EntryHeader): EpochBody | undefined {
    try {
      const body = parseEpochBody(entryBody(entry));
      if ((body.origin.kind === 'later') === (header.epoch === 0)) throw new RangeError('origin');
      return body;
    } catch {
      this.#faults.add({ code: 'EPOCH_MALFORMED', range: { from: seq, to: seq }, epoch: header.epoch });
      return undefined;
    }
  }

  #keyOf(number: number, publicKey: Uint8Array, seq: number, certified: boolean): EpochKey {
    try {
      checkEd25519PublicKey(publicKey);
      const key = noteVerifier(this.#crypto, { name: epochKeyName(this.#log, number), type: NOTE_ED25519, publicKey });
      return { number, key, certified };
    } catch {
      this.#faults.add({ code: 'EPOCH_MALFORMED', range: { from: seq, to: seq }, epoch: number });
      return { number, key: undefined, certified };
    }
  }

  #missing(current: EpochKey | undefined, last: number, seq: number): void {
    const first = current === undefined ? 0 : current.number + 1;
    if (current === undefined && this.#resumed) return;
    const which = first === last ? `Epoch ${first} has no entry` : `Epochs ${first} to ${last} have no entry`;
    this.#faults.add({ code: 'EPOCH_MISSING', epoch: first, detail: `${which} before entry ${seq}.` });
  }
}
