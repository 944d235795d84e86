/**
 * Starts the real kiosk and hands out its page: the same Electron, the same files, its own sandbox, as whoever `as` says
 * (root drops to the screens' user). It drives what a person could drive and owns nothing of the seat.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ElectronApplication, _electron as electron, type Page } from 'playwright';
import type { Command } from './stage.ts';

/** Starting Electron on a busy machine, in milliseconds. */
const LAUNCH_LIMIT_MS = 60_000;
/** How long a kiosk may take to end by itself. */
const STOP_LIMIT_MS = 8_000;
/** A person's keys come slower than a badge reader's, in milliseconds. */
export const PERSON_KEY_DELAY_MS = 70;

export interface KioskLaunch {
  /** Electron's executable, as the kiosk's user finds it. */
  readonly electron: string;
  /** The folder that holds package.json and out/, as the kiosk's user finds it. */
  readonly app: string;
  readonly agentSocket: string;
  readonly mode: 'kiosk' | 'rehearsal' | 'practice';
  readonly display: string;
  readonly authority?: string;
  /** A folder that the kiosk's user may write: Electron's own files and its home. */
  readonly home: string;
  /** Wraps the command, so that it runs as another user; the caller's own when left out. */
  readonly as?: (command: Command) => Command;
  /** More switches, such as `--locale de`. */
  readonly args?: readonly string[];
  /** Variables beyond those that every kiosk gets. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Kiosk {
  readonly app: ElectronApplication;
  /** The seat's page. */
  readonly page: Page;
  readonly pid: number;
  stop(): Promise<void>;
}

/** An executable that starts Electron as somebody else: Playwright knows only how to start a file. */
export async function electronWrapper(
  path: string,
  as: ((command: Command) => Command) | undefined,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-kiosk-'));
  const wrapper = join(folder, 'electron');
  const direct: Command = { command: path, args: [] };
  const { command, args } = as?.(direct) ?? direct;
  await writeFile(wrapper, `#!/bin/sh\nexec ${[command, ...args].map(quote).join(' ')} "$@"\n`);
  await chmod(folder, 0o755);
  await chmod(wrapper, 0o755);
  return { path: wrapper, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Starts the kiosk and waits until its page is drawn. */
export async function launchKiosk(launch: KioskLaunch): Promise<Kiosk> {
  const app = await startElectron(launch);
  // It may end by itself, or by whoever presses Ctrl+C, before anybody asks.
  const ended = new Promise<void>((resolve) => app.once('close', () => resolve()));
  const page = await app.firstWindow();
  await page.waitForSelector('html[data-serial]');
  const pid = await app.evaluate(() => process.pid);
  return {
    app,
    page,
    pid,
    async stop() {
      app.process().kill('SIGTERM');
      const late = setTimeout(() => app.process().kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

async function startElectron(launch: KioskLaunch): Promise<ElectronApplication> {
  const wrapper = await electronWrapper(launch.electron, launch.as);
  try {
    return await electron.launch({
      executablePath: wrapper.path,
      // The real sandbox: without this Playwright would switch it off.
      chromiumSandbox: true,
      timeout: LAUNCH_LIMIT_MS,
      cwd: '/',
      args: [
        launch.app,
        `--user-data-dir=${join(launch.home, 'electron')}`,
        '--agent-socket',
        launch.agentSocket,
        '--mode',
        launch.mode,
        ...(launch.args ?? []),
      ],
      env: {
        PATH: '/usr/bin:/bin',
        HOME: launch.home,
        LANG: 'C.UTF-8',
        DISPLAY: launch.display,
        ...(launch.authority === undefined ? {} : { XAUTHORITY: launch.authority }),
        ...launch.environment,
      },
    });
  } finally {
    // What runs now is Electron: whoever kills it has nothing else to clear away.
    await wrapper.remove();
  }
}

/** Types as a person does. */
export async function typeAsPerson(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text, { delay: PERSON_KEY_DELAY_MS });
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
