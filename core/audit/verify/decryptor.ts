/**
 * Decrypts entries while they are verified, one epoch's keys at a time. Owns those keys until the next epoch; must never
 * pass an event on whose tag does not hold.
 */
import type { AuditCrypto } from '../crypto.ts';
import { parseHeader } from '../entry.ts';
import { deriveEpochKeys, type EpochKeys } from '../epoch.ts';
import { openEntry } from '../seal.ts';
import type { FaultSink } from './fault-sink.ts';
import type { DecryptSummary, VerifyOptions } from './source.ts';

export class Decryptor {
  readonly #crypto: AuditCrypto;
  readonly #options: VerifyOptions;
  readonly #faults: FaultSink;
  #keys: EpochKeys | undefined;
  #isForeign = false;
  readonly #opened = { epochs: 0, foreignEpochs: 0, foreignEntries: 0 };

  constructor(crypto: AuditCrypto, options: VerifyOptions, faults: FaultSink) {
    this.#crypto = crypto;
    this.#options = options;
    this.#faults = faults;
  }

  /** What the keys given opened, and what is sealed to others: a log outlives its readers' keys, so that is no fault. */
  get opened(): DecryptSummary {
    return { ...this.#opened };
  }

  /** The entry that opens an epoch. One that can't be read has been named by whoever checks the chain of epochs. */
  epoch(seq: number, entry: Uint8Array): void {
    const { openSecret } = this.#options;
    if (openSecret === undefined) return;
    this.#keys = undefined;
    const header = parseHeader(entry);
    const opened = openSecret(entry, header);
    this.#isForeign = opened.outcome === 'not-a-recipient';
    if (this.#isForeign) this.#opened.foreignEpochs += 1;
    if (opened.outcome === 'opened') {
      this.#keys = deriveEpochKeys(this.#crypto, opened.secret, header);
      this.#opened.epochs += 1;
    } else if (opened.outcome === 'commitment-mismatch') this.#faults.add({ code: 'EPOCH_SECRET_MISMATCH', epoch: header.epoch });
    else if (opened.outcome === 'envelope-damaged') this.#faults.entry('ENTRY_UNDECRYPTABLE', seq);
  }

  data(seq: number, entry: Uint8Array): void {
    if (this.#options.openSecret === undefined) return;
    if (this.#isForeign) {
      this.#opened.foreignEntries += 1;
      return;
    }
    const header = parseHeader(entry);
    const json = this.#keys === undefined ? undefined : openEntry(this.#keys, entry, header);
    if (json === undefined) this.#faults.entry('ENTRY_UNDECRYPTABLE', seq);
    else this.#options.onEvent?.(header, json);
  }
}
