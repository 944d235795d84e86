/**
 * The audit store as the agent sees it. Owns the life of the parts: open, record, answer the syncer, break, open again,
 * close. `append` resolving means durable; nothing here ever says so earlier, and nothing leaves without a receipt.
 */
import type { AuditEvent } from '../../contract/events.ts';
import { utf8 } from '../../core/audit/bytes.ts';
import { logKeyName } from '../../core/audit/checkpoint.ts';
import { pad } from '../../core/audit/entry.ts';
import type { EpochReason, Recipient } from '../../core/audit/epoch.ts';
import { describeFault, type Fault } from '../../core/audit/faults.ts';
import { type TreeHasher, treeHasher } from '../../core/audit/hasher.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../core/audit/note.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { Alarms } from './alarms.ts';
import { AnchorWriter } from './anchor.ts';
import { isFull } from './database.ts';
import { EmergencyDesk } from './emergency-desk.ts';
import { citationOf, type LogParts, namedLogSigner, storePaths } from './incarnation.ts';
import { Intake, sealable } from './intake.ts';
import { LiveStore } from './live-store.ts';
import { countBoot, type OpenedLog, openLog } from './open.ts';
import { type Batch, consistency, inclusion, type ReadLimits } from './reader.ts';
import { judgeReceipt } from './receipts.ts';
import { checkRecipients } from './recipients.ts';
import { RetiredLogs } from './retired.ts';
import type { SideLog } from './side-log.ts';
import { daysLeft, recordingState } from './status.ts';
import { DEFAULT_CAPACITY_BYTES, type LogPosition, type ReceiptOutcome, type StoreOptions, type StoreStatus } from './types.ts';
import { WitnessRecord } from './witnessed.ts';

/** How often floods are summed up, and how soon a broken store is tried again. */
const SUMMARY_INTERVAL_MS = 10_000;
const REOPEN_INTERVAL_MS = 1000;

export class AuditStore {
  readonly #options: StoreOptions;
  readonly #parts: LogParts;
  readonly #witnessed: WitnessRecord;
  readonly #boot: { counter: number };
  readonly #intake: Intake;
  readonly #hasher: TreeHasher;
  readonly #emergency: EmergencyDesk;
  readonly #alarms = new Alarms();
  readonly #listeners = new Set<(position: LogPosition) => void>();
  readonly #summaryTimer: NodeJS.Timeout;
  #recipients: readonly Recipient[];
  #live: LiveStore | undefined;
  #anchor: AnchorWriter | undefined;
  #retired: RetiredLogs | undefined;
  #opening: Promise<void> | undefined;
  #triedAt = 0;
  #diskFull = false;
  #closed = false;
  #lastPosition: LogPosition = { incarnation: '', size: 0, receiptedSize: 0 };

  private constructor(options: StoreOptions, parts: LogParts, boot: { counter: number }) {
    this.#options = options;
    this.#parts = parts;
    this.#boot = boot;
    this.#witnessed = new WitnessRecord(storePaths(options.dir).witnessed, options.witnessKey);
    this.#recipients = options.recipients;
    this.#intake = new Intake(() => parts.now().bootMicros);
    this.#hasher = treeHasher(options.crypto);
    this.#emergency = new EmergencyDesk(storePaths(options.dir).emergency, parts, this.#hasher, (what, error) =>
      this.#problem(what, error),
    );
    this.#summaryTimer = setInterval(() => void this.#summarise(), SUMMARY_INTERVAL_MS);
    this.#summaryTimer.unref();
  }

  /** Use `openStore`. */
  static async open(options: StoreOptions, parts: LogParts, boot: { counter: number }): Promise<AuditStore> {
    const store = new AuditStore(options, parts, boot);
    try {
      await store.#openLive(options.birth);
    } catch (error) {
      clearInterval(store.#summaryTimer);
      store.#emergency.close();
      throw error;
    }
    return store;
  }

  /** The seat's public log key: what an auditor needs to verify this log offline. */
  get logKey(): string {
    const { crypto, workstation } = this.#options;
    return formatVerifierKey(crypto, { name: logKeyName(workstation), type: NOTE_ED25519, publicKey: this.#parts.logSigner.publicKey });
  }

  /** What was found wrong with the record and not acknowledged yet. */
  get findings(): readonly Fault[] {
    return this.#alarms.open;
  }

  /**
   * Records an event. Resolves once it is durable: with its place, or with null when it is one of a flood of class 2 or 3
   * and was counted instead. Rejects with AUDIT_EVENT_REFUSED, AUDIT_EVENT_OVERSIZE, AUDIT_STORE_FULL,
   * AUDIT_APPEND_FAILED or AUDIT_STORE_CLOSED; then nothing that depends on the event may happen.
   */
  async append(event: AuditEvent): Promise<{ readonly seq: number | null }> {
    const live = this.#live === undefined || this.#closed ? await this.#readyFor(event) : this.#live;
    const admission = this.#intake.admit(event, live.fill);
    if (admission.outcome === 'summarised') return { seq: null };
    const { durable, at } = live.submit(admission.text, admission.eventClass === 1);
    let seq: number;
    try {
      seq = (await durable) + at;
    } catch (error) {
      throw this.#notAppended(event, error);
    }
    this.#diskFull = false;
    if (this.#emergency.hasNews) await this.#emergency.report((told) => live.record(sealable(told), true));
    if (admission.endsEpoch) void live.rotate('session_end');
    return { seq };
  }

  /** Login, logout and break-glass when `append` said FULL or FAILED. Durable when it returns; rejects when this fails too. */
  async appendEmergency(event: AuditEvent): Promise<{ readonly seq: number }> {
    if (this.#closed) throw new WardlockError('AUDIT_STORE_CLOSED');
    const admission = this.#intake.admit(event, 0);
    if (admission.outcome !== 'admitted') throw new WardlockError('AUDIT_EVENT_REFUSED', 'The emergency log takes events of class 1 only.');
    const seq = this.#emergency.append(pad(utf8(admission.text)), this.#recipients, citationOf(this.#live?.anchorRecord(), undefined));
    this.#intake.release(event.type);
    return { seq };
  }

  /** Opens a new epoch now; resolves when the keys before it are gone, or when the change failed and was reported. */
  async newEpoch(reason: Extract<EpochReason, 'wake' | 'session_end'>): Promise<void> {
    await (await this.#ready()).rotate(reason);
  }

  /** New recipients from a new policy: in force from a new epoch, at once. */
  async setRecipients(recipients: readonly Recipient[]): Promise<void> {
    checkRecipients(recipients);
    this.#recipients = recipients;
    await (await this.#ready()).rotate('recipients', recipients);
  }

  position(): LogPosition {
    const live = this.#live;
    if (live !== undefined) this.#lastPosition = { incarnation: live.incarnation, size: live.size, receiptedSize: live.receiptedSize };
    return this.#lastPosition;
  }

  /** The main log, then the runs of the emergency log and the replaced logs that have no receipt yet. */
  logs(): readonly LogPosition[] {
    return [this.position(), ...this.#sideLogs().map(({ position }) => position)];
  }

  /** The checkpoint to anchor now, under the log key and the epoch's. */
  checkpoint(): string {
    return this.#needed().checkpoint();
  }

  /** Raw entries from `start` with the checkpoint that covers them, as in contract/sync.ts. */
  readFrom(start: number, limits: ReadLimits, incarnation?: string): Batch {
    return this.#side(incarnation)?.batch(start, limits) ?? this.#mainFor(incarnation).batch(start, limits);
  }

  consistency(from: number, to: number, incarnation?: string): readonly Uint8Array[] {
    return this.#side(incarnation)?.consistency(from, to) ?? consistency(this.#mainFor(incarnation).view(), from, to);
  }

  inclusion(seq: number, size: number): readonly Uint8Array[] {
    return inclusion(this.#needed().view(), seq, size);
  }

  /** Judges a receipt and keeps it. One that contradicts this log is an alarm and is recorded. */
  async applyReceipt(note: string): Promise<ReceiptOutcome> {
    const live = this.#needed();
    const judged = judgeReceipt(note, this.#options.receiptKey, [live.receipted(), ...this.#sideLogs().map(({ receipted }) => receipted)]);
    if (judged.outcome === 'refused') {
      if (judged.fault !== undefined) await this.#raise([judged.fault]);
      return judged;
    }
    const { origin, size } = judged.signed.checkpoint;
    if (judged.outcome === 'beyond') this.#retired?.supersede(origin, size);
    else if (origin === live.receipted().origin) live.keepReceipt(size, note);
    else {
      this.#emergency.keepReceipt(origin, size);
      this.#retired?.keepReceipt(origin, size, note);
    }
    return { outcome: 'accepted', receiptedSize: live.receiptedSize };
  }

  /** Judges a cosignature of the server's witness and keeps it. One that contradicts this log is an alarm and is recorded. */
  async applyCosignature(note: string): Promise<boolean> {
    const judged = await this.#witnessed.take(note, this.#needed().receipted());
    if (judged.outcome === 'refused' && judged.fault !== undefined) await this.#raise([judged.fault]);
    return judged.outcome === 'valid';
  }

  /** Tells of each commit; answers how to stop that. */
  onAppended(listener: (position: LogPosition) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  status(): StoreStatus {
    const { capacityBytes = DEFAULT_CAPACITY_BYTES, vault } = this.#options;
    const { incarnation, size, receiptedSize } = this.position();
    const usedBytes = this.#live?.usedBytes ?? 0;
    return {
      recording: recordingState(this.#live?.fill, this.#diskFull),
      incarnation,
      epoch: this.#live?.epoch ?? 0,
      size,
      receiptedSize,
      unreceipted: size - receiptedSize,
      usedBytes,
      capacityBytes,
      daysLeft: daysLeft(usedBytes, capacityBytes),
      alarms: this.#alarms.open,
      emergencyEntries: this.#emergency.entries,
      retiredUnreceipted: this.#retired?.unreceipted ?? 0,
      anchorFailing: this.#anchor?.failing ?? false,
      witnessed: this.#witnessed.latest ?? null,
      keys: vault.protection,
    };
  }

  /** A consistent copy for a verifier, in a new file. */
  async snapshot(path: string): Promise<{ readonly path: string; readonly entries: number }> {
    const live = this.#needed();
    const entries = live.size;
    await live.snapshot(path, { witnessed: this.#witnessed.latest?.note, emergency: () => this.#emergency.content() });
    return { path, entries };
  }

  /** Someone takes note of the alarms that stand now; that is recorded. */
  async acknowledge(person: string | null): Promise<void> {
    const seen = this.#alarms.open;
    await this.append({ type: 'recording.acknowledged', body: { person, findings: seen.length } });
    this.#alarms.remove(seen);
    this.#needed().writeMeta('alarms', this.#alarms.encode());
  }

  /** Records the end, seals everything and closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#summaryTimer);
    await this.#summarise();
    await this.append({ type: 'recording.stopped', body: { reason: 'shutdown' } }).catch((error: unknown) =>
      this.#problem('The end of recording could not be recorded.', error),
    );
    this.#closed = true;
    await this.#live?.close();
    await this.#anchor?.close();
    this.#emergency.close();
    this.#retired?.close();
  }

  #sideLogs(): readonly SideLog[] {
    return [...this.#emergency.logs(), ...(this.#retired?.logs() ?? [])];
  }

  #side(incarnation: string | undefined): SideLog | undefined {
    return this.#sideLogs().find(({ position }) => position.incarnation === incarnation);
  }

  async #openLive(birth: StoreOptions['birth']): Promise<void> {
    const parts: LogParts = { ...this.#parts, recipients: this.#recipients, witness: this.#witnessed };
    const opened = await openLog(this.#options.dir, parts, birth);
    try {
      await this.#begin(opened, parts, birth);
    } catch (error) {
      this.#live = undefined;
      await this.#anchor?.close().catch(() => undefined);
      this.#anchor = undefined;
      this.#retired?.close();
      if (opened.live.db.open) opened.live.db.close();
      throw error;
    }
  }

  async #begin({ live: log, findings, interrupted }: OpenedLog, parts: LogParts, birth: StoreOptions['birth']): Promise<void> {
    const { dir, crypto, receiptKey, capacityBytes = DEFAULT_CAPACITY_BYTES } = this.#options;
    this.#boot.counter = countBoot(log.tables, this.#parts.bootId());
    this.#anchor = await AnchorWriter.open(storePaths(dir).anchor, crypto, (error) =>
      this.#problem('The head anchor could not be written.', error),
    );
    const problem = (what: string, error: unknown): void => this.#problem(what, error);
    this.#retired?.close();
    const logKey = { crypto: parts.crypto, logSigner: namedLogSigner(parts) };
    this.#retired = new RetiredLogs({ dir, workstation: parts.workstation, hasher: this.#hasher, logKey, receiptKey, problem });
    const live = new LiveStore(log, {
      parts,
      anchor: this.#anchor,
      retired: this.#retired,
      capacityBytes,
      appended: () => this.#appended(),
      broke: (error) => this.#broke(error),
      problem,
    });
    if (!live.canRecord) await live.rotate('start');
    if (!live.canRecord) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'No epoch could be opened, so nothing can be recorded.');
    this.#live = live;
    this.#alarms.load(log.tables.meta('alarms'));
    if (interrupted && birth === 'existing') await this.append({ type: 'recording.stopped', body: { reason: 'inferred' } });
    await this.#raise(findings);
    await this.#emergency.report((event) => live.record(sealable(event), true));
  }

  /** The open store; a broken one is opened again first, at most each REOPEN_INTERVAL_MS. */
  async #ready(): Promise<LiveStore> {
    if (this.#closed) throw new WardlockError('AUDIT_STORE_CLOSED');
    if (this.#live === undefined) await this.#reopen();
    return this.#needed();
  }

  #readyFor({ type }: AuditEvent): Promise<LiveStore> {
    return this.#ready().catch((error: unknown) => {
      this.#intake.hold(type);
      throw error;
    });
  }

  async #reopen(): Promise<void> {
    if (this.#opening === undefined && Date.now() - this.#triedAt >= REOPEN_INTERVAL_MS) {
      this.#triedAt = Date.now();
      this.#opening = this.#openLive('existing').finally(() => {
        this.#opening = undefined;
      });
    }
    try {
      await this.#opening;
    } catch (error) {
      throw new WardlockError('AUDIT_APPEND_FAILED', 'The audit store is broken and could not be opened again.', { cause: error });
    }
  }

  #needed(): LiveStore {
    if (this.#live === undefined) throw new WardlockError('AUDIT_APPEND_FAILED', 'The audit store is broken and is being opened again.');
    return this.#live;
  }

  #mainFor(incarnation: string | undefined): LiveStore {
    const live = this.#needed();
    if (incarnation !== undefined && incarnation !== live.incarnation) {
      throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `This seat records under ${live.incarnation} now.`);
    }
    return live;
  }

  #notAppended({ type }: AuditEvent, error: unknown): WardlockError {
    this.#intake.hold(type);
    if (isFull(error)) {
      this.#diskFull = true;
      return new WardlockError('AUDIT_STORE_FULL', 'The disk of the audit store is full.', { cause: error });
    }
    return new WardlockError('AUDIT_APPEND_FAILED', undefined, { cause: error });
  }

  #broke(error: unknown): void {
    this.#problem('The audit store failed and is being opened again.', error);
    this.position();
    this.#live?.abandon();
    this.#live = undefined;
    void this.#anchor?.close().catch(() => undefined);
  }

  #appended(): void {
    const position = this.position();
    for (const listener of this.#listeners) listener(position);
  }

  async #summarise(): Promise<void> {
    for (const summary of this.#intake.takeSummaries()) {
      try {
        const live = await this.#ready();
        await live.record(sealable(summary), false);
      } catch (error) {
        this.#problem('A summary of events could not be recorded.', error);
        if (summary.type === 'recording.summarised') this.#intake.holdAgain(summary.body);
      }
    }
  }

  /** Findings become alarms, and events of the log that is written now. */
  async #raise(findings: readonly Fault[]): Promise<void> {
    if (findings.length === 0) return;
    this.#alarms.add(findings);
    this.#needed().writeMeta('alarms', this.#alarms.encode());
    for (const fault of findings) {
      const detail = describeFault(fault).slice(0, 300);
      await this.append({ type: 'tamper.found', body: { fault: fault.code, detail } });
    }
  }

  #problem(what: string, error: unknown): void {
    this.#options.onProblem?.(what, error);
  }
}
