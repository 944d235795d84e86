/**
 * The life of the open log: opened, without room only read, broken and opened again, closed. Owns the parts that live and die with it,
 * and what it has to say of itself when it begins; must never take an event before all of that is done.
 */
import type { Recipient } from '../../core/audit/epoch.ts';
import type { Fault } from '../../core/audit/faults.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { Alarms } from './alarms.ts';
import { AnchorWriter } from './anchor.ts';
import { hasNoRoom } from './database.ts';
import type { EmergencyDesk } from './emergency-desk.ts';
import { type LogParts, namedLogSigner, storePaths } from './incarnation.ts';
import { sealable } from './intake.ts';
import { LiveStore } from './live-store.ts';
import { beginLife, countBoot, type OpenedLog, openLog } from './open.ts';
import { RetiredLogs } from './retired.ts';
import { INFERRED_END, SelfReport, tamperFound } from './self-report.ts';
import { DEFAULT_CAPACITY_BYTES, type StoreOptions } from './types.ts';

/** How soon a store that broke, or had no room, is tried again. */
const REOPEN_INTERVAL_MS = 1000;
const DISK_FULL = 'The disk of the audit store is full.';

export interface LifeParts {
  readonly options: StoreOptions;
  readonly parts: LogParts;
  /** Counted in the log, and told with each entry. */
  readonly boot: { counter: number };
  readonly hasher: TreeHasher;
  readonly emergency: EmergencyDesk;
  /** Those of the newest policy. */
  readonly recipients: () => readonly Recipient[];
  readonly appended: () => void;
  readonly problem: (what: string, error: unknown) => void;
}

export class LogLife {
  readonly alarms = new Alarms();
  readonly #life: LifeParts;
  readonly #selfReport = new SelfReport();
  #live: LiveStore | undefined;
  #taking: LiveStore | undefined;
  #anchor: AnchorWriter | undefined;
  #retired: RetiredLogs | undefined;
  #opening: Promise<void> | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #diskFull = false;
  #closed = false;

  constructor(life: LifeParts) {
    this.#life = life;
  }

  /** The log that is open. */
  get live(): LiveStore | undefined {
    return this.#live;
  }

  /** The same once it takes events: without room for its first ones it is only read, and uploaded. */
  get taking(): LiveStore | undefined {
    return this.#taking;
  }

  get retired(): RetiredLogs | undefined {
    return this.#retired;
  }

  get anchorFailing(): boolean {
    return this.#anchor?.failing ?? false;
  }

  /** The disk had no room for the last event, or to open the log. */
  get diskFull(): boolean {
    return this.#diskFull;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Opens it at the start of the agent. A seat that has recorded before keeps its emergency log on a full disk, and the next event tries again. */
  async open(birth: StoreOptions['birth']): Promise<void> {
    try {
      await this.#open(birth);
    } catch (error) {
      if (birth === 'enrolment' || !this.noteFull(error)) throw error;
    }
  }

  /** The log that is open, for reading. */
  needed(): LiveStore {
    if (this.#live === undefined) throw this.#diskFull ? full() : broken();
    return this.#live;
  }

  /** The log that takes events; one that can't is opened again first, at most each REOPEN_INTERVAL_MS. */
  async ready(): Promise<LiveStore> {
    if (this.#closed) throw new WardlockError('AUDIT_STORE_CLOSED');
    if (this.#taking === undefined) await this.#reopen();
    if (this.#taking === undefined) throw this.#diskFull ? full() : broken();
    return this.#taking;
  }

  /** An event was recorded, so there is room. Answers whether something is left to say that could not be said before. */
  noteRoom(): boolean {
    this.#diskFull = false;
    return this.#selfReport.isWaiting || this.#life.emergency.hasNews;
  }

  /** Records what could not be recorded when it came up. It waits on where that fails again. */
  async catchUp(live: LiveStore): Promise<void> {
    try {
      live.writeMeta('alarms', this.alarms.encode());
      await this.#selfReport.tell((event) => live.record(sealable(event), true));
    } catch (error) {
      this.#life.problem('What was found wrong with the record could not be recorded yet.', error);
    }
    await this.#life.emergency.report(live);
  }

  /** Whether it is only that the disk is full: then what is there is read, and the store says how it stands. */
  noteFull(error: unknown): boolean {
    if (!hasNoRoom(error)) return false;
    if (!this.#diskFull) this.#life.problem('The disk of the audit store is full: nothing is recorded until there is room.', error);
    this.#diskFull = true;
    return true;
  }

  /** Findings become alarms, and events of the log that is written now. One that stands already is neither again. */
  async raise(findings: readonly Fault[]): Promise<void> {
    this.#selfReport.add(this.alarms.add(findings).map(tamperFound));
    // A full store is told with the next event that it has room for, or at its next start: whoever sends false receipts must not make it grow.
    if (this.#taking !== undefined && this.#taking.fill < 1) await this.catchUp(this.#taking);
  }

  /** What fails of it is reported, and the rest is done all the same. */
  async close(isEndRecorded: boolean): Promise<void> {
    this.#closed = true;
    const problem = (error: unknown): void => this.#life.problem('A part of the audit store could not be closed in good order.', error);
    await this.#live?.close(isEndRecorded).catch(problem);
    await this.#anchor?.close().catch(problem);
    this.#retired?.close();
  }

  async #open(birth: StoreOptions['birth']): Promise<void> {
    const { options, recipients } = this.#life;
    const parts: LogParts = { ...this.#life.parts, recipients: recipients() };
    await this.#letGo();
    const opened = await openLog(options.dir, parts, birth);
    try {
      await this.#begin(opened, parts, birth);
    } catch (error) {
      await this.#letGo();
      this.#retired?.close();
      if (opened.live.db.open) opened.live.db.close();
      throw error;
    }
  }

  async #begin({ live: log, findings, interrupted, lacksRoom }: OpenedLog, parts: LogParts, birth: StoreOptions['birth']): Promise<void> {
    const live = await this.#connect(log, parts);
    this.#live = live;
    const unread = this.alarms.load(log.tables.meta('alarms'));
    const found = this.alarms.add([...unread, ...findings, ...this.#life.emergency.faults(live)]);
    this.#selfReport.add([...(interrupted && birth === 'existing' ? [INFERRED_END] : []), ...found.map(tamperFound)]);
    try {
      if (lacksRoom) throw full();
      await this.#beginTaking(live);
    } catch (error) {
      if (!this.noteFull(error)) throw error;
    }
  }

  /** The log with what it needs beside it. */
  async #connect(log: OpenedLog['live'], parts: LogParts): Promise<LiveStore> {
    const { options, hasher, problem, appended } = this.#life;
    const { dir, crypto, receiptKey, capacityBytes = DEFAULT_CAPACITY_BYTES } = options;
    this.#anchor = await AnchorWriter.open(storePaths(dir).anchor, crypto, (error) =>
      problem('The head anchor could not be written.', error),
    );
    this.#retired?.close();
    const logKey = { crypto: parts.crypto, logSigner: namedLogSigner(parts) };
    this.#retired = new RetiredLogs({ dir, workstation: parts.workstation, hasher, logKey, receiptKey, problem });
    return new LiveStore(log, {
      parts,
      anchor: this.#anchor,
      retired: this.#retired,
      capacityBytes,
      appended,
      broke: (error) => this.#broke(error),
      problem,
    });
  }

  /**
   * What comes before the first event. The store's own words go past its capacity, a few at each start: refused, they would keep it shut,
   * and then nothing of it would go up and make room.
   */
  async #beginTaking(live: LiveStore): Promise<void> {
    const { boot, parts, emergency } = this.#life;
    boot.counter = countBoot(live.tables, parts.bootId());
    if (!live.canRecord && (await live.rotate('start')) === 'no-room') throw full();
    if (!live.canRecord) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'No epoch could be opened, so nothing can be recorded.');
    beginLife(live.tables);
    if (this.alarms.open.length > 0) live.writeMeta('alarms', this.alarms.encode());
    await this.#selfReport.tell((event) => live.record(sealable(event), true));
    emergency.settle(live);
    await emergency.report(live);
    this.#taking = live;
    this.#diskFull = false;
  }

  async #reopen(): Promise<void> {
    // Not by the machine's clock: put back an hour, it would leave the seat without a record for an hour.
    if (this.#opening === undefined && performance.now() - this.#triedAt >= REOPEN_INTERVAL_MS) {
      this.#triedAt = performance.now();
      this.#opening = this.#open('existing').finally(() => {
        this.#opening = undefined;
      });
    }
    try {
      await this.#opening;
    } catch (error) {
      if (this.noteFull(error)) throw new WardlockError('AUDIT_STORE_FULL', DISK_FULL, { cause: error });
      this.#diskFull = false;
      throw new WardlockError('AUDIT_APPEND_FAILED', 'The audit store is broken and could not be opened again.', { cause: error });
    }
  }

  #broke(error: unknown): void {
    this.#life.problem('The audit store failed and is being opened again.', error);
    void this.#letGo();
  }

  /** Nothing of the log that was open is used any more; the files can be opened again at once. */
  async #letGo(): Promise<void> {
    this.#live?.abandon();
    this.#live = undefined;
    this.#taking = undefined;
    const anchor = this.#anchor;
    this.#anchor = undefined;
    await anchor?.close().catch(() => undefined);
  }
}

const full = (): WardlockError => new WardlockError('AUDIT_STORE_FULL', DISK_FULL);
const broken = (): WardlockError => new WardlockError('AUDIT_APPEND_FAILED', 'The audit store is broken and is being opened again.');
