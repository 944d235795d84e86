/**
 * What one session runs in: a pid namespace whose process 1 only sleeps, a mount namespace with a throw-away home, a cgroup, and
 * one starter kept warm. Owns their lives. Ending it ends everything in it, however it was daemonised.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { WardlockError } from '../../../core/errors/index.ts';
import { type Cgroup, endCgroup, enterCgroup, freezeCgroup, livingProcesses, makeSubgroup, untilEmpty } from '../../os/cgroup.ts';
import { type Controllers, endTogether } from '../../os/cgroup-limits.ts';
import { type Command, spawnInNamespaceOf, spawnNamespaceInit } from '../../os/pid-namespace.ts';
import { WINDOW_MANAGER_CONFIG } from '../desktop.ts';
import { notKept } from '../kept-file.ts';
import type { AppUser, FileToKeep, Kept } from '../port.ts';
import { SANDBOX_GIVEN, SANDBOX_XAUTHORITY } from './layout.ts';
import { exitOf, LinePipe, type Outcome } from './line-pipe.ts';
import type { InitRequest, KeepRequest, StartRequest, WarmRequest } from './messages.ts';

export interface SandboxOptions {
  readonly user: AppUser;
  /** The session's own, empty; it is removed when the session ends. */
  readonly group: Cgroup;
  /** What the kernel can limit in it. */
  readonly controllers: Controllers;
  readonly hide: readonly string[];
  /** What may be read of the machine, as it is now. */
  readonly readable: () => Promise<readonly string[]>;
  /** Whether it fails when the kernel gives no network of its own: always, where the kernel was seen to. */
  readonly needsOwnNetwork: boolean;
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

interface FailedStart {
  readonly ok: false;
  readonly detail: string;
  readonly pid: number | undefined;
}

type Become = { readonly ok: true; readonly app: RunningApp } | FailedStart;

/** `gone` settles when nothing is left in the application's group. */
export type SandboxStart = { readonly ok: true; readonly app: RunningApp; readonly gone: Promise<void> } | FailedStart;

/** One that was started and of which something may still live. */
interface KeptApp {
  readonly appId: string;
  /** How its first process ends. */
  readonly exit: RunningApp['exit'];
  /** Nothing of it lives any more. */
  readonly forget: () => void;
}

/** What of a session is no application: a group that hands its limits on may have no process itself. */
const OWN_GROUP = 'own';

/** The programs lie beside this file, as TypeScript in development and as JavaScript in a package. */
const programPath = (name: string): string => join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);

/** No code from text, and as few threads as Node can do with: each of them has to end before a program can be executed. */
const NODE_OPTIONS = ['--disallow-code-generation-from-strings', '--v8-pool-size=0', '--single-threaded-gc'];

function helper(name: string, ...args: readonly string[]): Command {
  return {
    file: process.execPath,
    args: [...NODE_OPTIONS, programPath(name), ...args],
    // Nothing of the agent's environment and no output of an application, which might hold a patient's data.
    options: { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  };
}

export class Sandbox {
  readonly #options: SandboxOptions;
  readonly #group: Cgroup;
  readonly #init: ChildProcess;
  readonly #initPid: number;
  /** By the group that each application has to itself. */
  readonly #apps = new Map<Cgroup, KeptApp>();
  #starters = 0;
  #next: Promise<Starter> | undefined;
  #isEnding = false;

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
      await enterCgroup(await makeSubgroup(group, OWN_GROUP), sandbox.#initPid);
      const ready = await pipe.expect('ready');
      const asleep = ready.ok ? await pipe.expectSilence() : ready;
      if (!asleep.ok) throw new WardlockError('LAUNCH_LAYER_FAILED', `The session's own namespaces could not be set up: ${asleep.detail}`);
      if (options.needsOwnNetwork && !sandbox.hasOwnNetwork())
        throw new WardlockError('LAUNCH_LAYER_FAILED', 'The session could not be cut off from the network.');
      sandbox.#warmNext();
      return sandbox;
    } catch (cause) {
      await endCgroup(group);
      throw cause;
    }
  }

  /** Whom applications of the session run as. */
  get user(): AppUser {
    return this.#options.user;
  }

  /** Turns the warm starter into an application; the next one gets warm while that runs. */
  async start(appId: string, request: StartRequest): Promise<SandboxStart> {
    const starter = await this.#takeStarter();
    const started = await this.#become(starter, request);
    if (!started.ok) await endCgroup(starter.group);
    setImmediate(() => this.#warmNext());
    return started.ok ? { ...started, gone: this.#keep(appId, started.app) } : started;
  }

  /** Shows the session its display: the server's socket, and the cookie in a folder that applications can read and not change. */
  async showDisplay(socket: string, cookieFile: string): Promise<void> {
    const { uid, gid } = this.#options.user;
    const inside = this.#hostPath(SANDBOX_XAUTHORITY);
    await writeFile(inside, await readFile(cookieFile), { mode: 0o400 });
    await chown(inside, uid, gid);
    const { file, args, options } = helper('display-program', String(this.#livingInit()), socket);
    const { exitCode } = await exitOf(spawn(file, args, { ...options, stdio: 'ignore' }));
    if (exitCode !== 0) throw new WardlockError('OS_DISPLAY_FAILED', 'The display could not be shown to the session.');
  }

  /** Has the session's own user put a file into its home. */
  async keepFile({ fd, bytes, name }: FileToKeep): Promise<Kept> {
    const { file, args, options } = helper('keep-program');
    const child = spawnInNamespaceOf(this.#livingInit(), { file, args, options: { ...options, stdio: [fd, 'ignore', 'ignore', 'pipe'] } });
    const pipe = new LinePipe(child);
    const { uid, gid } = this.#options.user;
    const request: KeepRequest = { uid, gid, cgroup: join(this.#group.path, OWN_GROUP), name, bytes };
    pipe.send(request);
    const kept = await pipe.expect('ready');
    await exitOf(child);
    return kept.ok ? kept : notKept(kept.detail);
  }

  /** Ends one application with all that it started, and waits until its own exit is known. */
  async endApp(appId: string): Promise<boolean> {
    const theirs = [...this.#apps].filter(([, app]) => app.appId === appId);
    const ended = theirs.map(async ([group, { exit, forget }]) => {
      const isClean = await endCgroup(group);
      if (!isClean) return false;
      // Whoever asked is told of the exit before this returns.
      await exit;
      forget();
      return true;
    });
    return (await Promise.all(ended)).every(Boolean);
  }

  /** Stops one application with all that it started, or lets it go on. */
  async freezeApp(appId: string, frozen: boolean): Promise<void> {
    await Promise.all(this.#groupsOf(appId).map((group) => freezeCgroup(group, frozen)));
  }

  /** Whether what runs in the session is cut off from the agent's network. False once the session has ended. */
  hasOwnNetwork(): boolean {
    const network = (pid: number | 'self'): bigint => statSync(`/proc/${pid}/ns/net`, { bigint: true }).ino;
    return network(this.#livingInit()) !== network('self');
  }

  /** Processes of one application, and what it started, that are alive. */
  async livingOf(appId: string): Promise<readonly number[]> {
    return (await Promise.all(this.#groupsOf(appId).map(livingProcesses))).flat();
  }

  /** Processes of applications that are alive. */
  async living(): Promise<readonly number[]> {
    return (await Promise.all([...this.#apps.keys()].map(livingProcesses))).flat();
  }

  /** Ends everything. False when something survived the limit. */
  async end(): Promise<boolean> {
    this.#isEnding = true;
    const apps = [...this.#apps.values()];
    const isClean = await endCgroup(this.#group);
    if (!isClean) return false;
    await Promise.all(apps.map(({ exit }) => exit));
    for (const { forget } of apps) forget();
    return true;
  }

  #groupsOf(appId: string): readonly Cgroup[] {
    return [...this.#apps].flatMap(([group, app]) => (app.appId === appId ? [group] : []));
  }

  /** The pid of process 1. Once that has ended the number may be given to any process of the machine, so it is not used any more. */
  #livingInit(): number {
    if (this.#init.exitCode === null && this.#init.signalCode === null) return this.#initPid;
    throw new WardlockError('LAUNCH_LAYER_FAILED', 'The session has ended: its first process is gone.');
  }

  /** A path inside the session as this process can open it. */
  #hostPath(inside: string): string {
    if (!inside.startsWith(SANDBOX_GIVEN)) throw new TypeError('Root follows no path into a folder that applications can write.');
    return `/proc/${this.#livingInit()}/root${inside}`;
  }

  /** Until the application and all that it left running have ended; settles then. */
  #keep(appId: string, { group, exit }: RunningApp): Promise<void> {
    const gone = Promise.withResolvers<void>();
    // A group that is removed right after it was emptied may never tell that it was empty: whoever ends it says so.
    const watch = new AbortController();
    const forget = (): void => {
      watch.abort();
      this.#apps.delete(group);
      gone.resolve();
    };
    this.#apps.set(group, { appId, exit, forget });
    const removeOnceEmpty = async (): Promise<void> => {
      await exit;
      await untilEmpty(group, watch.signal);
      await endCgroup(group);
      forget();
    };
    // Where nothing can be watched it counts as running until somebody ends it.
    removeOnceEmpty().catch(() => undefined);
    return gone.promise;
  }

  #warmNext(): void {
    if (this.#isEnding || this.#next !== undefined) return;
    const next = this.#makeStarter();
    this.#next = next;
    // One that could not be made is nobody's: the launch that wants one makes its own.
    next.catch(() => {
      if (this.#next === next) this.#next = undefined;
    });
  }

  /** The warm starter, or one of its own: no two launches ever have the same. */
  #takeStarter(): Promise<Starter> {
    const warm = this.#next;
    this.#next = undefined;
    return warm === undefined ? this.#makeStarter() : warm.catch(() => this.#makeStarter());
  }

  async #makeStarter(): Promise<Starter> {
    const readable = await this.#options.readable();
    const initPid = this.#livingInit();
    this.#starters += 1;
    const group = await makeSubgroup(this.#group, `app-${this.#starters}`);
    await endTogether(group, this.#options.controllers);
    const child = spawnInNamespaceOf(initPid, helper('start-program'));
    const pipe = new LinePipe(child);
    const request: WarmRequest = {
      agentPid: process.pid,
      initPid,
      cgroup: group.path,
      readable,
    };
    pipe.send(request);
    return { child, pipe, group, warm: pipe.expect('ready') };
  }

  async #become(starter: Starter, request: StartRequest): Promise<Become> {
    const { child, pipe, group } = starter;
    const failed = ({ detail }: { readonly detail: string }): FailedStart => ({ ok: false, detail, pid: child.pid });
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
