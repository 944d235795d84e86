/**
 * The seat's own display: an X server with a cookie of its own, without keys that lead out of it, and a window manager without
 * bindings. Owns their processes and the cookie; draws nothing, and hands the cookie to the screens' user alone.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { WardlockError } from '../../core/errors/index.ts';
import { makeXauthority } from '../os/display/xauthority.ts';

const run = promisify(execFile);
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;
const PASS_THROUGH = 0o711;
const READABLE = 0o644;
const PRIVATE_FILE = 0o600;
const ENVIRONMENT = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' };

/** Switches of the server's own keys off, whatever the layout says (xkeyboard-config(7)). */
const NO_SERVER_KEYS = ['-option', 'srvrkeys:none'];
/** In a command of its own: together with another option it would take that away as well. */
const NO_OPTIONS = ['-option', ''];

/** What Xorg must have taken from its configuration. */
const SWITCHES = ['DontVTSwitch', 'DontZap', 'DontZoom'];

export const XORG_CONFIG = join(import.meta.dirname, 'xorg.conf');
const WINDOW_MANAGER_CONFIG = join(import.meta.dirname, 'window-manager.xml');

export interface ServerCommand {
  readonly command: string;
  /** Must make the server write its display's number to descriptor 3, and take the cookie file that it was made for. */
  readonly args: readonly string[];
  /** Log in which the server itself must say that its switches are in force; a server without switches has none. */
  readonly log?: string;
}

export interface KioskDisplaySpec {
  /** Of this display alone; made where it is not there. */
  readonly folder: string;
  /** Who may draw on it: the screens' user. */
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly server: (authority: string) => ServerCommand;
}

export interface KioskDisplay {
  /** Such as `:0`. */
  readonly name: string;
  /** Cookie file; readable by its owner only. */
  readonly authority: string;
  /** Resolves when the server or the window manager has ended, wanted or not: no screens are safe on what is left. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Xorg with the switches of this folder.
 * @param more where it runs, such as `vt7`, and a configuration in place of this folder's
 */
export function xorg(authority: string, more: readonly string[], config = XORG_CONFIG): ServerCommand {
  const log = join(dirname(authority), 'xorg.log');
  const args = ['-config', config, '-logfile', log, '-nolisten', 'tcp', '-noreset', '-novtswitch', '-displayfd', '3', '-auth', authority];
  return { command: '/usr/bin/Xorg', args: [...args, ...more], log };
}

/** Another section of the same kind anywhere in the machine's configuration takes the place of ours, without a word. */
async function switchesHold(log: string): Promise<void> {
  const said = await readFile(log, 'utf8');
  const missing = SWITCHES.filter((option) => !said.includes(`(**) Option "${option}" "true"`));
  if (missing.length > 0)
    throw new Error(`Xorg did not take ${missing.join(', ')}: look for another section "ServerFlags" below /etc/X11.`);
}

/** @throws OS_DISPLAY_FAILED, after having ended what was started */
export async function startKioskDisplay(spec: KioskDisplaySpec): Promise<KioskDisplay> {
  const { folder, owner } = spec;
  await mkdir(folder, { recursive: true, mode: PASS_THROUGH });
  const authority = join(folder, 'Xauthority');
  await writeFile(authority, makeXauthority(0), { mode: PRIVATE_FILE });
  const { command, args, log } = spec.server(authority);
  const server = spawn(command, [...args], { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const children = [server];
  try {
    const number = await displayNumber(server, command);
    if (log !== undefined) await switchesHold(log);
    const name = `:${number}`;
    // The server looks at its cookie file again whenever a client connects and the file has changed.
    await writeFile(authority, makeXauthority(number), { mode: PRIVATE_FILE });
    await chmod(authority, PRIVATE_FILE);
    const env = { ...ENVIRONMENT, DISPLAY: name, XAUTHORITY: authority, HOME: folder };
    await run('setxkbmap', NO_OPTIONS, { env });
    await run('setxkbmap', NO_SERVER_KEYS, { env });
    const config = join(folder, 'window-manager.xml');
    await copyFile(WINDOW_MANAGER_CONFIG, config);
    await chmod(config, READABLE);
    await chown(authority, owner.uid, owner.gid);
    const said = openSync(join(folder, 'window-manager.log'), 'a', PRIVATE_FILE);
    const manager = spawn('openbox', ['--config-file', config, '--sm-disable'], {
      env,
      cwd: '/',
      stdio: ['ignore', said, said],
      ...(process.geteuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}),
    });
    children.unshift(manager);
    await once(manager, 'spawn');
    const ended = Promise.race(children.map((child) => once(child, 'exit'))).then(() => undefined);
    return { name, authority, ended, stop: () => stopAll(children) };
  } catch (cause) {
    await stopAll(children);
    throw new WardlockError('OS_DISPLAY_FAILED', `The seat's display could not be started: ${inWords(cause)}`, { cause });
  }
}

async function stopAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }
}

async function displayNumber(server: ChildProcess, command: string): Promise<number> {
  const pipe = server.stdio[3];
  if (!(pipe instanceof Readable)) throw new TypeError(`${command} was started without a pipe for its display's number.`);
  const failure = Promise.withResolvers<never>();
  server.once('error', (cause) => failure.reject(cause));
  server.once('exit', (code) => failure.reject(new Error(`${command} ended at once with code ${code}.`)));
  const timer = setTimeout(
    () => failure.reject(new Error(`${command} named no display within ${START_LIMIT_MS / 1000} s.`)),
    START_LIMIT_MS,
  );
  try {
    return await Promise.race([firstLine(pipe), failure.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function firstLine(pipe: Readable): Promise<number> {
  let text = '';
  for await (const chunk of pipe) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return Number(text.trim());
}

function inWords(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
