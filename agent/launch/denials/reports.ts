/**
 * Whether denials are reported, and to whom. Owns the listener and the kernel's switch for records; keeps both going while
 * the seat runs, and says when they are not.
 */
import type { RestrictionReport } from '../../os/restrictions/restrictions.ts';
import { auditRestrictions } from '../../os/restrictions/seat-restrictions.ts';
import { auditRecords } from '../../os/restrictions/settings.ts';
import type { LaunchLog } from '../port.ts';
import { type DenialListener, listenForDenials } from './listener.ts';
import type { CountedDenial } from './tally.ts';

export interface DenialReports {
  /** Whether the kernel's records reach this process now. */
  readonly areComing: boolean;
  /** Who is told of denials from now on. */
  tell(reader: (denial: CountedDenial) => void): void;
  close(): Promise<void>;
}

/** Someone who switches records off again and again within an hour wants them off; the seat then says that it has no reports. */
const MAX_SWITCHED_ON = 20;
const HOUR_MS = 3_600_000;
/** A listener that ended is started again, later each time. */
const FIRST_RESTART_MS = 1_000;
const LAST_RESTART_MS = 60_000;

/** Switches the kernel's records on, undoing first what a crashed run left, and starts to listen. */
export async function openDenialReports(stateFolder: string, log: LaunchLog): Promise<DenialReports> {
  const restrictions = auditRestrictions(stateFolder);
  await restrictions
    .revert()
    .catch((cause: unknown) => log('warn', 'What a former run switched on is not back.', { cause: String(cause) }));
  const reports = new Reports(() => restrictions.perform(), log);
  await reports.listen();
  return {
    get areComing() {
      return reports.areComing;
    },
    tell: (reader) => reports.tell(reader),
    close: async () => {
      await reports.close();
      await restrictions.revert();
    },
  };
}

class Reports {
  readonly #perform: () => Promise<RestrictionReport>;
  readonly #log: LaunchLog;
  #reader: (denial: CountedDenial) => void = () => undefined;
  #listener: DenialListener | undefined;
  #areOn = false;
  #isClosed = false;
  #switchedOn: readonly number[] = [];
  #restartMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | undefined;
  #listeningSince = 0;

  constructor(perform: () => Promise<RestrictionReport>, log: LaunchLog) {
    this.#perform = perform;
    this.#log = log;
  }

  get areComing(): boolean {
    return this.#areOn && this.#listener !== undefined;
  }

  tell(reader: (denial: CountedDenial) => void): void {
    this.#reader = reader;
  }

  /** Never rejects: without reports what is denied stays denied. */
  async listen(): Promise<void> {
    try {
      const listener = await listenForDenials({
        onDenied: (denial) => this.#reader(denial),
        onTrouble: (what) => this.#troubled(what),
      });
      if (this.#isClosed) return await listener.close();
      this.#listener = listener;
      this.#listeningSince = performance.now();
      await this.#switchOn();
    } catch (cause) {
      this.#log('warn', 'Denials are not reported.', { cause: cause instanceof Error ? cause.message : String(cause) });
      this.#listenLater();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  #troubled(what: 'lost' | 'switched-off' | 'ended'): void {
    this.#log('warn', 'Reports of denials are not complete.', { cause: what });
    // One that ends before it listened is the failure of `listen`.
    if (what === 'ended' && this.#listener !== undefined) {
      this.#listener = undefined;
      if (performance.now() - this.#listeningSince > LAST_RESTART_MS) this.#restartMs = FIRST_RESTART_MS;
      this.#listenLater();
    }
    if (what !== 'switched-off') return;
    this.#areOn = false;
    const now = performance.now();
    this.#switchedOn = [...this.#switchedOn.filter((at) => now - at < HOUR_MS), now];
    if (this.#switchedOn.length <= MAX_SWITCHED_ON) void this.#switchOn();
  }

  #listenLater(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => void this.listen(), this.#restartMs).unref();
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
  }

  async #switchOn(): Promise<void> {
    const { failed } = await this.#perform();
    // With a smaller backlog a burst may be cut; that is told when it happens.
    this.#areOn = failed.every(({ id }) => id !== auditRecords.id);
    for (const { id, detail } of failed)
      this.#log('warn', `Reports of denials may not be complete: ${id} could not be set.`, { cause: detail });
  }
}
