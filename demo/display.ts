/**
 * A display for a machine without one: the seat's own display on Xvfb, and pictures of the whole screen as a person in front of it
 * would see it. Needs Debian's xvfb, xauth, openbox, x11-xkb-utils, imagemagick.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startKioskDisplay } from '../agent/kiosk/display.ts';
import type { Command } from './stage.ts';

const run = promisify(execFile);
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

export async function startDisplay(spec: DisplaySpec): Promise<Display> {
  const server = spec.server ?? ((authority: string): Command => memoryServer(spec, authority));
  const { name, authority, stop } = await startKioskDisplay({ folder: spec.dir, owner: spec.owner, server });
  return {
    name,
    authority,
    stop,
    async picture(file) {
      await run('import', ['-silent', '-window', 'root', file], {
        env: { PATH: '/usr/bin:/bin', DISPLAY: name, XAUTHORITY: authority },
        timeout: PICTURE_LIMIT_MS,
      });
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
