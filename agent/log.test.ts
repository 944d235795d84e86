/** The seat's log as its process writes it: a program that repeats itself without end does not fill the journal. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const TIMES = 5_000;

test('what a process says again and again is counted, and told at the latest when it ends', async () => {
  const program = `
    import { openLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))};
    const log = openLog('agent');
    for (let time = 0; time < ${TIMES}; time += 1) log.warn('refused', { app: 'a', count: 1 });
  `;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  const lines = stderr
    .trim()
    .split('\n')
    .map((line): { readonly level?: string; readonly message?: string; readonly repeated?: number } => JSON.parse(line));
  expect(lines.length).toBeLessThan(50);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', message: 'refused', repeated: TIMES - (lines.length - 1) });
});
