/**
 * Brings windows of a nested display to the front. A small program of the screens' user asks for it; the agent itself never connects to a
 * display that applications draw on.
 */
import { execFile } from 'node:child_process';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { WardlockError } from '../../../core/errors/index.ts';

const run = promisify(execFile);
const FRONT_LIMIT_MS = 5_000;
/** Arguments of one call; an application with more processes than that shows what the first of them have. */
const MOST_PIDS = 2_000;
const NOTHING_TO_SHOW = 3;

export interface NestedClient {
  /** Such as `:100`. */
  readonly display: string;
  /** Readable by the user. */
  readonly xauthority: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/**
 * Brings the windows of these processes before all others, in the order that they have.
 * @returns false where they have none
 * @throws WardlockError `OS_DISPLAY_FAILED`
 */
export async function bringToFront({ display, xauthority, user }: NestedClient, pids: readonly number[]): Promise<boolean> {
  const program = join(import.meta.dirname, `front-program${extname(import.meta.filename)}`);
  try {
    await run(process.execPath, [program, ...pids.slice(0, MOST_PIDS).map(String)], {
      env: { DISPLAY: display, XAUTHORITY: xauthority },
      cwd: '/',
      timeout: FRONT_LIMIT_MS,
      ...(user === undefined ? {} : user),
    });
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === NOTHING_TO_SHOW) return false;
    throw new WardlockError('OS_DISPLAY_FAILED', 'The windows of an application could not be brought to the front.', { cause });
  }
}
