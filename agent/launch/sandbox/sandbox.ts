/**
 * What one session runs in: a pid namespace whose process 1 only sleeps, a mount namespace with a throw-away home, a cgroup, and
 * one starter kept warm. Owns their lives. Ending it ends everything in it, however it was daemonised.
 */
import type { ChildProcess } from 'node:child_process';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import { type Cgroup, endCgroup, enterCgroup, freezeCgroup, livingProcesses, makeSubgroup } from '../../os/cgroup.ts';
import { type Command, spawnInNamespaceOf, spawnNamespaceInit } from '../../os/pid-namespace.ts';
import { WINDOW_MANAGER_CONFIG } from '../desktop.ts';
import type { AppUser } from '../port.ts';
import { SANDBOX_GIVEN, SANDBOX_XAUTHORITY } from './layout.ts';
import { exitOf, LinePipe, type Outcome } from './line-pipe.ts';
import type { InitRequest, StartRequest, WarmRequest } from './messages.ts';

export interface SandboxOptions {
  readonly user: AppUser;
  /** The session's own, empty; it is removed when the session ends. */
  readonly group: Cgroup;
  readonly hide: readonly string[];
  /** What may be read of the machine. */
  readonly readable: readonly string[];
}

/** A program that is ready to become an application, and the cgroup that it will be one in. */
interface Starter {
  readonly child: ChildProcess;
  readonly pipe: LinePipe;
  readonly group: Cgroup;
  readonly warm: Promise<Outcome>;
}

interface RunningApp {
  readonly pid: number;
  readonly group: Cgroup;
  readonly exit: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}

export type SandboxStart =
  | { readonly ok: true; readonly app: RunningApp }
  | { readonly ok: false; readonly detail: string; readonly pid: number | undefined };

/** The two programs lie beside this file, as TypeScript in development and as JavaScript in a package. */
const programPath = (name: string): string => join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);

function helper(name: string, ...args: readonly string[]): Command {
  return {
    file: process.execPath,
    args: ['--disallow-code-generation-from-strings', programPath(name), ...args],
    // Nothing of the agent's environment and no output of an application, which might hold a patient's data.
    options: { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  };
}

export class Sandbox {
  readonly #options: SandboxOptions;
  readonly #group: Cgroup;
  readonly #init: ChildProcess;
  readonly #initPid: number;
  readonly #apps: { readonly appId: string; readonly group: Cgroup }[] = [];
  #starters = 0;
  #next: Starter | undefined;

  private constructor(options: SandboxOptions, group: Cgroup, init: ChildProcess) {
    if (init.pid === undefined) throw new WardlockError('LAUNCH_LAYER_FAILED', 'The first process of a session could not be started.');
    this.#options = options;
    this.#group = group;
    this.#init = init;
    this.#initPid = init.pid;
  }

  /**
   * Sets all of it up.
   * @throws WardlockError `LAUNCH_LAYER_FAILED` or `OS_CALL_FAILED`, after having undone what was done
   */
  static async open(options: SandboxOptions): Promise<Sandbox> {
    const { group } = options;
    try {
      const request: InitRequest = {
        uid: options.user.uid,
        gid: options.user.gid,
        hide: options.hide,
        windowManager: WINDOW_MANAGER_CONFIG,
      };
      const init = spawnNamespaceInit(helper('init-program', JSON.stringify(request)));
      const pipe = new LinePipe(init);
      const sandbox = new Sandbox(options, group, init);
      await enterCgroup(group, sandbox.#initPid);
      const ready = await pipe.expect('ready');
      const asleep = ready.ok ? await pipe.expectSilence() : ready;
      if (!asleep.ok) throw new WardlockError('LAUNCH_LAYER_FAILED', `The session's own namespaces could not be set up: ${asleep.detail}`);
      sandbox.#next = await sandbox.#makeStarter();
      return sandbox;
    } catch (cause) {
      await endCgroup(group);
      throw cause;
    }
  }

  /** Resolves when process 1 has ended and with it all that ran in the session. */
  async gone(): Promise<void> {
    await exitOf(this.#init);
  }

  /** Turns the warm starter into an application and warms the next one. */
  async start(appId: string, request: StartRequest): Promise<SandboxStart> {
    const starter = this.#next ?? (await this.#makeStarter());
    this.#next = undefined;
    const started = await this.#become(starter, request);
    if (started.ok) this.#apps.push({ appId, group: starter.group });
    else await endCgroup(starter.group);
    this.#next = await this.#makeStarter();
    return started;
  }

  /** Gives applications the cookie of their display, in a folder that they can read and not change. */
  async giveXauthority(hostFile: string): Promise<string> {
    const inside = this.#hostPath(SANDBOX_XAUTHORITY);
    await writeFile(inside, await readFile(hostFile), { mode: 0o400 });
    await chown(inside, this.#options.user.uid, this.#options.user.gid);
    return SANDBOX_XAUTHORITY;
  }

  /** Ends one application with all that it started. */
  async endApp(appId: string): Promise<boolean> {
    const groups = this.#apps.filter((app) => app.appId === appId).map(({ group }) => endCgroup(group));
    return (await Promise.all(groups)).every(Boolean);
  }

  async freeze(frozen: boolean): Promise<void> {
    await freezeCgroup(this.#group, frozen);
  }

  /** Processes of applications that are alive. */
  async living(): Promise<readonly number[]> {
    return (await Promise.all(this.#apps.map(({ group }) => livingProcesses(group)))).flat();
  }

  /** Ends everything. False when something survived the limit. */
  async end(): Promise<boolean> {
    this.#next?.pipe.close();
    return endCgroup(this.#group);
  }

  /** A path inside the session as this process can open it. */
  #hostPath(inside: string): string {
    if (!inside.startsWith(SANDBOX_GIVEN)) throw new TypeError('Root follows no path into a folder that applications can write.');
    return `/proc/${this.#initPid}/root${inside}`;
  }

  async #makeStarter(): Promise<Starter> {
    this.#starters += 1;
    const group = await makeSubgroup(this.#group, `app-${this.#starters}`);
    const child = spawnInNamespaceOf(this.#initPid, helper('start-program'));
    const pipe = new LinePipe(child);
    const request: WarmRequest = {
      agentPid: process.pid,
      initPid: this.#initPid,
      cgroup: group.path,
      readable: this.#options.readable,
    };
    pipe.send(request);
    return { child, pipe, group, warm: pipe.expect('ready') };
  }

  async #become(starter: Starter, request: StartRequest): Promise<SandboxStart> {
    const { child, pipe, group } = starter;
    const failed = ({ detail }: { readonly detail: string }): SandboxStart => ({ ok: false, detail, pid: child.pid });
    const warm = await starter.warm;
    if (!warm.ok) return failed(warm);
    const exit = exitOf(child);
    pipe.send(request);
    const executing = await pipe.expect('executing');
    if (!executing.ok) return failed(executing);
    const replaced = await pipe.expectSilence();
    pipe.close();
    if (!replaced.ok) return failed(replaced);
    return child.pid === undefined ? failed({ detail: 'the process has no pid' }) : { ok: true, app: { pid: child.pid, group, exit } };
  }
}
