/**
 * One open log with its writer, anchor and reader: what exists between opening and breaking or closing. Owns their wiring
 * and the anchor's content; must never outlive its database.
 */
import { type Stats, statSync } from 'node:fs';
import { toHex, utf8 } from '../../core/audit/bytes.ts';
import { logOrigin } from '../../core/audit/checkpoint.ts';
import type { LogId } from '../../core/audit/entry.ts';
import type { EpochReason, Recipient } from '../../core/audit/epoch.ts';
import { type TreeHasher, treeHasher } from '../../core/audit/hasher.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { AnchorRecord, AnchorWriter } from './anchor.ts';
import { isFull, type StoreDatabase } from './database.ts';
import { type HashLookup, pagedHashes } from './hash-pages.ts';
import { type LiveLog, type LogParts, namedLogSigner } from './incarnation.ts';
import { underLogKey } from './log-signature.ts';
import type { Pruned } from './nodes.ts';
import { type Batch, type LogView, type ReadLimits, readBatch, rootAt } from './reader.ts';
import type { KeptReceipt, ReceiptedLog } from './receipts.ts';
import { releaseKeys } from './release.ts';
import { needsRoom, pruneStep, usedBytes } from './retention.ts';
import type { RetiredLogs } from './retired.ts';
import { type SnapshotParts, writeSnapshot } from './snapshot.ts';
import { readPruned } from './source.ts';
import type { Tables } from './tables.ts';
import { type Rotation, type Submitted, Writer } from './writer.ts';

/** The store's fill is measured again after so many entries. */
const MEASURE_ENTRIES = 512;

export interface LiveOptions {
  readonly parts: LogParts;
  readonly anchor: AnchorWriter;
  readonly capacityBytes: number;
  /** Logs that were replaced: they are counted when room is wanted, and the oldest with a receipt goes first. */
  readonly retired: Pick<RetiredLogs, 'usedBytes' | 'makeRoom'>;
  readonly appended: () => void;
  readonly broke: (error: unknown) => void;
  readonly problem: (what: string, error: unknown) => void;
}

export class LiveStore {
  readonly tables: Tables;
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
  readonly #db: StoreDatabase;
  /** Which file this is, whatever its path may lead to later. */
  readonly #file: FileIdentity;
  /** Never the state that the log was opened with: it would keep the keys of its epoch in memory. */
  readonly #log: LogId;
  readonly #options: LiveOptions;
  readonly #writer: Writer;
  readonly #hasher: TreeHasher;
  readonly #hashes: HashLookup;
  #receipt: KeptReceipt | undefined;
  /** The size of the one that this life stored: it stays behind while the disk is full. */
  #storedReceipt: number | undefined;
  #pruned: Pruned;
  #pruning = false;
  #measuredAt = 0;
  #usedBytes: number;
  #closed = false;

  constructor(log: LiveLog, options: LiveOptions) {
    this.tables = log.tables;
    this.#db = log.db;
    this.#file = statSync(log.db.name);
    this.#log = log.state.log;
    this.incarnation = toHex(log.state.log.incarnation);
    this.#options = options;
    this.#hasher = treeHasher(options.parts.crypto);
    this.#hashes = pagedHashes(log.tables, this.#hasher);
    this.#receipt = log.receipt;
    this.#pruned = readPruned(log.tables);
    this.#usedBytes = usedBytes(log.db);
    const { parts } = options;
    this.#writer = new Writer(
      {
        db: log.db,
        tables: log.tables,
        crypto: parts.crypto,
        hasher: this.#hasher,
        keyFile: parts.keyFile,
        logSigner: namedLogSigner(parts),
        now: parts.now,
      },
      {
        committed: (_head, urgent) => this.#committed(urgent),
        anchored: () => this.#anchored(),
        rotated: releaseKeys,
        broke: options.broke,
        rotationFailed: (error) => options.problem('The change of the epoch key failed; the present epoch goes on.', error),
      },
      { state: log.state, head: log.head, recipients: parts.recipients },
    );
  }

  get size(): number {
    return this.#writer.state.range.end;
  }

  get epoch(): number {
    return this.#writer.state.epoch?.number ?? 0;
  }

  /** True once an epoch is open whose keys this process holds. */
  get canRecord(): boolean {
    return this.#writer.state.epoch?.keys !== undefined;
  }

  get receiptedSize(): number {
    return this.#receipt?.size ?? 0;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** How full the store is, 0 to 1 and above. */
  get fill(): number {
    return this.#usedBytes / this.#options.capacityBytes;
  }

  submit(text: string, urgent: boolean): Submitted {
    return this.#writer.submit(text, urgent);
  }

  /** Resolves with the place of the event once it is durable. */
  async record(text: string, urgent: boolean): Promise<number> {
    const { durable, at } = this.submit(text, urgent);
    return (await durable) + at;
  }

  rotate(reason: EpochReason, recipients?: readonly Recipient[]): Promise<Rotation> {
    return this.#writer.rotate(reason, recipients);
  }

  view(): LogView {
    return {
      tables: this.tables,
      hasher: this.#hasher,
      pruned: this.#pruned,
      head: this.#writer.head,
      size: this.size,
      hashes: this.#hashes,
    };
  }

  receipted(): ReceiptedLog {
    return { origin: logOrigin(this.#log), size: this.size, rootAt: (size) => rootAt(this.view(), size) };
  }

  /** The head under both signatures: the log key's, checked at once, and the epoch's, checked when its entries arrive. */
  checkpoint(): string {
    const { parts } = this.#options;
    return underLogKey({ crypto: parts.crypto, logSigner: namedLogSigner(parts) }, this.#writer.head);
  }

  /** Entries for the server, under a head that the log key signed too: whose log it is shows before any entry of its epoch is known there. */
  batch(start: number, limits: ReadLimits): Batch {
    const batch = readBatch(this.view(), start, limits);
    return batch.checkpoint === this.#writer.head ? { ...batch, checkpoint: this.checkpoint() } : batch;
  }

  /** Stores a receipt that was judged valid; an older one than the present changes nothing. */
  keepReceipt(size: number, note: string): void {
    if (size <= this.receiptedSize) return;
    this.#receipt = { size, note };
    try {
      this.#storeReceipt();
    } catch (error) {
      if (!isFull(error)) throw error;
      // The anchor needs no room; and before anything is pruned under the receipt it is stored.
      this.#options.problem('A receipt could not be stored, because the disk is full. The head anchor keeps it.', error);
    }
    this.#options.anchor.want(this.#anchorRecord(), true);
    this.#prune();
  }

  #storeReceipt(): void {
    const receipt = this.#receipt;
    if (receipt === undefined || receipt.size === this.#storedReceipt) return;
    this.tables.writeReceipt(receipt.size, receipt.note);
    this.#storedReceipt = receipt.size;
  }

  anchorRecord(): AnchorRecord {
    return this.#anchorRecord();
  }

  snapshot(path: string, beside: Pick<SnapshotParts, 'witnessed' | 'emergency'>): Promise<void> {
    return writeSnapshot(this.#db, path, { anchor: this.#anchorRecord(), ...beside });
  }

  writeMeta(key: string, value: Uint8Array): void {
    this.tables.writeMeta(key, value);
  }

  /** Nothing waits and the anchor is level; where the end was recorded, it is marked as a clean one. What fails is reported, and the rest goes on. */
  async close(isEndRecorded: boolean): Promise<void> {
    await this.#writer.drain();
    this.#options.anchor.want(this.#anchorRecord(), true);
    await this.#options.anchor.flush();
    try {
      if (isEndRecorded) this.tables.writeMeta('clean', utf8('clean'));
    } catch (error) {
      this.#options.problem('The end of recording could not be marked as a clean one: the next start will call it an interruption.', error);
    }
    this.abandon();
  }

  /** Lets go of the database without another promise. */
  abandon(): void {
    this.#closed = true;
    try {
      this.#db.close();
    } catch (error) {
      this.#options.problem('The store could not be closed in good order.', error);
    }
  }

  #committed(urgent: boolean): void {
    // A file that was deleted, replaced, or whose disk was taken away still takes commits: they would be gone with this process.
    if (!isAt(this.#db.name, this.#file)) {
      throw new WardlockError('AUDIT_STORE_FAILED', 'The file of the audit store is not in its place any more.');
    }
    this.#options.anchor.want(this.#anchorRecord(), urgent);
    if (this.size - this.#measuredAt >= MEASURE_ENTRIES) {
      this.#measuredAt = this.size;
      this.#usedBytes = usedBytes(this.#db);
      if (this.#needsRoom(false)) this.#prune();
    }
    this.#options.appended();
  }

  async #anchored(): Promise<void> {
    await this.#options.anchor.flush();
    if (this.#options.anchor.failing) throw new Error('The head anchor could not be written before the old key was destroyed.');
  }

  #anchorRecord(): AnchorRecord {
    return { incarnation: this.incarnation, head: this.#writer.head, receipt: this.#receipt?.note ?? null };
  }

  #needsRoom(pruning: boolean): boolean {
    const { capacityBytes, retired } = this.#options;
    return needsRoom({ used: this.#usedBytes + retired.usedBytes, capacity: capacityBytes }, pruning);
  }

  /** Prunes in steps, giving appends their turn in between. */
  #prune(): void {
    if (this.#pruning) return;
    this.#pruning = true;
    setImmediate(() => this.#pruneNext(false));
  }

  #pruneNext(started: boolean): void {
    this.#pruning = false;
    if (this.#closed) return;
    try {
      this.#usedBytes = usedBytes(this.#db);
      if (!this.#needsRoom(started)) return;
      if (!this.#options.retired.makeRoom()) {
        const before = this.#pruned;
        this.#storeReceipt();
        this.#pruned = pruneStep({ db: this.#db, tables: this.tables }, this.#hasher, before, this.receiptedSize);
        if (this.#pruned === before) return;
      }
      this.#pruning = true;
      setImmediate(() => this.#pruneNext(true));
    } catch (error) {
      this.#options.problem('Pruning failed; nothing was removed.', error);
    }
  }
}

/** Device and inode. */
type FileIdentity = Pick<Stats, 'dev' | 'ino'>;

function isAt(path: string, file: FileIdentity): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.ino === file.ino && found.dev === file.dev;
}
