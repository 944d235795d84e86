/**
 * Whether the keys from outside really signed this log. Owns that question only: a log that fits its own keys perfectly
 * still fails here under a wrong one.
 */
import { parseCheckpoint, type SignedCheckpoint } from '../checkpoint.ts';
import { verifyCosignature } from '../cosignature.ts';
import { type NoteVerifier, verifyNote } from '../note.ts';
import type { FaultSink } from './fault-sink.ts';
import type { Mark } from './marks.ts';
import type { LogSource, VerifyOptions } from './source.ts';

/** What a server calls its witness, alone or below its own name: its cosignature is never taken for a receipt. */
const WITNESS_NAME = /(?:^|\/)witness$/;

export class TrustCheck {
  readonly #options: VerifyOptions;
  readonly #faults: FaultSink;
  #signedByLogKey = 0;
  #unsigned: number | undefined;
  #receipted = 0;
  #receipts = 0;
  #witnessed = 0;
  /** The keys given that are a mirror's: a witness saw a log, and holds nothing of it. */
  #mirrorKeys: readonly NoteVerifier[];

  constructor(options: VerifyOptions, faults: FaultSink) {
    this.#options = options;
    this.#faults = faults;
    this.#mirrorKeys = (options.receiptKeys ?? []).filter(({ name }) => !WITNESS_NAME.test(name));
  }

  /** Largest size under a valid receipt whose root is that of the entries. */
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
    const cosigners = (this.#options.receiptKeys ?? []).filter((key) => verifyCosignature(signed.note, key) !== undefined);
    this.#mirrorKeys = this.#mirrorKeys.filter((key) => !cosigners.includes(key));
    if (cosigners.length === 0) return undefined;
    this.#witnessed = signed.checkpoint.size;
    return signed;
  }

  /** A kept checkpoint: each must carry the log key's signature. `undefined` when no log key was given. */
  kept(mark: Mark): boolean | undefined {
    const { logKey } = this.#options;
    if (logKey === undefined) return undefined;
    const signed = verifyNote(mark.note, logKey);
    if (signed) this.#signedByLogKey += 1;
    else this.#unsigned ??= mark.checkpoint.size;
    return signed;
  }

  receipt(mark: Mark): boolean {
    this.#receipts += 1;
    if (this.#mirrorKeys.some((key) => verifyCosignature(mark.note, key) !== undefined)) return true;
    if (this.#mirrorKeys.length > 0)
      this.#faults.add({ code: 'RECEIPT_SIGNATURE', detail: `It states a size of ${mark.checkpoint.size}.` });
    return false;
  }

  /** The root of something that is proven is that of the entries. */
  fitted({ kind, checkpoint: { size } }: Mark): void {
    if (kind === 'receipt') this.#receipted = Math.max(this.#receipted, size);
  }

  /** Whether a log key was given that signed nothing of what was read so far. */
  get isMismatched(): boolean {
    return this.#options.logKey !== undefined && this.#signedByLogKey === 0;
  }

  /** @param pruned entries that are said to be pruned: the mirror must have had them */
  finish(source: LogSource): void {
    const { logKey } = this.#options;
    const { pruned = 0 } = source;
    if (logKey !== undefined && this.isMismatched) this.#faults.add({ code: 'KEY_MISMATCH', detail: `It is ${logKey.name}.` });
    else if (this.#unsigned !== undefined) {
      this.#faults.add({ code: 'CHECKPOINT_SIGNATURE', detail: `The log key did not sign the checkpoint of size ${this.#unsigned}.` });
    }
    if (logKey === undefined && this.#mirrorKeys.length > 0 && this.#receipts === 0 && source.unreceipted !== true)
      this.#faults.add({ code: 'RECEIPT_MISSING' });
    if (pruned > this.#receipted) {
      const detail =
        this.#mirrorKeys.length === 0 ? "It takes the key of the server's mirror to tell." : 'No receipt that fits covers them.';
      this.#faults.add({ code: 'PRUNED_UNPROVEN', range: { from: 0, to: pruned - 1 }, detail });
    }
  }
}

function readCheckpoint(note: string): SignedCheckpoint | undefined {
  try {
    return parseCheckpoint(note);
  } catch {
    return undefined;
  }
}
