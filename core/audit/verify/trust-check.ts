/**
 * Whether the keys from outside really signed this log. Owns that question only: a log that fits its own keys perfectly
 * still fails here under a wrong one.
 */
import { verifyCosignature } from '../cosignature.ts';
import { verifyNote } from '../note.ts';
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

  constructor(options: VerifyOptions, faults: FaultSink) {
    this.#options = options;
    this.#faults = faults;
  }

  /** Largest size under a valid receipt. */
  get receipted(): number {
    return this.#receipted;
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
    this.#faults.add({ code: 'RECEIPT_SIGNATURE', detail: `It states a size of ${mark.checkpoint.size}.` });
    return false;
  }

  finish(): void {
    const { logKey, receiptKeys = [] } = this.#options;
    if (logKey !== undefined && this.#signedByLogKey === 0) this.#faults.add({ code: 'KEY_MISMATCH', detail: `It is ${logKey.name}.` });
    else if (this.#unsigned !== undefined) {
      this.#faults.add({ code: 'CHECKPOINT_SIGNATURE', detail: `The log key did not sign the checkpoint of size ${this.#unsigned}.` });
    }
    if (logKey === undefined && receiptKeys.length > 0 && this.#receipts === 0) this.#faults.add({ code: 'RECEIPT_MISSING' });
  }
}
