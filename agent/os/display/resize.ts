/**
 * Fits a nested display to its window. Xephyr follows the size of its own inner window only, so a small program of the
 * screens' user tells that window; the agent itself never connects to a display.
 */
import { execFile } from 'node:child_process';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { WardlockError } from '../../../core/errors/index.ts';
import type { Surface } from './nested.ts';

const run = promisify(execFile);
const RESIZE_LIMIT_MS = 5_000;

/** Gives the nested display the size of `surface`. */
export async function resizeNested(surface: Surface, user?: { readonly uid: number; readonly gid: number }): Promise<void> {
  const program = join(import.meta.dirname, `resize-program${extname(import.meta.filename)}`);
  const { display, xauthority, windowId, width, height } = surface;
  try {
    await run(process.execPath, [program, ...[windowId, width, height].map(String)], {
      env: { DISPLAY: display, ...(xauthority === undefined ? {} : { XAUTHORITY: xauthority }) },
      cwd: '/',
      timeout: RESIZE_LIMIT_MS,
      ...(user === undefined ? {} : user),
    });
  } catch (cause) {
    throw new WardlockError('OS_DISPLAY_FAILED', 'The display for applications could not be fitted to its window.', { cause });
  }
}
