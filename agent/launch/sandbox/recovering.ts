/**
 * The launcher of a seat on which the layers could not be shown when the agent started: it refuses, and tries again until all of them work.
 * A machine that starts badly must not leave a seat without applications until somebody restarts its agent. Never starts anything itself.
 */
import type { Surface } from '../../os/display/nested.ts';
import { missing, withCause } from '../layers.ts';
import type {
  AppExit,
  Desktop,
  EndReport,
  EnforcementMode,
  FileToKeep,
  Kept,
  Launcher,
  LaunchLog,
  LaunchRefusal,
  LaunchSpec,
  LimitedUse,
  PreparedLaunch,
  SessionOpening,
  StartedApp,
} from '../port.ts';
import { RefusingLauncher } from '../refusing.ts';

/** After the first failure, and longer after each one up to the last, in milliseconds: a trial starts a session's processes. */
const FIRST_PAUSE_MS = 5_000;
const LAST_PAUSE_MS = 60_000;

export interface RecoveringPorts {
  /** A launcher whose layers were all seen to work; rejects with why there is none. */
  readonly attempt: () => Promise<Launcher>;
  readonly log: LaunchLog;
}

/** The launcher of the first attempt that works; one that goes on trying where the first does not. */
export async function withRecovery(ports: RecoveringPorts): Promise<Launcher> {
  try {
    return await ports.attempt();
  } catch (cause) {
    const failure = inWords(cause);
    ports.log('error', 'A session can not be shut in on this seat, so nothing is started. It is tried again.', { cause: failure });
    return new RecoveringLauncher(ports, failure);
  }
}

class RecoveringLauncher implements Launcher {
  readonly #ports: RecoveringPorts;
  /** Sessions that are open by now: the launcher that works has to know them. */
  readonly #open = new Map<string, SessionOpening>();
  #failure: string;
  /** Refuses until an attempt worked. */
  #now: Launcher;
  #pauseMs = FIRST_PAUSE_MS;
  #next: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #isClosed = false;

  constructor(ports: RecoveringPorts, failure: string) {
    this.#ports = ports;
    this.#failure = failure;
    this.#now = this.#refused();
    this.#tryLater();
  }

  get mode(): EnforcementMode {
    return this.#now.mode;
  }

  get limits(): LimitedUse {
    return this.#now.limits;
  }

  openSession(opening: SessionOpening): void {
    this.#open.set(opening.sessionId, opening);
    this.#now.openSession(opening);
  }

  openDesktop(sessionId: string, surface: Surface): Promise<Desktop | LaunchRefusal> {
    return this.#now.openDesktop(sessionId, surface);
  }

  prepare(spec: LaunchSpec): Promise<PreparedLaunch | LaunchRefusal> {
    return this.#now.prepare(spec);
  }

  start(prepared: PreparedLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    return this.#now.start(prepared, onExit);
  }

  discard(prepared: PreparedLaunch): void {
    this.#now.discard(prepared);
  }

  endApp(sessionId: string, appId: string): Promise<void> {
    return this.#now.endApp(sessionId, appId);
  }

  freeze(sessionId: string, appId: string, frozen: boolean): Promise<void> {
    return this.#now.freeze(sessionId, appId, frozen);
  }

  front(sessionId: string, appId: string): Promise<boolean> {
    return this.#now.front(sessionId, appId);
  }

  keepFile(sessionId: string, file: FileToKeep): Promise<Kept> {
    return this.#now.keepFile(sessionId, file);
  }

  endSession(sessionId: string): Promise<EndReport> {
    this.#open.delete(sessionId);
    return this.#now.endSession(sessionId);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#next);
    await this.#trying;
    await this.#now.close();
  }

  #refused(): Launcher {
    return new RefusingLauncher({ name: 'refusing', missing: [withCause(missing.namespaces, this.#failure)] });
  }

  #tryLater(): void {
    this.#next = setTimeout(() => {
      this.#trying = this.#try();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS);
  }

  async #try(): Promise<void> {
    const { attempt, log } = this.#ports;
    try {
      this.#now = await attempt();
    } catch (cause) {
      this.#failed(inWords(cause));
      return;
    }
    log('info', 'Sessions can be shut in now.');
    for (const opening of this.#open.values()) this.#now.openSession(opening);
  }

  #failed(failure: string): void {
    if (failure !== this.#failure) this.#ports.log('error', 'A session can still not be shut in on this seat.', { cause: failure });
    this.#failure = failure;
    this.#now = this.#refused();
    if (!this.#isClosed) this.#tryLater();
  }
}

function inWords(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
