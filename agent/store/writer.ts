/**
 * The one writer: takes events as text, commits them in groups and opens epochs. Owns the chain state and the order
 * draft, commit, then tell; must never tell anyone of an entry before the commit returned, nor go on after a commit that
 * failed in any way but "full".
 */

import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { type ChainState, type EntryTime, LogDraft } from '../../core/audit/draft.ts';
import { paddingRoom } from '../../core/audit/entry.ts';
import type { EpochBody, EpochReason, Recipient } from '../../core/audit/epoch.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import type { NamedSigner } from '../../core/audit/note.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { EpochKeyFile, EpochSeed } from '../keys/epoch-key-file.ts';
import { CommitTurn } from './commit-turn.ts';
import { hasNoRoom, isFull, type StoreDatabase } from './database.ts';
import type { Tables } from './tables.ts';

/** Most events and characters of them in one commit, so that no commit holds up the agent for long. */
const GROUP_EVENTS = 512;
const GROUP_CHARACTERS = 1024 * 1024;
/** An epoch ends after this many entries, or this long after it opened, at the next event. */
export const EPOCH_ENTRIES = 4096;
export const EPOCH_MICROS = 60_000_000;
/**
 * So many entries before an epoch is full the next one's key is saved. That takes a dozen turns of the event loop, and in a
 * flood each has commits in it. An ordinary epoch ends by time and never has so many entries: its successor's key lies on no disk before.
 */
const PREPARE_ENTRIES = 3072;
const SEED_BYTES = 32;
/** After a failed key change the present epoch goes on; the next try waits this long. */
const ROTATION_RETRY_MICROS = 10_000_000;

export interface WriterParts {
  readonly db: StoreDatabase;
  readonly tables: Tables;
  readonly crypto: AuditCrypto;
  readonly hasher: TreeHasher;
  readonly keyFile: EpochKeyFile;
  readonly logSigner: NamedSigner;
  readonly now: () => EntryTime;
}

export interface WriterEvents {
  /** A commit is durable. */
  readonly committed: (head: string, urgent: boolean) => void;
  /** The head of an epoch's end must be anchored before the old key goes. */
  readonly anchored: () => Promise<void>;
  /** A new epoch is in force and nothing refers to the keys before it. */
  readonly rotated: () => void;
  /** The store can't be trusted any more; it must be closed and opened again. */
  readonly broke: (error: unknown) => void;
  /** The change of keys failed; recording goes on under the present ones. */
  readonly rotationFailed: (error: unknown) => void;
}

/** What became of a new epoch that was asked for; a failure was reported as well. */
export type Rotation = 'done' | 'no-room' | 'failed';
type RotationWaiter = (outcome: Rotation) => void;

/** Events that wait together and become durable together, or fail together. */
interface Batch {
  /** Canonical JSON of each event. */
  readonly texts: string[];
  characters: number;
  urgent: boolean;
  /** The place of the first one. */
  readonly durable: Promise<number>;
  readonly resolve: (first: number) => void;
  readonly reject: (error: unknown) => void;
}

/** An event that waits: its place is that of the first of its batch, once that is durable, and so many more. */
export interface Submitted {
  readonly durable: Promise<number>;
  readonly at: number;
}

export class Writer {
  readonly #parts: WriterParts;
  readonly #events: WriterEvents;
  readonly #commit: (draft: LogDraft, head: string) => void;
  #state: ChainState;
  #recipients: readonly Recipient[];
  readonly #room = paddingRoom();
  readonly #queue: Batch[] = [];
  readonly #turn = new CommitTurn();
  #pumping = false;
  #broken = false;
  #reason: EpochReason | undefined;
  #rotationWaiters: RotationWaiter[] = [];
  /** The next epoch's seed, once its file is durable: saved ahead, so that no event waits for it. */
  #prepared: Promise<EpochSeed> | undefined;
  /** The key before the present one is being destroyed. */
  #destroying: Promise<void> | undefined;
  #epochSince: number;
  #retryAt = 0;
  #head: string;

  constructor(
    parts: WriterParts,
    events: WriterEvents,
    start: {
      readonly state: ChainState;
      readonly head: string;
      readonly recipients: readonly Recipient[];
    },
  ) {
    this.#parts = parts;
    this.#events = events;
    this.#state = start.state;
    this.#head = start.head;
    this.#recipients = start.recipients;
    this.#epochSince = parts.now().bootMicros;
    this.#commit = parts.db.transaction((draft: LogDraft, head: string) => this.#write(draft, head));
  }

  get state(): ChainState {
    return this.#state;
  }

  get head(): string {
    return this.#head;
  }

  /** Takes the canonical JSON of an event. Events of one turn share a commit. A writer that broke takes none: nobody would commit it. */
  submit(text: string, urgent: boolean): Submitted {
    if (this.#broken) return { durable: Promise.reject(new WardlockError('AUDIT_APPEND_FAILED')), at: 0 };
    const batch = this.#batchFor(text);
    const at = batch.texts.push(text) - 1;
    batch.characters += text.length;
    if (urgent) batch.urgent = true;
    this.#schedule();
    return { durable: batch.durable, at };
  }

  /** Asks for a new epoch; resolves when it is in force and the old keys are gone, or when that failed and was reported. */
  rotate(reason: EpochReason, recipients?: readonly Recipient[]): Promise<Rotation> {
    if (this.#broken) return Promise.resolve('failed');
    if (recipients !== undefined) this.#recipients = recipients;
    this.#reason ??= reason;
    this.#retryAt = 0;
    const done = new Promise<Rotation>((resolve) => this.#rotationWaiters.push(resolve));
    this.#schedule();
    return done;
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    while (this.#pumping || this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
    await this.#prepared?.catch(() => undefined);
    await this.#destroying;
  }

  #schedule(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#turn.soon(() => void this.#pump());
  }

  async #pump(): Promise<void> {
    while (!this.#broken && (this.#queue.length > 0 || this.#reason !== undefined)) {
      const time = this.#parts.now();
      const due = this.#dueReason(time);
      if (due !== undefined) await this.#rotate(due);
      if (!this.#broken && this.#queue.length > 0) this.#commitGroup(due === undefined ? time : this.#parts.now());
      this.#prepare();
      if (this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#pumping = false;
  }

  #dueReason({ bootMicros }: EntryTime): EpochReason | undefined {
    const { epoch, range } = this.#state;
    if (epoch?.keys === undefined) return this.#reason ?? 'start';
    if (bootMicros < this.#retryAt) {
      this.#settleRotation('failed');
      return undefined;
    }
    if (this.#reason !== undefined) return this.#reason;
    if (range.end - epoch.firstSeq >= EPOCH_ENTRIES) return 'entries';
    return bootMicros - this.#epochSince >= EPOCH_MICROS && range.end > epoch.firstSeq + 1 ? 'time' : undefined;
  }

  /** An epoch that fills up is followed by one whose key is saved by then. */
  #prepare(): void {
    const { epoch, range } = this.#state;
    if (this.#broken || this.#prepared !== undefined || epoch?.keys === undefined) return;
    if (range.end - epoch.firstSeq < EPOCH_ENTRIES - PREPARE_ENTRIES || this.#parts.now().bootMicros < this.#retryAt) return;
    this.#prepared = this.#saveNext();
    // Who changes the key hears of a failure.
    this.#prepared.catch(() => undefined);
  }

  #commitGroup(time: EntryTime): void {
    const batch = this.#queue.shift();
    if (batch === undefined) return;
    const { crypto, hasher } = this.#parts;
    try {
      const draft = new LogDraft(crypto, hasher, this.#state);
      const first = draft.size;
      const fresh = crypto.random(FRESH_BYTES * batch.texts.length);
      let at = 0;
      for (const text of batch.texts) {
        draft.append(this.#room.pad(text), time, fresh.subarray(at, at + FRESH_BYTES));
        at += FRESH_BYTES;
      }
      this.#makeDurable(draft, batch.urgent);
      batch.resolve(first);
      this.#turn.answered();
    } catch (error) {
      batch.reject(error);
      if (!isFull(error)) this.#break(error);
    } finally {
      this.#room.wipe();
    }
  }

  /** The batch that a text joins: the last one that waits, while there is room in it. */
  #batchFor(text: string): Batch {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.texts.length < GROUP_EVENTS && last.characters + text.length <= GROUP_CHARACTERS) return last;
    const { promise: durable, resolve, reject } = Promise.withResolvers<number>();
    const batch: Batch = { texts: [], characters: 0, urgent: false, durable, resolve, reject };
    this.#queue.push(batch);
    return batch;
  }

  #makeDurable(draft: LogDraft, urgent: boolean): void {
    const head = draft.head();
    const [entry] = draft.entries;
    const isAlone = draft.entries.length === 1 && draft.nodes.length === 0 && draft.kept.length === 0;
    if (entry !== undefined && isAlone) this.#parts.tables.appendOne(entry, { note: head, link: draft.state().link });
    else this.#commit(draft, head);
    this.#state = draft.state();
    this.#head = head;
    this.#events.committed(head, urgent);
  }

  #write(draft: LogDraft, head: string): void {
    const { tables } = this.#parts;
    tables.insertEntries(draft.entries);
    for (const node of draft.nodes) tables.insertNode(node);
    for (const kept of draft.kept) tables.insertKept(kept, this.#state.epoch?.firstSeq ?? 0);
    tables.writeHead({ note: head, link: draft.state().link });
  }

  /** Save new, certify, destroy old: a crash anywhere between leaves a key that can go on. */
  async #rotate(reason: EpochReason): Promise<void> {
    const { crypto, hasher, logSigner, now } = this.#parts;
    const origin: EpochBody['origin'] = { kind: 'later' };
    // Who asks from here on may want other recipients, and gets another epoch.
    this.#reason = undefined;
    const waiters = this.#rotationWaiters.splice(0);
    let next: EpochSeed;
    try {
      next = await (this.#prepared ?? this.#saveNext());
    } catch (error) {
      this.#rotationFailed(error, waiters);
      return;
    } finally {
      this.#prepared = undefined;
    }
    try {
      const draft = new LogDraft(crypto, hasher, this.#state);
      draft.openEpoch({ reason, origin, seed: next.seed, recipients: this.#recipients, logSigner, time: now() });
      this.#makeDurable(draft, true);
    } catch (error) {
      if (isFull(error)) this.#rotationFailed(error, waiters);
      else this.#break(error, waiters);
      return;
    } finally {
      // Its signer has a copy outside the heap, which is wiped when nobody can sign with it any more.
      next.seed.fill(0);
    }
    this.#epochSince = now().bootMicros;
    this.#destroying = this.#destroy(next.epoch, waiters);
  }

  /** The next epoch's seed, durable once it resolves, after the one before the present has gone. */
  async #saveNext(): Promise<EpochSeed> {
    await this.#destroying;
    const present = this.#state.epoch?.number;
    const next: EpochSeed = { epoch: (present ?? -1) + 1, seed: this.#parts.crypto.random(SEED_BYTES) };
    await this.#parts.keyFile.saveNext(this.#state.log.incarnation, present, next);
    return next;
  }

  /** While the next events are recorded under the new key. A writer that broke leaves the file to the one after it. */
  async #destroy(present: number, waiters: readonly RotationWaiter[]): Promise<void> {
    try {
      await this.#events.anchored();
      if (!this.#broken) await this.#parts.keyFile.keepOnly(this.#state.log.incarnation, present);
    } catch (error) {
      this.#events.rotationFailed(error);
    }
    this.#destroying = undefined;
    this.#events.rotated();
    for (const resolve of waiters) resolve('done');
  }

  #rotationFailed(error: unknown, waiters: readonly RotationWaiter[]): void {
    this.#retryAt = this.#parts.now().bootMicros + ROTATION_RETRY_MICROS;
    this.#events.rotationFailed(error);
    this.#settleRotation(hasNoRoom(error) ? 'no-room' : 'failed', waiters);
    if (this.#state.epoch?.keys !== undefined) return;
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  #settleRotation(outcome: Rotation, waiters: readonly RotationWaiter[] = []): void {
    this.#reason = undefined;
    for (const resolve of [...waiters, ...this.#rotationWaiters.splice(0)]) resolve(outcome);
  }

  #break(error: unknown, waiters: readonly RotationWaiter[] = []): void {
    this.#broken = true;
    for (const { reject } of this.#queue.splice(0)) reject(error);
    this.#settleRotation('failed', waiters);
    this.#events.broke(error);
  }
}
