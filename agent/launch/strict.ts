/**
 * A launcher that starts nothing where the policy wants every layer and one is missing, also on a seat that does not run as
 * root. What starts otherwise is the business of the launcher behind it; this one must never allow what that one refuses.
 */
import { choicesOf } from '../../policies/effective.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import type { Surface } from '../os/display/nested.ts';
import type {
  AppExit,
  Desktop,
  EndReport,
  EnforcementMode,
  FileToKeep,
  Kept,
  Launcher,
  LaunchRefusal,
  LaunchSpec,
  LimitedUse,
  PreparedLaunch,
  SessionOpening,
  StartedApp,
} from './port.ts';
import { RefusingLauncher } from './refusing.ts';

export class StrictLauncher implements Launcher {
  readonly #inner: Launcher;
  readonly #policy: () => PolicyDocument | null;

  /** @param policy the one in force, asked for at each look */
  constructor(inner: Launcher, policy: () => PolicyDocument | null) {
    this.#inner = inner;
    this.#policy = policy;
  }

  get mode(): EnforcementMode {
    const { mode } = this.#inner;
    const policy = this.#policy();
    const mustRefuse = policy !== null && choicesOf(policy).enforcementMissing === 'refuse';
    return mustRefuse && mode.name !== 'enforced' ? { name: 'refusing', missing: mode.missing } : mode;
  }

  get limits(): LimitedUse {
    return this.#inner.limits;
  }

  async openDesktop(sessionId: string, surface: Surface): Promise<Desktop | LaunchRefusal> {
    return (await this.#refused()) ?? this.#inner.openDesktop(sessionId, surface);
  }

  async prepare(spec: LaunchSpec): Promise<PreparedLaunch | LaunchRefusal> {
    return (await this.#refused()) ?? this.#inner.prepare(spec);
  }

  /** The policy may have become stricter since it was prepared. */
  async start(prepared: PreparedLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const refused = await this.#refused();
    if (refused === null) return this.#inner.start(prepared, onExit);
    this.#inner.discard(prepared);
    return refused;
  }

  openSession(opening: SessionOpening): void {
    this.#inner.openSession(opening);
  }

  discard(prepared: PreparedLaunch): void {
    this.#inner.discard(prepared);
  }

  endApp(sessionId: string, appId: string): Promise<void> {
    return this.#inner.endApp(sessionId, appId);
  }

  freeze(sessionId: string, appId: string, frozen: boolean): Promise<void> {
    return this.#inner.freeze(sessionId, appId, frozen);
  }

  front(sessionId: string, appId: string): Promise<boolean> {
    return this.#inner.front(sessionId, appId);
  }

  /** What nothing may be started with is not kept. */
  async keepFile(sessionId: string, file: FileToKeep): Promise<Kept> {
    const { mode } = this;
    return mode.name === 'refusing' ? new RefusingLauncher(mode).keepFile() : this.#inner.keepFile(sessionId, file);
  }

  endSession(sessionId: string): Promise<EndReport> {
    return this.#inner.endSession(sessionId);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #refused(): Promise<LaunchRefusal | null> {
    const { mode } = this;
    return mode.name === 'refusing' ? new RefusingLauncher(mode).prepare() : null;
  }
}
