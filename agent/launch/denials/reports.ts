/**
 * Whether denials are reported, and to whom. Owns the listener and the kernel's switch for records; keeps both going while
 * the seat runs, and says when they are not.
 */
import type { RestrictionReport } from '../../os/restrictions/restrictions.ts';
import { auditRestrictions } from '../../os/restrictions/seat-restrictions.ts';
import { auditRecords } from '../../os/restrictions/settings.ts';
import type { LaunchLog } from '../port.ts';
import { type DenialHandlers, type DenialListener, listenForDenials } from './listener.ts';
import type { CountedDenial } from './tally.ts';

export interface DenialReports {
  /** Whether somebody listens and the kernel's records are on. A listener that stands in the wrong place hears nothing all the same. */
  readonly isListening: boolean;
  /** Whether the kernel's records reach this process: it listens, and one has come. */
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
  const reports = new Reports({ perform: () => restrictions.perform(), listen: listenForDenials, log });
  await reports.listen();
  return {
    get isListening() {
      return reports.isListening;
    },
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

export interface ReportsPorts {
  /** Switches the kernel's records on. */
  readonly perform: () => Promise<RestrictionReport>;
  readonly listen: (handlers: DenialHandlers) => Promise<DenialListener>;
  readonly log: LaunchLog;
}

export class Reports {
  readonly #ports: ReportsPorts;
  #reader: (denial: CountedDenial) => void = () => undefined;
  #listener: DenialListener | undefined;
  #areOn = false;
  #hasOneCome = false;
  #isClosed = false;
  #switchedOn: readonly number[] = [];
  #restartMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | undefined;
  #listeningSince = 0;

  constructor(ports: ReportsPorts) {
    this.#ports = ports;
  }

  get isListening(): boolean {
    return this.#areOn && this.#listener !== undefined;
  }

  get areComing(): boolean {
    return this.isListening && this.#hasOneCome;
  }

  tell(reader: (denial: CountedDenial) => void): void {
    this.#reader = reader;
  }

  /** Never rejects: without reports what is denied stays denied. */
  async listen(): Promise<void> {
    try {
      const listener = await this.#ports.listen({
        onDenied: (denial) => {
          this.#hasOneCome = true;
          this.#reader(denial);
        },
        onTrouble: (what) => this.#troubled(what),
      });
      if (this.#isClosed) return await listener.close();
      this.#listener = listener;
      this.#listeningSince = performance.now();
      await this.#switchOn();
    } catch (cause) {
      this.#ports.log('warn', 'Denials are not reported.', { cause: cause instanceof Error ? cause.message : String(cause) });
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
    this.#ports.log('warn', 'Reports of denials are not complete.', { cause: what });
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
    const { failed } = await this.#ports.perform();
    // With a smaller backlog a burst may be cut; that is told when it happens.
    this.#areOn = failed.every(({ id }) => id !== auditRecords.id);
    for (const { id, detail } of failed)
      this.#ports.log('warn', `Reports of denials may not be complete: ${id} could not be set.`, { cause: detail });
  }
}
