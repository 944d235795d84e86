/**
 * A whole seat for one test file: a display of its own, the agent's double, the real kiosk as an unprivileged user with
 * Chromium's sandbox on. It ends what it started, whatever the test did.
 */
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Display, type DisplaySpec, startDisplay } from '../../../demo/display.ts';
import { type Kiosk, type KioskLaunch, launchKiosk } from '../../../demo/kiosk.ts';
import { readRuntime } from '../../../demo/runtime.ts';
import type { Command } from '../../../demo/stage.ts';
import { type AgentDouble, startAgentDouble } from './agent-double.ts';
import { lockedView } from './views.ts';

/** Nobody's account: root drops to it so that the sandbox is the real one. */
const UNPRIVILEGED = 61_234;

export interface Ground {
  readonly folder: string;
  readonly display: Display;
  readonly agent: AgentDouble;
  /** How the kiosk is started on this ground. */
  readonly launch: KioskLaunch;
  clear(): Promise<void>;
}

export interface Seat extends Ground {
  readonly kiosk: Kiosk;
}

export interface SeatOptions {
  readonly width?: number;
  readonly height?: number;
  readonly args?: readonly string[];
  /** Another X server than the one in memory. */
  readonly server?: DisplaySpec['server'];
}

/** Everything but the kiosk itself. */
export async function prepareGround({ width = 1280, height = 800, args = [], server }: SeatOptions = {}): Promise<Ground> {
  const { root, electron } = readRuntime();
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-e2e-'));
  await chmod(folder, 0o755);
  const asRoot = process.getuid?.() === 0;
  const owner = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const home = join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  await chown(home, owner.uid, owner.gid);
  const display = await startDisplay({
    dir: join(folder, 'display'),
    width,
    height,
    owner,
    ...(server === undefined ? {} : { server }),
  });
  const agent = await startAgentDouble(folder, asRoot ? owner : undefined, lockedView());
  return {
    folder,
    display,
    agent,
    launch: {
      electron: electron.path,
      app: root,
      agentSocket: agent.socket,
      mode: 'rehearsal',
      display: display.name,
      authority: display.authority,
      home,
      args,
      ...(asRoot ? { as: dropTo(owner) } : {}),
    },
    async clear() {
      await agent.close();
      await display.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A seat that is locked and waits for a badge.
 * @param change of how its kiosk is started, once there is a ground for it
 */
export async function openSeat(options: SeatOptions = {}, change = async ({ launch }: Ground) => launch): Promise<Seat> {
  const ground = await prepareGround(options);
  try {
    const kiosk = await launchKiosk(await change(ground));
    await kiosk.page.waitForSelector('html[data-screen="lock"]');
    return {
      ...ground,
      kiosk,
      async clear() {
        await kiosk.stop();
        await ground.clear();
      },
    };
  } catch (failure) {
    await ground.clear();
    throw failure;
  }
}

export function dropTo({ uid, gid }: { readonly uid: number; readonly gid: number }): (command: Command) => Command {
  return ({ command, args }) => ({
    command: 'setpriv',
    args: [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', '--', command, ...args],
  });
}
