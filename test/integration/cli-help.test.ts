/** What the command line's own library says, as people read it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const policy = (...args: readonly string[]) => spawnSync(process.execPath, [MAIN, 'policy', ...args], { encoding: 'utf8' });

test('an option that may be repeated begins with none, and its help does not say so in code', () => {
  const { stdout } = policy('compile', '--help');
  expect(stdout).toContain('--user <name...>');
  expect(stdout).not.toContain('default: []');
});

test('a choice that there is not ends with one full stop', () =>
  expect(policy('compile', 'p.json', '--to', 'selinux', '--out', 'x').stderr).toBe(
    "Option '--to <engine>' argument 'selinux' is invalid. Allowed choices are fapolicyd, chromium, usbguard. See --help. (START_USAGE)\n",
  ));
