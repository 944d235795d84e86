/**
 * The enforced way of launching, for an agent that runs as root on Linux: each session in a sandbox of its own, each
 * application held to its own files. Owns the sessions; opens nothing that the policy did not name.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import type { Surface } from '../../os/display/nested.ts';
import type { DenialReports } from '../denials/reports.ts';
import { openDesktop, windowManagerSpec } from '../desktop.ts';
import { cleanEnvironment } from '../environment.ts';
import type { HeldProgram } from '../file.ts';
import { missing, withCause } from '../layers.ts';
import type {
  AppDenial,
  AppExit,
  AppUser,
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
  MissingLayer,
  PreparedLaunch,
  SessionDisplay,
  SessionOpening,
  StartedApp,
} from '../port.ts';
import { closeLaunch, type HeldLaunch, PreparedLaunches } from '../prepared.ts';
import { heldFile } from './held.ts';
import { LayerWatch } from './layer-watch.ts';
import { SANDBOX_HOME, SANDBOX_RUNTIME, SANDBOX_WINDOW_MANAGER, SANDBOX_XAUTHORITY, X_SOCKET_FOLDER } from './layout.ts';
import type { StartRequest } from './messages.ts';
import { SandboxOpening } from './opening.ts';
import { ownFolder } from './own-folder.ts';
import { Sandbox } from './sandbox.ts';
import { endSeatCgroups, makeSessionGroup, type SeatCgroups } from './seat-cgroups.ts';
import type { Surveyor } from './surveyor.ts';
import { tryAgain } from './trial.ts';
import type { UserPool } from './user-pool.ts';

export interface SandboxLauncherOptions {
  /** Layers that this kernel does not give, without which the others still hold. */
  readonly missing: readonly MissingLayer[];
  readonly reports: Pick<DenialReports, 'areComing' | 'tell' | 'close'>;
  readonly onDenied: (denial: AppDenial) => void;
  readonly users: UserPool;
  readonly uiUser: { readonly uid: number; readonly gid: number };
  /** For the cookies of nested displays. */
  readonly runFolder: string;
  readonly cgroups: SeatCgroups;
  readonly hide: readonly string[];
  readonly surveyor: Pick<Surveyor, 'ofSystem' | 'ofFolder' | 'close'>;
  readonly log: LaunchLog;
}

/** Longer than counts are held back. */
const LATE_DENIALS_MS = 5_000;

interface Session {
  readonly language: string;
  readonly opening: SandboxOpening<Sandbox>;
  /** Settles when the sandbox is ready; `undefined` when there is none: a layer failed, which was then logged, or the session ended first. */
  readonly sandbox: Promise<Sandbox | undefined>;
  display: SessionDisplay | undefined;
  desktop: Desktop | undefined;
}

const DEFAULT_LANGUAGE = 'C.UTF-8';

export class SandboxLauncher implements Launcher {
  readonly #options: SandboxLauncherOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #prepared = new PreparedLaunches();
  readonly #layers: LayerWatch;
  /** By the pid that the application was started as: what it started is still denied things after its own end. */
  readonly #apps = new Map<number, { readonly sessionId: string; readonly appId: string }>();

  constructor(options: SandboxLauncherOptions) {
    this.#options = options;
    const { users, cgroups, log } = options;
    this.#layers = new LayerWatch({ trial: () => tryAgain(users, cgroups), log });
    options.reports.tell(({ domainPid, access, path, count }) => {
      const app = this.#apps.get(domainPid);
      if (app !== undefined) options.onDenied({ ...app, access, path, count });
    });
  }

  get mode(): EnforcementMode {
    const { missing: lacking, reports } = this.#options;
    const { lost } = this.#layers;
    if (lost !== undefined) return { name: 'refusing', missing: [withCause(missing.namespaces, lost)] };
    return { name: 'enforced', missing: [...lacking, ...(reports.areComing ? [] : [missing.denialReports])] };
  }

  get limits(): LimitedUse {
    const { controllers } = this.#options.cgroups;
    return controllers.has('memory') && controllers.has('pids') ? 'session' : 'process';
  }

  openSession({ sessionId, language }: SessionOpening): void {
    if (this.#sessions.has(sessionId)) throw new WardlockError('LAUNCH_SESSION_UNKNOWN', 'The launcher has this session open already.');
    const opening = this.#open(sessionId);
    const { sandbox } = opening;
    this.#sessions.set(sessionId, {
      language: language ?? DEFAULT_LANGUAGE,
      opening,
      sandbox,
      display: undefined,
      desktop: undefined,
    });
  }

  async openDesktop(sessionId: string, surface: Surface): Promise<Desktop | LaunchRefusal> {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { ok: false, reason: 'session-unknown', detail: sessionId };
    await session.desktop?.end();
    const { runFolder, uiUser, cgroups, log } = this.#options;
    const opened = await openDesktop({
      nested: { surface, authFolder: runFolder, user: uiUser, cgroup: cgroups.displays },
      use: async ({ name, xauthority }) => {
        const sandbox = await session.sandbox;
        await sandbox?.showDisplay(join(X_SOCKET_FOLDER, `X${name.slice(1)}`), xauthority);
        session.display = { name, xauthority: SANDBOX_XAUTHORITY };
      },
      startManager: (onExit) => this.#startManager(sessionId, onExit),
      log,
    });
    session.desktop = opened.ok ? opened : undefined;
    return opened;
  }

  async prepare(spec: LaunchSpec): Promise<PreparedLaunch | LaunchRefusal> {
    const session = this.#sessions.get(spec.sessionId);
    if (session === undefined) return { ok: false, reason: 'session-unknown', detail: spec.sessionId };
    const [prepared, sandbox] = await Promise.all([this.#prepared.prepare(spec), session.sandbox]);
    if (!prepared.ok || sandbox !== undefined) return prepared;
    this.discard(prepared);
    return { ok: false, reason: 'layer-failed', detail: 'The session could not be shut in; the operational log names the layer.' };
  }

  async start(prepared: PreparedLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const held = this.#prepared.take(prepared);
    if (held === undefined) throw new WardlockError('LAUNCH_FAILED', 'This launch was started or given up before.');
    try {
      return await this.#start(prepared.spec, held, onExit);
    } catch (cause) {
      const { sessionId, appId } = prepared.spec;
      this.#options.log('error', 'A layer failed while an application was started; it was not.', {
        sessionId,
        appId,
        cause: String(cause),
      });
      return { ok: false, reason: 'layer-failed', detail: cause instanceof Error ? cause.message : String(cause) };
    } finally {
      await closeLaunch(held);
    }
  }

  discard(prepared: PreparedLaunch): void {
    void this.#prepared.discard(prepared);
  }

  async endApp(sessionId: string, appId: string): Promise<void> {
    const sandbox = await this.#sessions.get(sessionId)?.sandbox;
    const clean = await sandbox?.endApp(appId);
    if (clean === false) throw new WardlockError('LAUNCH_LAYER_FAILED', `What ${appId} started could not be ended.`);
  }

  async freeze(sessionId: string, appId: string, frozen: boolean): Promise<void> {
    await (await this.#sessions.get(sessionId)?.sandbox)?.freezeApp(appId, frozen);
  }

  async front(sessionId: string, appId: string): Promise<boolean> {
    const session = this.#sessions.get(sessionId);
    const pids = await (await session?.sandbox)?.livingOf(appId);
    return pids !== undefined && pids.length > 0 && (await session?.desktop?.front(pids)) === true;
  }

  async keepFile(sessionId: string, file: FileToKeep): Promise<Kept> {
    try {
      const sandbox = await this.#sessions.get(sessionId)?.sandbox;
      if (sandbox === undefined) return { ok: false, reason: 'no-home', detail: 'the session is not open or could not be shut in' };
      return await sandbox.keepFile(file);
    } catch (cause) {
      return { ok: false, reason: 'failed', detail: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  async endSession(sessionId: string): Promise<EndReport> {
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    session?.opening.giveUp();
    const sandbox = await session?.sandbox;
    if (sandbox === undefined) {
      await session?.desktop?.end();
      return { sessionId, processes: 0, clean: true };
    }
    const processes = (await sandbox.living()).length;
    // In this order: an application that lost its display first would seem to have ended by itself.
    const [clean] = await Promise.all([sandbox.end(), session?.desktop?.end()]);
    this.#options.users.release(sandbox.user);
    this.#forgetLater(sessionId);
    return { sessionId, processes, clean };
  }

  async close(): Promise<void> {
    await this.#layers.close();
    await Promise.all([...this.#sessions.keys()].map((sessionId) => this.endSession(sessionId)));
    const { surveyor, cgroups, reports, users } = this.#options;
    surveyor.close();
    await Promise.all([endSeatCgroups(cgroups), reports.close(), users.settled()]);
  }

  /** What was denied by the hundred is counted first and told a little later, perhaps after the end. */
  #forgetLater(sessionId: string): void {
    const ended = [...this.#apps].filter(([, app]) => app.sessionId === sessionId);
    const forget = (): void => {
      // The number may be another application's by then.
      for (const [pid, app] of ended) if (this.#apps.get(pid) === app) this.#apps.delete(pid);
    };
    setTimeout(forget, LATE_DENIALS_MS).unref();
  }

  async #startManager(sessionId: string, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const spec = await windowManagerSpec(sessionId, SANDBOX_WINDOW_MANAGER);
    if ('ok' in spec) return spec;
    const prepared = await this.prepare(spec);
    return prepared.ok ? this.start(prepared, onExit) : prepared;
  }

  #open(sessionId: string): SandboxOpening<Sandbox> {
    const { surveyor, log } = this.#options;
    return new SandboxOpening({
      survey: () => surveyor.ofSystem(),
      setUp: () => this.#setUp(sessionId),
      onFailed: (cause) =>
        log('error', 'A session could not be shut in, so nothing can be started in it.', { sessionId, cause: String(cause) }),
    });
  }

  async #setUp(sessionId: string): Promise<Sandbox> {
    const { users, cgroups, hide, surveyor } = this.#options;
    const user = await users.take();
    try {
      // Looked at anew for each application: what a package has changed since holds from the next launch on.
      const readable = () => surveyor.ofSystem();
      const needsOwnNetwork = !this.#options.missing.includes(missing.network);
      const group = await makeSessionGroup(cgroups, sessionId);
      return await Sandbox.open({ user, group, controllers: cgroups.controllers, hide, readable, needsOwnNetwork });
    } catch (cause) {
      users.release(user);
      this.#layers.suspect();
      throw cause;
    }
  }

  async #start(spec: LaunchSpec, held: HeldLaunch, onExit: (exit: AppExit) => void): Promise<StartedApp | LaunchRefusal> {
    const { sessionId, appId } = spec;
    const session = this.#sessions.get(sessionId);
    const sandbox = await session?.sandbox;
    if (session === undefined || sandbox === undefined) return { ok: false, reason: 'session-unknown', detail: sessionId };
    const loaders = [...new Set([held.program, ...held.children].flatMap(loaderOf))].map((path) => openSync(path, 'r'));
    try {
      const readable = await this.#ownFolders([held.program, ...held.children]);
      const request = this.#request(spec, held, {
        user: sandbox.user,
        loaders,
        readable,
        display: session.display,
        language: session.language,
      });
      const started = await sandbox.start(appId, request);
      if (!started.ok) return { ok: false, reason: 'start-failed', detail: started.detail };
      const { pid } = started.app;
      this.#apps.set(pid, { sessionId, appId });
      void started.app.exit.then((exit) => onExit({ sessionId, appId, pid, ...exit }));
      return { ok: true, pid, appId, sessionId, gone: started.gone };
    } finally {
      loaders.forEach((fd) => {
        closeSync(fd);
      });
    }
  }

  /** Libraries and data that lie beside a program in a folder that is its own. */
  async #ownFolders(programs: readonly HeldProgram[]): Promise<readonly string[]> {
    const folders = new Set(programs.flatMap(({ path }) => ownFolder(path) ?? []));
    return (await Promise.all([...folders].map((folder) => this.#options.surveyor.ofFolder(folder)))).flat();
  }

  #request(
    spec: LaunchSpec,
    held: HeldLaunch,
    runtime: {
      readonly user: AppUser;
      readonly loaders: readonly number[];
      readonly readable: readonly string[];
      readonly display: SessionDisplay | undefined;
      readonly language: string;
    },
  ): StartRequest {
    const { user, display, language, loaders, readable } = runtime;
    const env = cleanEnvironment({
      user: user.name,
      home: SANDBOX_HOME,
      runtimeFolder: SANDBOX_RUNTIME,
      language,
      display,
      policy: spec.env,
    });
    return {
      uid: user.uid,
      gid: user.gid,
      path: spec.path,
      argv: [spec.path, ...spec.args],
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      cwd: spec.cwd ?? SANDBOX_HOME,
      program: heldFile(held.program.handle.fd),
      scripts: held.scripts.map(({ handle }) => heldFile(handle.fd)),
      executable: [...held.children.map(({ handle }) => heldFile(handle.fd)), ...loaders.map(heldFile)],
      readable,
    };
  }
}

function loaderOf(program: HeldProgram): readonly string[] {
  return program.kind.kind === 'program' && program.kind.loader !== undefined ? [program.kind.loader] : [];
}
