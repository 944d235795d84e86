/**
 * The audit store as the agent sees it: records, answers the syncer, says how it stands. Owns what comes in and who is told; the open log
 * and its parts are the business of log-life.ts. `append` resolving means durable; nothing here ever says so earlier, and nothing leaves without a receipt.
 */
import type { AuditEvent } from '../../contract/events.ts';
import { utf8 } from '../../core/audit/bytes.ts';
import { logKeyName } from '../../core/audit/checkpoint.ts';
import { pad } from '../../core/audit/entry.ts';
import type { EpochReason, Recipient } from '../../core/audit/epoch.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { type TreeHasher, treeHasher } from '../../core/audit/hasher.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../core/audit/note.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { EmergencyDesk } from './emergency-desk.ts';
import { citationOf, type LogParts, storePaths } from './incarnation.ts';
import { Intake, sealable } from './intake.ts';
import type { LiveStore } from './live-store.ts';
import { LogLife } from './log-life.ts';
import { type Batch, consistency, inclusion, type ReadLimits } from './reader.ts';
import { judgeReceipt } from './receipts.ts';
import { checkRecipients } from './recipients.ts';
import type { SideLog } from './side-log.ts';
import { daysLeft, recordingState } from './status.ts';
import { DEFAULT_CAPACITY_BYTES, type LogPosition, type ReceiptOutcome, type StoreOptions, type StoreStatus } from './types.ts';
import { WitnessRecord } from './witnessed.ts';

/** How often floods are summed up. */
const SUMMARY_INTERVAL_MS = 10_000;

export class AuditStore {
  readonly #options: StoreOptions;
  readonly #parts: LogParts;
  readonly #witnessed: WitnessRecord;
  readonly #intake: Intake;
  readonly #hasher: TreeHasher;
  readonly #emergency: EmergencyDesk;
  readonly #life: LogLife;
  readonly #listeners = new Set<(position: LogPosition) => void>();
  readonly #summaryTimer: NodeJS.Timeout;
  #recipients: readonly Recipient[];
  #lastPosition: LogPosition = { incarnation: '', size: 0, receiptedSize: 0 };

  private constructor(options: StoreOptions, parts: LogParts, boot: { counter: number }) {
    this.#options = options;
    this.#parts = parts;
    this.#witnessed = new WitnessRecord(storePaths(options.dir).witnessed, options.witnessKey);
    this.#recipients = options.recipients;
    this.#intake = new Intake(() => parts.now().bootMicros);
    this.#hasher = treeHasher(options.crypto);
    this.#emergency = new EmergencyDesk(storePaths(options.dir).emergency, parts, this.#hasher, (what, error) =>
      this.#problem(what, error),
    );
    this.#life = new LogLife({
      options,
      parts: { ...parts, witness: this.#witnessed },
      boot,
      hasher: this.#hasher,
      emergency: this.#emergency,
      recipients: () => this.#recipients,
      appended: () => this.#appended(),
      problem: (what, error) => this.#problem(what, error),
    });
    this.#summaryTimer = setInterval(() => void this.#summarise(), SUMMARY_INTERVAL_MS);
    this.#summaryTimer.unref();
  }

  /** Use `openStore`. */
  static async open(options: StoreOptions, parts: LogParts, boot: { counter: number }): Promise<AuditStore> {
    const store = new AuditStore(options, parts, boot);
    try {
      await store.#life.open(options.birth);
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
    return this.#life.alarms.open;
  }

  /**
   * Records an event. Resolves once it is durable: with its place, or with null when it is one of a flood of class 2 or 3
   * and was counted instead. Rejects with AUDIT_EVENT_REFUSED, AUDIT_EVENT_OVERSIZE, AUDIT_STORE_FULL,
   * AUDIT_APPEND_FAILED or AUDIT_STORE_CLOSED; then nothing that depends on the event may happen.
   */
  async append(event: AuditEvent): Promise<{ readonly seq: number | null }> {
    const { taking, closed } = this.#life;
    const live = taking === undefined || closed ? await this.#readyFor(event) : taking;
    const admission = this.#intake.admit(event, live.fill);
    if (admission.outcome === 'summarised') return { seq: null };
    const { durable, at } = live.submit(admission.text, admission.eventClass === 1);
    let seq: number;
    try {
      seq = (await durable) + at;
    } catch (error) {
      throw this.#notAppended(event, error);
    }
    // Nothing is waited for where nothing is left to say: each wait is a turn that a single append has to pay.
    if (this.#life.noteRoom()) await this.#life.catchUp(live);
    if (admission.endsEpoch) void live.rotate('session_end');
    return { seq };
  }

  /**
   * Break-glass, logout and refused sign-ins when `append` said FULL or FAILED. Durable when it returns; rejects when this fails too.
   * Refused sign-ins fill half of it at most: whoever guesses PINs must not take the room of an emergency.
   */
  async appendEmergency(event: AuditEvent): Promise<{ readonly seq: number }> {
    if (this.#life.closed) throw new WardlockError('AUDIT_STORE_CLOSED');
    const admission = this.#intake.admit(event, 0);
    if (admission.outcome !== 'admitted') throw new WardlockError('AUDIT_EVENT_REFUSED', 'The emergency log takes events of class 1 only.');
    const main = citationOf(this.#life.live?.anchorRecord(), undefined);
    const seq = this.#emergency.append(pad(utf8(admission.text)), this.#recipients, main, event.type === 'auth.refused' ? 'half' : 'all');
    this.#intake.release(event.type);
    return { seq };
  }

  /** Opens a new epoch now; resolves when the keys before it are gone, or when the change failed and was reported. */
  async newEpoch(reason: Extract<EpochReason, 'wake' | 'session_end'>): Promise<void> {
    await (await this.#life.ready()).rotate(reason);
  }

  /** New recipients from a new policy: in force from a new epoch, at once. */
  async setRecipients(recipients: readonly Recipient[]): Promise<void> {
    checkRecipients(recipients);
    this.#recipients = recipients;
    await (await this.#life.ready()).rotate('recipients', recipients);
  }

  position(): LogPosition {
    const { live } = this.#life;
    if (live !== undefined) this.#lastPosition = { incarnation: live.incarnation, size: live.size, receiptedSize: live.receiptedSize };
    return this.#lastPosition;
  }

  /** The main log, then the runs of the emergency log and the replaced logs that have no receipt yet. */
  logs(): readonly LogPosition[] {
    const main = this.position();
    return [...(main.incarnation === '' ? [] : [main]), ...this.#sideLogs().map(({ position }) => position)];
  }

  /** The checkpoint to anchor now, under the log key and the epoch's. */
  checkpoint(): string {
    return this.#life.needed().checkpoint();
  }

  /** Raw entries from `start` with the checkpoint that covers them, as in contract/sync.ts. */
  readFrom(start: number, limits: ReadLimits, incarnation?: string): Batch {
    return this.#side(incarnation)?.batch(start, limits) ?? this.#mainFor(incarnation).batch(start, limits);
  }

  consistency(from: number, to: number, incarnation?: string): readonly Uint8Array[] {
    return this.#side(incarnation)?.consistency(from, to) ?? consistency(this.#mainFor(incarnation).view(), from, to);
  }

  inclusion(seq: number, size: number): readonly Uint8Array[] {
    return inclusion(this.#life.needed().view(), seq, size);
  }

  /** Judges a receipt and keeps it. One that contradicts this log is an alarm and is recorded. */
  async applyReceipt(note: string): Promise<ReceiptOutcome> {
    const live = this.#life.needed();
    const judged = judgeReceipt(note, this.#options.receiptKey, [live.receipted(), ...this.#sideLogs().map(({ receipted }) => receipted)]);
    if (judged.outcome === 'refused') {
      if (judged.fault !== undefined) await this.#life.raise([judged.fault]);
      return judged;
    }
    const { origin, size } = judged.signed.checkpoint;
    if (judged.outcome === 'beyond') this.#life.retired?.supersede(origin, size);
    else if (origin === live.receipted().origin) live.keepReceipt(size, note);
    else {
      this.#emergency.keepReceipt(origin, size, live, this.#isDamageSeen());
      this.#life.retired?.keepReceipt(origin, size, note);
    }
    return { outcome: 'accepted', receiptedSize: live.receiptedSize };
  }

  /** Judges a cosignature of the server's witness and keeps it. One that contradicts this log is an alarm and is recorded. */
  async applyCosignature(note: string): Promise<boolean> {
    const judged = await this.#witnessed.take(note, this.#life.needed().receipted());
    if (judged.outcome === 'refused' && judged.fault !== undefined) await this.#life.raise([judged.fault]);
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
    const { live, diskFull } = this.#life;
    const usedBytes = live?.usedBytes ?? 0;
    return {
      recording: recordingState(live?.fill, diskFull),
      incarnation,
      epoch: live?.epoch ?? 0,
      size,
      receiptedSize,
      unreceipted: size - receiptedSize,
      usedBytes,
      capacityBytes,
      daysLeft: daysLeft(usedBytes, capacityBytes),
      alarms: this.#life.alarms.open,
      emergencyEntries: this.#emergency.entries,
      retiredUnreceipted: this.#life.retired?.unreceipted ?? 0,
      anchorFailing: this.#life.anchorFailing,
      witnessed: this.#witnessed.latest ?? null,
      keys: vault.protection,
    };
  }

  /** A consistent copy for a verifier, in a new file. */
  async snapshot(path: string): Promise<{ readonly path: string; readonly entries: number }> {
    const live = this.#life.needed();
    const entries = live.size;
    await live.snapshot(path, { witnessed: this.#witnessed.latest?.note, emergency: () => this.#emergency.forSnapshot(live) });
    return { path, entries };
  }

  /** Someone takes note of the alarms that stand now; that is recorded. */
  async acknowledge(person: string | null): Promise<void> {
    const seen = this.#life.alarms.open;
    await this.append({ type: 'recording.acknowledged', body: { person, findings: seen.length } });
    this.#life.alarms.remove(seen);
    const live = this.#life.needed();
    live.writeMeta('alarms', this.#life.alarms.encode());
    this.#emergency.makeRoom(live, this.#isDamageSeen());
  }

  /** Records the end, seals everything and closes. What fails of that is reported, and the rest is done all the same. */
  async close(): Promise<void> {
    if (this.#life.closed) return;
    clearInterval(this.#summaryTimer);
    await this.#summarise();
    await this.#life.close(await this.#recordEnd());
    this.#emergency.close();
  }

  /** Also past the capacity: each life says how it ended. */
  async #recordEnd(): Promise<boolean> {
    try {
      const live = await this.#life.ready();
      await live.record(sealable({ type: 'recording.stopped', body: { reason: 'shutdown' } }), true);
      return true;
    } catch (error) {
      this.#problem('The end of recording could not be recorded.', error);
      return false;
    }
  }

  #isDamageSeen(): boolean {
    return this.#life.alarms.open.every(({ code }) => code !== 'EMERGENCY_DAMAGED');
  }

  #sideLogs(): readonly SideLog[] {
    return [...this.#emergency.logs(), ...(this.#life.retired?.logs() ?? [])];
  }

  #side(incarnation: string | undefined): SideLog | undefined {
    return this.#sideLogs().find(({ position }) => position.incarnation === incarnation);
  }

  #readyFor({ type }: AuditEvent): Promise<LiveStore> {
    return this.#life.ready().catch((error: unknown) => {
      this.#intake.hold(type);
      throw error;
    });
  }

  #mainFor(incarnation: string | undefined): LiveStore {
    const live = this.#life.needed();
    if (incarnation !== undefined && incarnation !== live.incarnation) {
      throw new WardlockError('AUDIT_RANGE_UNAVAILABLE', `This seat records under ${live.incarnation} now.`);
    }
    return live;
  }

  #notAppended({ type }: AuditEvent, error: unknown): WardlockError {
    this.#intake.hold(type);
    if (this.#life.noteFull(error)) {
      return new WardlockError('AUDIT_STORE_FULL', 'The disk of the audit store is full.', { cause: error });
    }
    return new WardlockError('AUDIT_APPEND_FAILED', undefined, { cause: error });
  }

  #appended(): void {
    const position = this.position();
    for (const listener of this.#listeners) listener(position);
  }

  async #summarise(): Promise<void> {
    for (const summary of this.#intake.takeSummaries()) {
      try {
        const live = await this.#life.ready();
        await live.record(sealable(summary), false);
      } catch (error) {
        this.#problem('A summary of events could not be recorded.', error);
        if (summary.type === 'recording.summarised') this.#intake.holdAgain(summary.body);
      }
    }
  }

  #problem(what: string, error: unknown): void {
    this.#options.onProblem?.(what, error);
  }
}
