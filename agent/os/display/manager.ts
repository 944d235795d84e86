/**
 * Asks the window manager of a nested display: whether it does its work, and to bring windows to the front. A small program of the
 * screens' user asks; the agent itself never connects to a display that applications draw on.
 */
import { execFile } from 'node:child_process';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { WardlockError } from '../../../core/errors/index.ts';
import { NOTHING_TO_SHOW } from './front-words.ts';

const run = promisify(execFile);
const FRONT_LIMIT_MS = 5_000;
/** For a window manager that starts on a machine where much else starts. */
const MANAGED_LIMIT_MS = 10_000;
/** Arguments of one call; an application with more processes than that shows what the first of them have. */
const MOST_PIDS = 2_000;

export interface NestedClient {
  /** Such as `:100`. */
  readonly display: string;
  /** Readable by the user. */
  readonly xauthority: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * Waits until the window manager does its work: the window of an application that starts before is lost.
 * @throws WardlockError `OS_DISPLAY_FAILED` where none does in time, or the display has ended
 */
export async function untilManaged(client: NestedClient): Promise<void> {
  try {
    await runOn(client, 'managed-program', [], MANAGED_LIMIT_MS);
  } catch (cause) {
    throw new WardlockError('OS_DISPLAY_FAILED', 'The window manager of the display for applications does not answer.', { cause });
  }
}

/**
 * Brings the windows of these processes before all others, in the order that they have.
 * @returns false where they have none
 * @throws WardlockError `OS_DISPLAY_FAILED`
 */
export async function bringToFront(client: NestedClient, pids: readonly number[]): Promise<boolean> {
  try {
    await runOn(client, 'front-program', pids.slice(0, MOST_PIDS).map(String), FRONT_LIMIT_MS);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === NOTHING_TO_SHOW) return false;
    throw new WardlockError('OS_DISPLAY_FAILED', 'The windows of an application could not be brought to the front.', { cause });
  }
}

async function runOn({ display, xauthority, user }: NestedClient, name: string, args: readonly string[], timeout: number): Promise<void> {
  const program = join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);
  await run(process.execPath, [program, ...args], {
    env: { DISPLAY: display, XAUTHORITY: xauthority },
    cwd: '/',
    timeout,
    ...(user === undefined ? {} : user),
  });
}
