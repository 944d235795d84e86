/**
 * The emergency log's counter in the store: opens it when it can, hands its runs to the syncer, and empties it once every
 * run has its receipt. Owns that bookkeeping; must never empty what the server does not hold.
 */

import type { AuditEvent } from '../../contract/events.ts';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { Padded } from '../../core/audit/entry.ts';
import type { Citation, Recipient } from '../../core/audit/epoch.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { EmergencyLog, type EmergencyRun } from './emergency.ts';
import { emergencyConsistency, emergencyRoot, readEmergencyBatch } from './emergency-read.ts';
import type { LogParts } from './incarnation.ts';
import type { SideLog } from './side-log.ts';
import type { LogPosition } from './types.ts';

export class EmergencyDesk {
  readonly #hasher: TreeHasher;
  readonly #problem: (what: string, error: unknown) => void;
  readonly #log: EmergencyLog | undefined;
  readonly #receipted = new Map<string, number>();
  /** How many entries of each run the main log was told of. */
  readonly #reported = new Map<string, number>();
  #runs: readonly EmergencyRun[] | undefined;

  constructor(path: string, parts: LogParts, hasher: TreeHasher, problem: (what: string, error: unknown) => void) {
    this.#hasher = hasher;
    this.#problem = problem;
    try {
      this.#log = EmergencyLog.open(path, parts);
    } catch (error) {
      problem('There is no emergency log: events can be lost while the store is full or broken.', error);
    }
  }

  get entries(): number {
    return this.#all().reduce((sum, run) => sum + run.entries.length, 0);
  }

  append(padded: Padded, recipients: readonly Recipient[], main: Citation): number {
    if (this.#log === undefined) throw new WardlockError('AUDIT_APPEND_FAILED', 'There is no emergency log on this seat.');
    const seq = this.#log.append(padded, recipients, main);
    this.#runs = undefined;
    return seq;
  }

  /** The runs, each as the syncer and receipts see it. */
  logs(): readonly SideLog[] {
    return this.#all().map((run) => ({
      position: this.#positionOf(run),
      receipted: { origin: originOf(run), size: run.entries.length, rootAt: (size) => emergencyRoot(run, this.#hasher, size) },
      batch: (start, limits) => readEmergencyBatch(run, this.#hasher, start, limits),
      consistency: (from, to) => emergencyConsistency(run, this.#hasher, from, to),
    }));
  }

  keepReceipt(origin: string, size: number): void {
    const runs = this.#all();
    const run = runs.find((candidate) => originOf(candidate) === origin);
    if (run === undefined) return;
    this.#receipted.set(run.incarnation, size);
    if (runs.some(({ incarnation, entries }) => (this.#receipted.get(incarnation) ?? 0) < entries.length)) return;
    this.#log?.clear();
    this.#runs = undefined;
  }

  /** Whether the main log has not been told of a run in this life, or of what it gained since. */
  get hasNews(): boolean {
    return this.#all().some((run) => this.#isNews(run));
  }

  /** Says in the main log what this one holds, from an earlier life or from the time of the failure. */
  async report(tell: (event: AuditEvent) => Promise<unknown>): Promise<void> {
    for (const run of this.#all().filter((candidate) => this.#isNews(candidate))) {
      const { incarnation, size } = this.#positionOf(run);
      const before = this.#reported.get(incarnation) ?? 0;
      this.#reported.set(incarnation, size);
      try {
        await tell({ type: 'recording.emergency', body: { incarnation, entries: size } });
      } catch (error) {
        this.#reported.set(incarnation, before);
        this.#problem('What the emergency log holds could not be told in the main log yet.', error);
      }
    }
  }

  /** The file as it is, for a snapshot; `undefined` where it holds nothing. */
  content(): Uint8Array | undefined {
    return this.#log?.content();
  }

  close(): void {
    this.#log?.close();
  }

  /** A run grows when the store fails a second time in one life of the agent. */
  #isNews({ incarnation, entries }: EmergencyRun): boolean {
    return entries.length > (this.#reported.get(incarnation) ?? 0);
  }

  #positionOf({ incarnation, entries }: EmergencyRun): LogPosition {
    return { incarnation, size: entries.length, receiptedSize: this.#receipted.get(incarnation) ?? 0 };
  }

  #all(): readonly EmergencyRun[] {
    this.#runs ??= this.#log?.runs() ?? [];
    return this.#runs;
  }
}

function originOf(run: EmergencyRun): string {
  return parseCheckpoint(run.head).checkpoint.origin;
}
