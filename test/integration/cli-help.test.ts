/** What the command line's own library says, as people read it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { StaffFile } from '../../server/services/staff-entry.ts';
import { parseEntries } from '../../server/services/staff-words.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const cli = (...args: readonly string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
const policy = (...args: readonly string[]) => cli('policy', ...args);
/** Help is broken into lines; what it says is one text. */
const help = (...args: readonly string[]) => cli(...args, '--help').stdout.replace(/\s+/g, ' ');

test('an option that may be repeated begins with none, and its help does not say so in code', () => {
  const { stdout } = policy('compile', '--help');
  expect(stdout).toContain('--user <name...>');
  expect(stdout).not.toContain('default: []');
});

test('a choice that there is not ends with one full stop', () =>
  expect(policy('compile', 'p.json', '--to', 'selinux', '--out', 'x').stderr).toBe(
    "Option '--to <engine>' argument 'selinux' is invalid. Allowed choices are fapolicyd, chromium, usbguard. See --help. (START_USAGE)\n",
  ));

test('what a command can not do without is marked in its help', () => {
  expect(help('audit', 'export')).toContain('--seat <name> name or workstation id of the seat (needed)');
  expect(help('audit', 'export')).toContain('--json print JSON -h');
  expect(help('server')).toContain('--listen-seats <host:port> where seats connect (needed)');
});

test('a default stands in the help once', () =>
  expect(help('status')).toContain('--state <dir> state folder of the seat (default: the one of npm start) --json'));

test('the list of staff that the help of its import shows is one that is taken', () => {
  const { stdout } = cli('staff', 'import', '--help');
  const shown: unknown = JSON.parse(/^\{"staff": [\s\S]*^\]\}$/m.exec(stdout)?.[0] ?? '');
  if (!Value.Check(StaffFile, shown)) throw new Error('That is no list of staff.');
  expect(parseEntries(shown.staff).map(({ id }) => id)).toEqual(['n.ada', 'v.sam']);
});

test('only the arguments that are too many are named', () =>
  expect(cli('keys', 'new', 'reader', 'escrow', 'policy', '--out', 'x').stderr).toBe(
    "'new' does not know what to do with 'escrow, policy'. See --help. (START_USAGE)\n",
  ));

test('a reader that has seen enough ends a command without a word', () => {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', 'set -o pipefail; "$0" "$1" server openapi console | head -c 1', process.execPath, MAIN],
    {
      encoding: 'utf8',
    },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '{', stderr: '' });
});
