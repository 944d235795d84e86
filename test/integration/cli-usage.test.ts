/** A command line that is wrong, as people and programs meet it: exit code 64, one sentence with its code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const EX_USAGE = 64;

function cli(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test.each([
  [['tap'], "Missing required argument 'badge'. See --help."],
  [['xyzzy'], "Unknown command 'xyzzy'. See --help."],
  [['status', '--jsn'], "Unknown option '--jsn'. Did you mean --json? See --help."],
  [['keys', 'new', 'policy'], "Required option '--out <file>' not specified. See --help."],
])('%j ends with 64 and says what is wrong', (args, message) => {
  expect(cli(...args)).toEqual({ status: EX_USAGE, stdout: '', stderr: `${message} (START_USAGE)\n` });
});

test('with --json the same is one JSON document', () => {
  const { status, stdout, stderr } = cli('tap', '--json');
  expect({ status, stdout }).toEqual({ status: EX_USAGE, stdout: '' });
  expect(JSON.parse(stderr)).toEqual({ error: { code: 'START_USAGE', message: "Missing required argument 'badge'. See --help." } });
});

test('a group without a command shows its commands', () => {
  const { status, stderr } = cli('policy');
  expect(status).toBe(EX_USAGE);
  expect(stderr).toMatch(/publish[\s\S]*Name one of the commands. See --help. \(START_USAGE\)/);
});

test('help that was asked for is an answer', () => {
  const { status, stdout } = cli('tap', '--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Usage: wardlock tap');
});
