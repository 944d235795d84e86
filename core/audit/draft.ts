/**
 * The next piece of a log, before it is durable: entries, completed subtrees and signed checkpoints computed from a chain
 * state. Owns the order seal, link, hash, sign; must never change the state it started from, so that a failed commit
 * leaves nothing behind.
 */
import { WardlockError } from '../errors/index.ts';
import { HASH_BYTES } from './bytes.ts';
import { epochKeyName, formatCheckpoint, logOrigin } from './checkpoint.ts';
import type { CompactRange, TreeNode } from './compact.ts';
import type { AuditCrypto } from './crypto.ts';
import { encodeHeader, HEADER_BYTES, KIND_EPOCH, LINK_BYTES, type LogId, NONCE_BYTES, type Padded } from './entry.ts';
import {
  deriveEpochKeys,
  type EpochBody,
  type EpochKeys,
  type EpochReason,
  encodeEpochBody,
  epochBodyLength,
  epochCommitment,
  type Recipient,
  sealEpochSecret,
} from './epoch.ts';
import type { TreeHasher } from './hasher.ts';
import { type HeadWriter, headWriter } from './head-note.ts';
import { formatNote, type NamedSigner, signNote } from './note.ts';
import { sealEntry } from './seal.ts';
import { BLOCK_LEVEL, isStoredLevel } from './verify/recovering-tree.ts';

/** What the clocks say; see `EntryHeader`. */
export interface EntryTime {
  readonly boot: number;
  readonly wallMicros: number;
  readonly bootMicros: number;
}

export interface ActiveEpoch {
  readonly number: number;
  readonly signer: NamedSigner;
  /** Absent after a restart: E is never stored, so only a new epoch can take events. */
  readonly keys: EpochKeys | undefined;
  readonly firstSeq: number;
}

export interface ChainState {
  readonly log: LogId;
  readonly range: CompactRange;
  /** Cut of the last entry's leaf hash; zeros for an empty log. */
  readonly link: Uint8Array;
  readonly epoch: ActiveEpoch | undefined;
}

export interface EpochOpening {
  readonly reason: EpochReason;
  readonly origin: EpochBody['origin'];
  /** Seed of the new epoch's signing key, already saved. */
  readonly seed: Uint8Array;
  readonly recipients: readonly Recipient[];
  /** The long-lived key, which signs birth and every closing checkpoint. */
  readonly logSigner: NamedSigner;
  readonly time: EntryTime;
}

export const NO_LINK = new Uint8Array(LINK_BYTES);
const SECRET_BYTES = 32;

export interface DraftEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** A kept checkpoint: the birth of the log or the close of an epoch. */
export interface KeptCheckpoint {
  readonly epoch: number;
  readonly size: number;
  readonly note: string;
}

export class LogDraft {
  readonly entries: DraftEntry[] = [];
  /**
   * Completed subtrees of the stored levels; of each closing checkpoint also the smaller ones before the epoch's entry, and
   * its leaf: with them a verifier that met damage just before still holds the entries against that checkpoint.
   */
  readonly nodes: TreeNode[] = [];
  readonly kept: KeptCheckpoint[] = [];
  readonly #crypto: AuditCrypto;
  readonly #hasher: TreeHasher;
  readonly #log: LogId;
  readonly #range: CompactRange;
  /** The last entry's leaf hash, of which the link is the beginning. */
  readonly #leaf = new Uint8Array(HASH_BYTES);
  readonly #link: Uint8Array = this.#leaf.subarray(0, LINK_BYTES);
  #epoch: ActiveEpoch | undefined;

  constructor(crypto: AuditCrypto, hasher: TreeHasher, state: ChainState) {
    this.#crypto = crypto;
    this.#hasher = hasher;
    this.#log = state.log;
    this.#range = state.range.copy();
    this.#link.set(state.link);
    this.#epoch = state.epoch;
  }

  get size(): number {
    return this.#range.end;
  }

  /** The state after this draft; use it once the draft is durable. */
  state(): ChainState {
    return { log: this.#log, range: this.#range, link: this.#link, epoch: this.#epoch };
  }

  /** Opens the next epoch: its entry is the last one under the old key, whose closing checkpoint certifies the new. */
  openEpoch(opening: EpochOpening): void {
    const number = this.#epoch === undefined ? 0 : this.#epoch.number + 1;
    const secret = this.#crypto.random(SECRET_BYTES);
    const signer: NamedSigner = { name: epochKeyName(this.#log, number), signer: this.#crypto.signer(opening.seed) };
    const header = {
      ...this.#place(number, opening.time),
      kind: KIND_EPOCH as typeof KIND_EPOCH,
      paddingClass: 0,
      length: epochBodyLength(opening.recipients.length, opening.origin.kind === 'replacement'),
      nonce: new Uint8Array(NONCE_BYTES),
    };
    const headerBytes = encodeHeader(header);
    const { publicKey } = signer.signer;
    const envelopes = sealEpochSecret(this.#crypto, secret, opening.recipients, { header, headerBytes, publicKey });
    const commitment = epochCommitment(this.#crypto, secret);
    const keys = deriveEpochKeys(this.#crypto, secret, header);
    secret.fill(0);
    const body = encodeEpochBody({ origin: opening.origin, reason: opening.reason, publicKey, commitment, envelopes });
    const entry = new Uint8Array(HEADER_BYTES + body.length);
    entry.set(headerBytes, 0);
    entry.set(body, HEADER_BYTES);
    const before = this.#range.nodes.filter(({ level }) => level < BLOCK_LEVEL);
    const firstSeq = this.#add(entry);
    this.nodes.push(...before, { level: 0, index: firstSeq, hash: this.#hasher.leaf(entry) });
    const closing = this.#epoch ?? { number, signer };
    this.kept.push({ epoch: closing.number, size: this.size, note: this.#sign([opening.logSigner, closing.signer]) });
    this.#epoch = { number, signer, keys, firstSeq };
  }

  /** Seals one event; answers its place. `fresh` are FRESH_BYTES from the kernel. */
  append(padded: Padded, time: EntryTime, fresh: Uint8Array): number {
    const epoch = this.#epoch;
    if (epoch?.keys === undefined) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'No epoch is open, so nothing can be sealed.');
    return this.#add(sealEntry(epoch.keys, this.#place(epoch.number, time), padded, fresh));
  }

  /** The signed head over everything so far. Straight after an epoch entry it is the closing checkpoint itself. */
  head(): string {
    const last = this.kept.at(-1);
    if (last !== undefined && last.size === this.size) return last.note;
    if (this.#epoch === undefined) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'No epoch is open, so nothing can be signed.');
    return headWriterOf(this.#crypto, this.#log, this.#epoch.signer)(this.size, this.#range.root());
  }

  #place(epoch: number, time: EntryTime) {
    const { workstation, incarnation } = this.#log;
    const { boot, wallMicros, bootMicros } = time;
    return { workstation, incarnation, boot, wallMicros, bootMicros, epoch, seq: this.size, link: this.#link };
  }

  #add(bytes: Uint8Array): number {
    const seq = this.size;
    this.#hasher.leafInto(bytes, this.#leaf, 0);
    this.#range.append(this.#leaf, this.#keepNode, BLOCK_LEVEL);
    this.entries.push({ seq, bytes });
    return seq;
  }

  readonly #keepNode = (node: TreeNode): void => {
    if (isStoredLevel(node.level)) this.nodes.push(node);
  };

  #sign(signers: readonly NamedSigner[]): string {
    const text = formatCheckpoint({ origin: logOrigin(this.#log), size: this.size, root: this.#range.root() });
    return formatNote(signNote(this.#crypto, text, signers));
  }
}

/** One for each key: its texts are the same at each commit. */
const headWriters = new WeakMap<NamedSigner, HeadWriter>();

function headWriterOf(crypto: AuditCrypto, log: LogId, signer: NamedSigner): HeadWriter {
  let writer = headWriters.get(signer);
  if (writer === undefined) {
    writer = headWriter(crypto, logOrigin(log), signer);
    headWriters.set(signer, writer);
  }
  return writer;
}
