/** What a person is told of how `lp` ended, by the words of the real one. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outcomeOf, sendToPrinter } from './printer.ts';

test.each([
  ['sent', { code: 0, started: true, complaint: '' }],
  ['no-printer', { code: 1, started: true, complaint: 'lp: Error - No default destination.\n' }],
  ['no-printer', { code: null, started: false, complaint: '' }],
  ['refused', { code: 1, started: true, complaint: 'lp: Destination "tray" is not accepting jobs.\n' }],
  ['failed', { code: null, started: true, complaint: '' }],
] as const)('%s after %o', (outcome, end) => expect(outcomeOf(end)).toBe(outcome));

test('without `lp` there is no printer', async () =>
  expect(await sendToPrinter(Buffer.from('x'), 'chart', '/nowhere/lp')).toBe('no-printer'));

test('the job is named after the application, and all of it arrives', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-lp-'));
  try {
    const lp = join(folder, 'lp');
    await writeFile(lp, `#!/bin/sh\necho "$*" > ${folder}/asked\ncat > ${folder}/data\n`, { mode: 0o755 });
    const pdf = Buffer.alloc(300_000, 'x');
    expect(await sendToPrinter(pdf, 'chart', lp)).toBe('sent');
    expect(await readFile(join(folder, 'asked'), 'utf8')).toContain('-t Wardlock chart');
    expect((await readFile(join(folder, 'data'))).equals(pdf)).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('screens that die while the printer takes a page leave it whole, and nothing of it where it lay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-lp-'));
  try {
    const lp = join(folder, 'lp');
    // It reads on when whoever started it is dead.
    const script = `#!/bin/sh\nkill -KILL $PPID\nwhile kill -0 $PPID 2>/dev/null; do :; done\ncat > ${folder}/part\nmv ${folder}/part ${folder}/data\n`;
    await writeFile(lp, script, { mode: 0o755 });
    const program = `const { sendToPrinter } = await import(process.argv[1]); await sendToPrinter(Buffer.alloc(3_000_000, 'x'), 'chart', process.argv[2]);`;
    const end = await new Promise<unknown>((resolve) => {
      execFile(process.execPath, ['--input-type=module', '-e', program, join(import.meta.dirname, 'printer.ts'), lp], resolve);
    });
    expect(end).toMatchObject({ signal: 'SIGKILL' });
    await expect.poll(() => readdir(folder)).toContain('data');
    expect((await readFile(join(folder, 'data'))).equals(Buffer.alloc(3_000_000, 'x'))).toBe(true);
    expect((await readdir('/dev/shm')).filter((name) => name.startsWith('wardlock-print-'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
