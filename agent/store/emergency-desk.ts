/**
 * The emergency log's counter in the store: opens it when it can, hands its runs to the syncer, says what is wrong with it, and empties it
 * once every run has its receipt. Owns that bookkeeping; must never empty what the server does not hold, nor what nobody has seen.
 */
import { dirname, join } from 'node:path';
import { parseCheckpoint } from '../../core/audit/checkpoint.ts';
import type { Fault } from '../../core/audit/faults.ts';
import type { TreeHasher } from '../../core/audit/hasher.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { EmergencyLog } from './emergency.ts';
import { countOf, type EmergencyContent, type EmergencyRun } from './emergency-file.ts';
import { emergencyConsistency, emergencyRoot, readEmergencyBatch } from './emergency-read.ts';
import { countIn, EMERGENCY_TOLD, emergencyFaults, encodeTold, readTold, type Told } from './emergency-told.ts';
import type { LogParts } from './incarnation.ts';
import { sealable } from './intake.ts';
import type { LiveStore } from './live-store.ts';
import type { SideLog } from './side-log.ts';
import type { SnapshotParts } from './snapshot.ts';
import type { LogPosition } from './types.ts';

const NOTHING: EmergencyContent = { runs: [], damage: [], end: 0 };

export class EmergencyDesk {
  readonly #path: string;
  readonly #hasher: TreeHasher;
  readonly #problem: (what: string, error: unknown) => void;
  readonly #log: EmergencyLog | undefined;
  readonly #receipted = new Map<string, number>();
  /** How many entries of each run the main log was told of. */
  readonly #reported = new Map<string, number>();
  #content: EmergencyContent | undefined;

  constructor(path: string, parts: LogParts, hasher: TreeHasher, problem: (what: string, error: unknown) => void) {
    this.#path = path;
    this.#hasher = hasher;
    this.#problem = problem;
    try {
      this.#log = EmergencyLog.open(path, parts);
    } catch (error) {
      problem('There is no emergency log: events can be lost while the store is full or broken.', error);
    }
  }

  get entries(): number {
    return this.#all().reduce((sum, run) => sum + countOf(run), 0);
  }

  append(...event: Parameters<EmergencyLog['append']>): number {
    if (this.#log === undefined) throw new WardlockError('AUDIT_APPEND_FAILED', 'There is no emergency log on this seat.');
    const seq = this.#log.append(...event);
    this.#content = undefined;
    return seq;
  }

  /** The runs, each as the syncer and receipts see it: as far as it is there without a gap. */
  logs(): readonly SideLog[] {
    return this.#offered().map((run) => ({
      position: this.#positionOf(run),
      receipted: { origin: originOf(run), size: run.entries.length, rootAt: (size) => emergencyRoot(run, this.#hasher, size) },
      batch: (start, limits) => readEmergencyBatch(run, this.#hasher, start, limits),
      consistency: (from, to) => emergencyConsistency(run, this.#hasher, from, to),
    }));
  }

  keepReceipt(origin: string, size: number, live: Pick<LiveStore, 'tables'>, isSeen: boolean): void {
    const run = this.#offered().find((candidate) => originOf(candidate) === origin);
    if (run === undefined) return;
    this.#receipted.set(run.incarnation, size);
    this.makeRoom(live, isSeen);
  }

  /**
   * Empties the file once the server holds all of it that it can take. One that was damaged stays until a person has seen that, and then
   * beside the store, because the server has not all of it. @param isSeen no alarm about the damage waits for anybody
   */
  makeRoom({ tables }: Pick<LiveStore, 'tables'>, isSeen: boolean): void {
    const { runs, damage } = this.#read();
    const isDamaged = damage.length > 0 || runs.some(({ behind }) => behind.length > 0);
    if ((runs.length === 0 && !isDamaged) || (isDamaged && !isSeen)) return;
    if (this.#offered().some(({ incarnation, entries }) => (this.#receipted.get(incarnation) ?? 0) < entries.length)) return;
    try {
      // First, so that a crash between leaves a run that is told again, and no alarm about one that is gone.
      if (this.#told({ tables })?.size !== 0) tables.writeMeta(EMERGENCY_TOLD, encodeTold(new Map()));
      if (isDamaged) this.#log?.setAside(join(dirname(this.#path), `emergency-damaged-${Date.now()}.log`));
      else this.#log?.clear();
    } catch (error) {
      this.#problem('The emergency log could not be emptied yet.', error);
    }
    this.#content = undefined;
  }

  /** What is wrong with the file, held against what the main log was told of it. */
  faults(live: Pick<LiveStore, 'tables'>): readonly Fault[] {
    return this.#log === undefined ? [] : emergencyFaults(this.#told(live), this.#read());
  }

  /** What is missing has a name now: from here on the main log knows of what is there. */
  settle({ tables }: Pick<LiveStore, 'tables'>): void {
    const told = this.#told({ tables });
    const found = new Map(
      [...(told ?? [])].map(([incarnation, size]) => [incarnation, Math.min(size, countIn(this.#read(), incarnation))]),
    );
    const isSame = told !== undefined && [...told].every(([incarnation, size]) => found.get(incarnation) === size);
    if (!isSame) tables.writeMeta(EMERGENCY_TOLD, encodeTold(new Map([...found].filter(([, size]) => size > 0))));
  }

  /** Whether the main log has not been told of a run in this life, or of what it gained since. */
  get hasNews(): boolean {
    return this.#all().some((run) => this.#isNews(run));
  }

  /** Says in the main log what this one holds, from an earlier life or from the time of the failure. */
  async report(live: Pick<LiveStore, 'record' | 'tables'>): Promise<void> {
    for (const run of this.#all().filter((candidate) => this.#isNews(candidate))) {
      const { incarnation } = run;
      const entries = countOf(run);
      const before = this.#reported.get(incarnation) ?? 0;
      this.#reported.set(incarnation, entries);
      try {
        await live.record(sealable({ type: 'recording.emergency', body: { incarnation, entries } }), true);
        // Unless it was receipted and removed meanwhile.
        if (countIn(this.#read(), incarnation) >= entries) this.#remember(live, incarnation, entries);
      } catch (error) {
        this.#reported.set(incarnation, before);
        this.#problem('What the emergency log holds could not be told in the main log yet.', error);
      }
    }
  }

  /** The file as it is, and what the main log was told of it. */
  forSnapshot({ tables }: Pick<LiveStore, 'tables'>): ReturnType<SnapshotParts['emergency']> {
    const content = this.#log?.content();
    return { content: content?.length === 0 ? undefined : content, told: tables.meta(EMERGENCY_TOLD) };
  }

  close(): void {
    this.#log?.close();
  }

  #remember({ tables }: Pick<LiveStore, 'tables'>, incarnation: string, entries: number): void {
    const told = new Map(this.#told({ tables }));
    tables.writeMeta(EMERGENCY_TOLD, encodeTold(told.set(incarnation, entries)));
  }

  #told({ tables }: Pick<LiveStore, 'tables'>): Told | undefined {
    return readTold(tables.meta(EMERGENCY_TOLD));
  }

  /** A run grows when the store fails a second time in one life of the agent. */
  #isNews(run: EmergencyRun): boolean {
    return countOf(run) > (this.#reported.get(run.incarnation) ?? 0);
  }

  #positionOf({ incarnation, entries }: EmergencyRun): LogPosition {
    return { incarnation, size: entries.length, receiptedSize: this.#receipted.get(incarnation) ?? 0 };
  }

  #offered(): readonly EmergencyRun[] {
    return this.#all().filter(({ entries }) => entries.length > 0);
  }

  #all(): readonly EmergencyRun[] {
    return this.#read().runs;
  }

  #read(): EmergencyContent {
    this.#content ??= this.#log?.read() ?? NOTHING;
    return this.#content;
  }
}

function originOf(run: EmergencyRun): string {
  return parseCheckpoint(run.head).checkpoint.origin;
}
