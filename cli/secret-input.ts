/**
 * A password or a PIN, from standard input so that it stands in no process list. At a terminal it is asked for, twice where it is a new one, and not
 * shown; must never write what was typed anywhere.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { WardlockError } from '../core/errors/index.ts';

const STDIN = 0;
/** As a shell ends with after Ctrl+C. */
const INTERRUPTED = 130;

/**
 * @param what such as `Password`
 * @param times `twice` for a new one, where a slip of a finger would shut somebody out
 * @throws WardlockError START_USAGE where the second time is not like the first
 */
export async function secretInput(what: string, times: 'once' | 'twice' = 'twice'): Promise<string> {
  if (!process.stdin.isTTY) return readFileSync(STDIN, 'utf8').replace(/\r?\n$/, '');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  lines.once('SIGINT', () => {
    process.stderr.write('\n');
    process.exit(INTERRUPTED);
  });
  const ask = async (question: string): Promise<string> => {
    process.stderr.write(`${question}: `);
    const { promise, resolve } = Promise.withResolvers<string>();
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
    const typed = await promise;
    process.stderr.write('\n');
    return typed;
  };
  try {
    const typed = await ask(`${what} (it is not shown)`);
    if (times === 'twice' && (await ask('The same again')) !== typed) {
      throw new WardlockError('START_USAGE', 'The second time was not like the first. Nothing was changed: start the command again.');
    }
    return typed;
  } finally {
    lines.close();
  }
}
