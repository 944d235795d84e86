/**
 * Two nested displays at once, for real: each has a number of its own, and neither takes the other's away.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNestedDisplay } from '../../agent/os/display/nested.ts';
import { startTestDisplay, XClient } from '../support/x-display.ts';

const SIZE = { width: 320, height: 240 };
const AT_ONCE = 3;

test('displays that start in the same moment do not take each other’s number', async () => {
  const outer = await startTestDisplay(640, 480);
  const screens = new XClient(outer.name, outer.xauthority);
  const authFolder = mkdtempSync(join(tmpdir(), 'wardlock-displays-'));
  const windowId = screens.window({ x: 0, y: 0, ...SIZE });
  const surface = { display: outer.name, xauthority: outer.xauthority, windowId, ...SIZE };
  // None awaits anything before it has chosen its number: all choose the same one.
  const displays = await Promise.all(Array.from({ length: AT_ONCE }, () => startNestedDisplay({ surface, authFolder })));
  try {
    expect(new Set(displays.map(({ name }) => name)).size).toBe(AT_ONCE);
    // After the applications that it serves, which have 500, and long before the agent, from which it would inherit.
    for (const { pid } of displays) expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8')).toBe('400\n');
    for (const { name, xauthority } of displays) new XClient(name, xauthority).close();
  } finally {
    await Promise.all(displays.map((display) => display.end()));
    screens.close();
    await outer.close();
    rmSync(authFolder, { recursive: true, force: true });
  }
});
