/**
 * The desktop of a session: a nested display in a window of the screens, with a window manager that runs inside the session like any
 * application. Owns bringing both up and keeping the window manager there; the two launchers differ in who runs what.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NestedDisplay, type NestedDisplayRequest, startNestedDisplay } from '../os/display/nested.ts';
import type { AppExit, Desktop, LaunchLog, LaunchRefusal, LaunchSpec, SessionDisplay, StartedApp } from './port.ts';

/** Not an application of the policy: one of Wardlock's own parts, which no policy can leave out. */
const WINDOW_MANAGER = 'wardlock.window-manager';
export const WINDOW_MANAGER_CONFIG = join(import.meta.dirname, 'window-manager.xml');

const WINDOW_MANAGER_PATH = '/usr/bin/openbox';
/** One that ends more often than this cannot be helped by starting it again. */
const MAX_RESTARTS = 5;

export interface DesktopParts {
  readonly nested: NestedDisplayRequest;
  /** From now on applications start on this display. */
  readonly use: (display: SessionDisplay) => Promise<void>;
  readonly startManager: (onExit: (exit: AppExit) => void) => Promise<StartedApp | LaunchRefusal>;
  readonly log: LaunchLog;
}

/** Brings up the display, then its window manager, and returns when that one does its work. */
export async function openDesktop(parts: DesktopParts): Promise<Desktop | LaunchRefusal> {
  let nested: NestedDisplay | undefined;
  let display: SessionDisplay;
  try {
    nested = await startNestedDisplay(parts.nested);
    display = { name: nested.name, xauthority: nested.xauthority };
    await parts.use(display);
  } catch (cause) {
    await nested?.end();
    return displayFailed(cause);
  }
  // Asked while it starts: the one who asks takes as long to start.
  const unmanaged = nested.untilManaged().then(() => undefined, displayFailed);
  const refusal = (await keepManager(parts, nested)) ?? (await unmanaged);
  if (refusal !== undefined) {
    await nested.end();
    return refusal;
  }
  const { ended, front, resize, end } = nested;
  return { ok: true, display, ended, front, resize, end };
}

function displayFailed(cause: unknown): LaunchRefusal {
  return { ok: false, reason: 'display-failed', detail: cause instanceof Error ? cause.message : String(cause) };
}

/** Starts the window manager, and again when it ends while the display is there. What went wrong with the first start, or undefined. */
async function keepManager(parts: DesktopParts, nested: NestedDisplay): Promise<LaunchRefusal | undefined> {
  let isOver = false;
  void nested.ended.then(() => {
    isOver = true;
  });
  let restarts = 0;
  const again = (): void => {
    if (isOver) return;
    restarts += 1;
    if (restarts > MAX_RESTARTS) parts.log('error', 'The window manager keeps ending; applications go on without one.');
    else void start();
  };
  const start = async (): Promise<LaunchRefusal | undefined> => {
    const started = await parts.startManager(again);
    if (started.ok) return undefined;
    // The session ended, and the window manager with it: nobody is left to end a display that had only just begun.
    if (started.reason === 'session-unknown') await nested.end();
    else parts.log('error', 'The window manager could not be started.', { reason: started.reason, detail: started.detail });
    return started;
  };
  return start();
}

/** What to launch as the window manager, with the content that the installed one has. */
export async function windowManagerSpec(sessionId: string, config: string): Promise<LaunchSpec | LaunchRefusal> {
  try {
    const sha256 = createHash('sha256')
      .update(await readFile(WINDOW_MANAGER_PATH))
      .digest('hex');
    const args = ['--config-file', config, '--sm-disable'];
    return { sessionId, appId: WINDOW_MANAGER, path: WINDOW_MANAGER_PATH, sha256, args, env: {}, children: [] };
  } catch (cause) {
    return { ok: false, reason: 'file-missing', detail: cause instanceof Error ? cause.message : String(cause) };
  }
}
