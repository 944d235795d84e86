/**
 * Decrypts entries while they are verified, one epoch's keys at a time. Owns those keys until the next epoch; must never
 * pass an event on whose tag does not hold.
 */
import { WardlockError } from '../../errors/index.ts';
import type { AuditCrypto } from '../crypto.ts';
import { parseHeader } from '../entry.ts';
import { deriveEpochKeys, type EpochKeys } from '../epoch.ts';
import { openEntry } from '../seal.ts';
import type { FaultSink } from './fault-sink.ts';
import type { VerifyOptions } from './source.ts';

export class Decryptor {
  readonly #crypto: AuditCrypto;
  readonly #options: VerifyOptions;
  readonly #faults: FaultSink;
  #keys: EpochKeys | undefined;

  constructor(crypto: AuditCrypto, options: VerifyOptions, faults: FaultSink) {
    this.#crypto = crypto;
    this.#options = options;
    this.#faults = faults;
  }

  /** The entry that opens an epoch. Throws AUDIT_KEY_UNSUITABLE when the key is not one of its recipients. */
  epoch(seq: number, entry: Uint8Array): void {
    const { openSecret } = this.#options;
    if (openSecret === undefined) return;
    this.#keys = undefined;
    const header = parseHeader(entry);
    const opened = openSecret(entry, header);
    if (opened.outcome === 'not-a-recipient') {
      throw new WardlockError(
        'AUDIT_KEY_UNSUITABLE',
        `Epoch ${header.epoch} is not sealed to this key. Hand in the reader's or the escrow's private key.`,
      );
    }
    if (opened.outcome === 'opened') this.#keys = deriveEpochKeys(this.#crypto, opened.secret, header);
    else if (opened.outcome === 'commitment-mismatch') this.#faults.add({ code: 'EPOCH_SECRET_MISMATCH', epoch: header.epoch });
    else this.#faults.entry('ENTRY_UNDECRYPTABLE', seq);
  }

  data(seq: number, entry: Uint8Array): void {
    if (this.#options.openSecret === undefined) return;
    const header = parseHeader(entry);
    const json = this.#keys === undefined ? undefined : openEntry(this.#keys, entry, header);
    if (json === undefined) this.#faults.entry('ENTRY_UNDECRYPTABLE', seq);
    else this.#options.onEvent?.(header, json);
  }
}
