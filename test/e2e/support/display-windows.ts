/** What the window system says is on a display. Needs Debian's xdotool. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Display } from '../../../demo/display.ts';

const run = promisify(execFile);

/** The titles of the windows that can be seen, sorted. */
export async function windowNames(display: Pick<Display, 'name' | 'authority'>): Promise<readonly string[]> {
  const env = { PATH: '/usr/bin:/bin', DISPLAY: display.name, XAUTHORITY: display.authority };
  const { stdout } = await run('xdotool', ['search', '--onlyvisible', '--name', '.'], { env });
  const names = stdout
    .trim()
    .split('\n')
    .map(async (id) => (await run('xdotool', ['getwindowname', id], { env })).stdout.trim());
  return (await Promise.all(names)).sort();
}
