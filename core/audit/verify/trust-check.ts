/**
 * Whether the keys from outside really signed this log. Owns that question only: a log that fits its own keys perfectly
 * still fails here under a wrong one.
 */
import { parseCheckpoint, type SignedCheckpoint } from '../checkpoint.ts';
import { verifyCosignature } from '../cosignature.ts';
import { type NoteVerifier, verifyNote } from '../note.ts';
import type { FaultSink } from './fault-sink.ts';
import type { Mark } from './marks.ts';
import type { VerifyOptions } from './source.ts';

export class TrustCheck {
  readonly #options: VerifyOptions;
  readonly #faults: FaultSink;
  #signedByLogKey = 0;
  #unsigned: number | undefined;
  #receipted = 0;
  #receipts = 0;
  #witnessed = 0;
  /** The keys given that are a witness's: of receipts they say nothing. */
  #witnessKeys: readonly NoteVerifier[] = [];

  constructor(options: VerifyOptions, faults: FaultSink) {
    this.#options = options;
    this.#faults = faults;
  }

  /** Largest size under a valid receipt. */
  get receipted(): number {
    return this.#receipted;
  }

  /** The size that a witness cosigned. */
  get witnessed(): number {
    return this.#witnessed;
  }

  /** What the seat kept of a witness, if a given key cosigned it and it is of this log. Anybody could have put anything else there. */
  witness(note: string | undefined, origin: string): SignedCheckpoint | undefined {
    const signed = note === undefined ? undefined : readCheckpoint(note);
    if (signed?.checkpoint.origin !== origin) return undefined;
    this.#witnessKeys = (this.#options.receiptKeys ?? []).filter((key) => verifyCosignature(signed.note, key) !== undefined);
    if (this.#witnessKeys.length === 0) return undefined;
    this.#witnessed = signed.checkpoint.size;
    return signed;
  }

  /** A kept checkpoint: each must carry the log key's signature. */
  kept(mark: Mark): void {
    const { logKey } = this.#options;
    if (logKey === undefined) return;
    if (verifyNote(mark.note, logKey)) this.#signedByLogKey += 1;
    else this.#unsigned ??= mark.checkpoint.size;
  }

  receipt(mark: Mark): boolean {
    const { receiptKeys = [] } = this.#options;
    this.#receipts += 1;
    if (receiptKeys.length === 0) return false;
    if (receiptKeys.some((key) => verifyCosignature(mark.note, key) !== undefined)) {
      this.#receipted = Math.max(this.#receipted, mark.checkpoint.size);
      return true;
    }
    if (this.#witnessKeys.length === receiptKeys.length) return false;
    this.#faults.add({ code: 'RECEIPT_SIGNATURE', detail: `It states a size of ${mark.checkpoint.size}.` });
    return false;
  }

  finish(): void {
    const { logKey, receiptKeys = [] } = this.#options;
    if (logKey !== undefined && this.#signedByLogKey === 0) this.#faults.add({ code: 'KEY_MISMATCH', detail: `It is ${logKey.name}.` });
    else if (this.#unsigned !== undefined) {
      this.#faults.add({ code: 'CHECKPOINT_SIGNATURE', detail: `The log key did not sign the checkpoint of size ${this.#unsigned}.` });
    }
    if (logKey === undefined && receiptKeys.length > this.#witnessKeys.length && this.#receipts === 0)
      this.#faults.add({ code: 'RECEIPT_MISSING' });
  }
}

function readCheckpoint(note: string): SignedCheckpoint | undefined {
  try {
    return parseCheckpoint(note);
  } catch {
    return undefined;
  }
}
