/**
 * A display for a machine without one: Xvfb with a cookie of its own, a window manager without a single key binding,
 * and pictures of the whole screen as a person in front of it would see it. Needs Debian's xvfb, xauth, openbox, imagemagick.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Child, startChild } from './child.ts';
import type { Command } from './stage.ts';

const run = promisify(execFile);
const DISPLAY_LIMIT_MS = 15_000;
const PICTURE_LIMIT_MS = 20_000;

export interface Display {
  readonly name: string;
  /** Cookie file; readable by the owner given at the start only. */
  readonly authority: string;
  picture(file: string): Promise<void>;
  stop(): Promise<void>;
}

export interface DisplaySpec {
  readonly dir: string;
  readonly width: number;
  readonly height: number;
  /** Who may draw on it: the screens' user. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Another X server than Xvfb, given the cookie file: it must write its display's number to file descriptor 3. */
  readonly server?: (authority: string) => Command;
}

/** An openbox configuration in which no key and no mouse button does anything: the kiosk decides, not the window manager. */
const OPENBOX_CONFIG = `<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy></placement>
  <desktops><number>1</number><popupTime>0</popupTime></desktops>
  <keyboard></keyboard>
  <mouse></mouse>
  <applications></applications>
</openbox_config>
`;

export async function startDisplay(spec: DisplaySpec): Promise<Display> {
  await mkdir(spec.dir, { recursive: true, mode: 0o711 });
  const authority = join(spec.dir, 'Xauthority');
  await writeFile(authority, '', { mode: 0o600 });
  const { command, args } = spec.server?.(authority) ?? memoryServer(spec, authority);
  const server = spawn(command, [...args], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const number = await firstLine(server, command);
  const name = `:${number}`;
  await run('xauth', ['-f', authority, 'add', name, '.', randomBytes(16).toString('hex')]);
  // The server looks at its cookie file again whenever a client connects and the file has changed.
  await chmod(authority, 0o600);
  await chown(authority, spec.owner.uid, spec.owner.gid);

  const configFile = join(spec.dir, 'openbox.xml');
  await writeFile(configFile, OPENBOX_CONFIG, { mode: 0o644 });
  const manager: Child = startChild({
    name: 'window manager',
    command: 'openbox',
    args: ['--config-file', configFile, '--sm-disable'],
    env: { PATH: '/usr/bin:/bin', DISPLAY: name, XAUTHORITY: authority, HOME: spec.dir },
    logFile: join(spec.dir, 'openbox.log'),
    cwd: '/',
  });

  return {
    name,
    authority,
    async picture(file) {
      await run('import', ['-silent', '-window', 'root', file], {
        env: { PATH: '/usr/bin:/bin', DISPLAY: name, XAUTHORITY: authority },
        timeout: PICTURE_LIMIT_MS,
      });
    },
    async stop() {
      await manager.stop();
      if (server.exitCode === null && server.signalCode === null) {
        const ended = new Promise((resolve) => server.once('exit', resolve));
        server.kill('SIGTERM');
        await ended;
      }
    },
  };
}

function memoryServer({ width, height }: DisplaySpec, authority: string): Command {
  return {
    command: 'Xvfb',
    args: ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp', '-noreset', '-auth', authority],
  };
}

/**
 * A cookie file for an existing display that the screens' user can read: the caller lends its own cookie, and only that.
 * Undefined where the display needs none.
 */
export async function lendDisplay(spec: {
  readonly dir: string;
  readonly name: string;
  readonly owner: DisplaySpec['owner'];
}): Promise<string | undefined> {
  const { stdout } = await run('xauth', ['list', spec.name]);
  const cookie = stdout.trim().split('\n')[0]?.split(/\s+/);
  if (cookie?.[1] === undefined || cookie[2] === undefined) return undefined;
  await mkdir(spec.dir, { recursive: true, mode: 0o711 });
  const authority = join(spec.dir, 'Xauthority');
  await writeFile(authority, '', { mode: 0o600 });
  await run('xauth', ['-f', authority, 'add', spec.name, cookie[1], cookie[2]]);
  await chmod(authority, 0o600);
  await chown(authority, spec.owner.uid, spec.owner.gid);
  return authority;
}

function firstLine(child: ReturnType<typeof spawn>, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const pipe = child.stdio[3];
    if (pipe === null || pipe === undefined || !('on' in pipe)) {
      reject(new Error(`${name} was started without a pipe for its display number`));
      return;
    }
    const timer = setTimeout(() => reject(new Error(`${name} named no display within ${DISPLAY_LIMIT_MS / 1000} s`)), DISPLAY_LIMIT_MS);
    let text = '';
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString('ascii');
      if (!text.includes('\n')) return;
      clearTimeout(timer);
      resolve(text.trim());
    });
    child.once('error', (error) =>
      reject(new Error(`${name} could not be started: ${error.message}. Run npm run ready, which installs it.`)),
    );
    child.once('exit', (code) => reject(new Error(`${name} ended at once with code ${code}`)));
  });
}
