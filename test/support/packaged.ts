/**
 * A packaged seat as it would be installed: a copy outside of the checkout, so that nothing of the checkout is found from it, and the
 * programs in it run as a seat runs them. Owns the copy, the processes and their users' files; removes all of it.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { OsUser } from '../../agent/os/users.ts';
import { listeningOfProcess } from './listening.ts';
import { isAlive } from './processes.ts';
import type { TestDisplay } from './x-display.ts';

const run = promisify(execFile);
const LOOK_MS = 20;

export interface Ended {
  readonly code: number | null;
  readonly said: string;
  /** Addresses that any process of the user listened at while it ran. */
  readonly listened: readonly string[];
}

export class PackagedSeat {
  readonly folder: string;
  /** As if it were /opt/Wardlock. */
  readonly root: string;
  readonly #children: ChildProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.root = join(folder, 'Wardlock');
  }

  static async copyOf(unpacked: string): Promise<PackagedSeat> {
    const folder = mkdtempSync(join(tmpdir(), 'wl-packaged-'));
    chmodSync(folder, 0o755);
    const seat = new PackagedSeat(folder);
    await run('cp', ['-a', unpacked, seat.root]);
    return seat;
  }

  get program(): string {
    return join(this.root, 'wardlock-kiosk');
  }

  get archive(): string {
    return join(this.root, 'resources', 'app.asar');
  }

  get #node(): string {
    return join(this.root, 'resources', 'seat', 'bin', 'node');
  }

  #source(...names: readonly string[]): string {
    return join(this.root, 'resources', 'seat', ...names);
  }

  /** What the service manager asks before the screens. */
  check(): { readonly code: number | null; readonly said: string } {
    const { status, stderr } = spawnSync(this.#node, [this.#source('agent', 'package', 'check-program.ts')], { encoding: 'utf8', env: {} });
    return { code: status, said: stderr };
  }

  command(...args: readonly string[]): { readonly code: number | null; readonly stdout: string } {
    const { status, stdout } = spawnSync(this.#node, [this.#source('cli', 'seat-main.ts'), ...args], {
      encoding: 'utf8',
      env: {},
      cwd: '/',
    });
    return { code: status, stdout };
  }

  /** Starts the agent of the package; resolves once it serves. */
  async startAgent(state: string, ui: OsUser, app: OsUser): Promise<{ readonly said: () => string; stop(): Promise<void> }> {
    const users = ['--ui-user', ui.name, '--app-user', app.name];
    const args = [
      this.#source('cli', 'seat-main.ts'),
      'agent',
      '--state',
      state,
      '--no-keychain',
      '--json',
      '--reader-socket',
      '/nonexistent',
      ...users,
    ];
    const child = spawn(this.#node, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin' }, cwd: '/' });
    this.#children.push(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const gone = once(child, 'exit').then(() => {
      throw new Error(`The packaged agent ended: ${said}`);
    });
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), gone]);
    gone.catch(() => undefined);
    return { said: () => said, stop: () => this.#end(child) };
  }

  /** Starts the screens as their user. */
  startScreens(
    user: OsUser,
    display: TestDisplay,
    more: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv; readonly socket: string },
  ): ChildProcess {
    const home = join(user.home, 'screens');
    mkdirSync(home, { recursive: true });
    chownSync(home, user.uid, user.gid);
    const args = ['--agent-socket', more.socket, '--mode', 'kiosk', `--user-data-dir=${join(home, 'electron')}`, ...(more.args ?? [])];
    const child = spawn(this.program, args, {
      uid: user.uid,
      gid: user.gid,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: home, DISPLAY: display.name, XAUTHORITY: display.xauthority, ...more.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#children.push(child);
    return child;
  }

  /** Watches a program of a user until it ends. */
  async untilEnd(child: ChildProcess, user: OsUser): Promise<Ended> {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const listened = new Set<string>();
    const look = setInterval(() => {
      for (const address of listeningOf(user.uid)) listened.add(address);
    }, LOOK_MS);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    clearInterval(look);
    return { code: child.exitCode, said, listened: [...listened] };
  }

  async endScreens(child: ChildProcess): Promise<void> {
    await this.#end(child);
  }

  async remove(): Promise<void> {
    for (const child of this.#children) await this.#end(child);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await gone;
    clearTimeout(late);
  }
}

/** Addresses of TCP sockets that any living process of this user listens at. */
export function listeningOf(uid: number): readonly string[] {
  return processesOfUser(uid).flatMap(listeningOfProcess);
}

function processesOfUser(uid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && uidOf(pid) === uid);
}

function uidOf(pid: number): number | undefined {
  try {
    return Number(/^Uid:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
