/**
 * Launching without root, in a mode that is named everywhere: hash check, clean environment, a process group and a mark of
 * its own for each session. It keeps honest programs in order; it does not shut anyone in, and says so.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import type { Surface } from '../../os/display/nested.ts';
import { openDesktop, WINDOW_MANAGER_CONFIG, windowManagerSpec } from '../desktop.ts';
import { cleanEnvironment } from '../environment.ts';
import { notKept, putIntoHome } from '../kept-file.ts';
import { degradedWithoutRoot } from '../layers.ts';
import type {
  AppExit,
  Desktop,
  EndReport,
  EnforcementMode,
  FileToKeep,
  Kept,
  Launcher,
  LauncherOptions,
  LaunchRefusal,
  LaunchSpec,
  PreparedLaunch,
  SessionDisplay,
  SessionOpening,
  StartedApp,
} from '../port.ts';
import { closeLaunch, type HeldLaunch, PreparedLaunches } from '../prepared.ts';
import { endMarked, inGroups, markedProcesses, SESSION_MARK, signalAll, untilGroupEmpty } from './marked-processes.ts';

interface Session {
  readonly language: string;
  /** Of this session alone. The caller's own may not even exist, and is not for the next person to read. */
  readonly home: string;
  display: SessionDisplay | undefined;
  desktop: Desktop | undefined;
  /** By the pid of its first process, which names its process group: which application it is, and that process's exit. */
  readonly apps: Map<number, { readonly appId: string; readonly exit: Promise<void> }>;
}

/** Below the run folder: one home for each session. */
const HOMES_FOLDER = 'homes';
const PRIVATE_FOLDER = 0o700;
const DEFAULT_LANGUAGE = 'C.UTF-8';
/** Where the program finds the descriptor that was hashed, after it was inherited as number 3. */
const HELD_PROGRAM = '/proc/self/fd/3';

export class DegradedLauncher implements Launcher {
  readonly mode: EnforcementMode = degradedWithoutRoot;
  readonly limits = 'none';
  readonly #options: LauncherOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #prepared = new PreparedLaunches();

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  openSession(opening: SessionOpening): void {
    const { sessionId, language } = opening;
    if (this.#sessions.has(sessionId)) throw new WardlockError('LAUNCH_SESSION_UNKNOWN', 'The launcher has this session open already.');
    const homes = join(this.#options.runFolder, HOMES_FOLDER);
    // What an agent left behind that was killed.
    if (this.#sessions.size === 0) rmSync(homes, { recursive: true, force: true });
    const home = join(homes, sessionId);
    mkdirSync(home, { recursive: true, mode: PRIVATE_FOLDER });
    this.#sessions.set(sessionId, {
      language: language ?? DEFAULT_LANGUAGE,
      home,
      display: undefined,
      desktop: undefined,
      apps: new Map(),
    });
  }

  async openDesktop(sessionId: string, surface: Surface): Promise<Desktop | LaunchRefusal> {
    const session = this.#session(sessionId);
    await session.desktop?.end();
    const opened = await openDesktop({
      nested: { surface, authFolder: this.#options.runFolder },
      use: async (display) => {
        session.display = display;
      },
      startManager: (onExit) => this.#startManager(sessionId, onExit),
      log: this.#options.log,
    });
    session.desktop = opened.ok ? opened : undefined;
    return opened;
  }

  async prepare(spec: LaunchSpec): Promise<PreparedLaunch | LaunchRefusal> {
    if (!this.#sessions.has(spec.sessionId)) return { ok: false, reason: 'session-unknown', detail: spec.sessionId };
    return this.#prepared.prepare(spec);
  }

  async start(prepared: PreparedLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const held = this.#prepared.take(prepared);
    if (held === undefined) throw new WardlockError('LAUNCH_FAILED', 'This launch was started or given up before.');
    try {
      return await this.#start(prepared.spec, held, onExit);
    } finally {
      await closeLaunch(held);
    }
  }

  discard(prepared: PreparedLaunch): void {
    void this.#prepared.discard(prepared);
  }

  async endApp(sessionId: string, appId: string): Promise<void> {
    const apps = this.#session(sessionId).apps;
    const theirs = [...apps].filter(([, app]) => app.appId === appId);
    for (const [pid] of theirs) signalAll([-pid], 'SIGKILL');
    await Promise.all(theirs.map(([, { exit }]) => exit));
  }

  async freeze(sessionId: string, appId: string, frozen: boolean): Promise<void> {
    const groups = [...(this.#sessions.get(sessionId)?.apps ?? [])].filter(([, app]) => app.appId === appId).map(([pid]) => -pid);
    signalAll(groups, frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async front(sessionId: string, appId: string): Promise<boolean> {
    const session = this.#sessions.get(sessionId);
    const groups = new Set([...(session?.apps ?? [])].filter(([, app]) => app.appId === appId).map(([pid]) => pid));
    const pids = groups.size === 0 ? [] : await inGroups(await markedProcesses(sessionId), groups);
    return pids.length > 0 && (await session?.desktop?.front(pids)) === true;
  }

  async keepFile(sessionId: string, file: FileToKeep): Promise<Kept> {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { ok: false, reason: 'no-home', detail: 'the session is not open' };
    try {
      putIntoHome({ home: session.home, ...file });
      return { ok: true };
    } catch (cause) {
      return notKept(cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed');
    }
  }

  async endSession(sessionId: string): Promise<EndReport> {
    const session = this.#sessions.get(sessionId);
    await session?.desktop?.end();
    this.#sessions.delete(sessionId);
    const processes = (await markedProcesses(sessionId)).length;
    const exits = [...(session?.apps.values() ?? [])].map(({ exit }) => exit);
    const clean = await endMarked(sessionId);
    if (clean) await Promise.all(exits);
    if (session !== undefined) await rm(session.home, { recursive: true, force: true });
    return { sessionId, processes, clean };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((sessionId) => this.endSession(sessionId)));
  }

  async #startManager(sessionId: string, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const spec = await windowManagerSpec(sessionId, WINDOW_MANAGER_CONFIG);
    if ('ok' in spec) return spec;
    const prepared = await this.prepare(spec);
    return prepared.ok ? this.start(prepared, onExit) : prepared;
  }

  #session(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) throw new WardlockError('LAUNCH_SESSION_UNKNOWN');
    return session;
  }

  async #start(spec: LaunchSpec, held: HeldLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const { sessionId, appId } = spec;
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { ok: false, reason: 'session-unknown', detail: sessionId };
    const child = this.#spawn(spec, held, session);
    const { pid } = child;
    if (pid === undefined) return { ok: false, reason: 'start-failed', detail: await failureOf(child) };
    const exit = new Promise<void>((resolve) => {
      child.once('exit', (exitCode, signal) => {
        onExit({ sessionId, appId, pid, exitCode, signal });
        resolve();
      });
    });
    session.apps.set(pid, { appId, exit });
    const forgetOnceEmpty = async (): Promise<void> => {
      await exit;
      await untilGroupEmpty(sessionId, pid);
      session.apps.delete(pid);
    };
    return { ok: true, pid, appId, sessionId, gone: forgetOnceEmpty() };
  }

  #spawn(spec: LaunchSpec, held: HeldLaunch, session: Session): ChildProcess {
    const { home } = session;
    const env = cleanEnvironment({
      user: userInfo().username,
      home,
      runtimeFolder: process.env['XDG_RUNTIME_DIR'] ?? '/tmp',
      language: session.language,
      display: session.display,
      policy: spec.env,
    });
    // The descriptor itself is executed. A script is the exception: its interpreter opens it by name (execve(2)).
    const file = held.program.kind.kind === 'script' ? spec.path : HELD_PROGRAM;
    return spawn(file, spec.args, {
      argv0: spec.path,
      cwd: spec.cwd ?? home,
      detached: true,
      env: { ...env, [SESSION_MARK]: spec.sessionId },
      stdio: ['ignore', 'ignore', 'ignore', held.program.handle.fd],
    });
  }
}

async function failureOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
  });
}
