/**
 * `audit export`: fetches an auditor's export into a file that `audit verify` checks offline. It goes to the disk as it
 * comes, whatever its size. A file that is cut off never stands under the name that was asked for, and none is written over: an export is
 * evidence.
 */
import { createWriteStream, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { consolePaths } from '../contract/console-api.ts';
import { MAX_LINE, parseLine } from '../core/audit/export/lines.ts';
import { WardlockError } from '../core/errors/index.ts';
import { say } from './agent-client.ts';
import { type AuditorFlags, signInAsAuditor, spanOf, withAuditorFlags } from './auditor.ts';
import { group } from './group.ts';
import { serverUrl, stream } from './https.ts';
import { whenInterrupted } from './interrupted.ts';
import { assertNewFile } from './new-file.ts';

interface ExportFlags extends AuditorFlags {
  readonly seat: string;
  readonly from: string;
  readonly to: string;
  readonly out: string;
}

const OWNER_ONLY = 0o600;
/** A server that never ends must not fill the disk. An entry takes about 1 KiB. */
const MOST_BYTES = 64 * 1_073_741_824;
const PROGRESS_MS = 1000;
const MEBIBYTE = 1_048_576;

export function register(program: Command): void {
  const command = group(program, 'audit', 'the record: verify, read, copy')
    .command('export')
    .description('fetch what a seat recorded in a span of time, as a file that `audit verify` checks offline')
    .requiredOption('--seat <name>', 'name or workstation id of the seat')
    .requiredOption('--from <time>', 'begin, such as 2026-03-01T02:00:00Z')
    .requiredOption('--to <time>', 'end')
    .requiredOption('--out <file>', 'file to write; one that exists is never overwritten');
  withAuditorFlags(command).action(run);
}

async function run(flags: ExportFlags): Promise<void> {
  const query = new URLSearchParams({ seat: flags.seat, ...spanOf(flags) });
  assertNewFile(flags.out, 'an export');
  const { cookie, caFile } = await signInAsAuditor(flags);
  const url = serverUrl(flags.server, `${consolePaths.exportLog}?${query}`);
  const partial = `${flags.out}.part`;
  const tidy = (): void => rmSync(partial, { force: true });
  const over = whenInterrupted(tidy);
  try {
    await fetchTo(partial, await stream({ method: 'GET', url, caFile, headers: { cookie } }));
    const last = parseLine(await lastLine(partial));
    if (last?.kind !== 'end') throw new WardlockError('SERVER_ANSWER_MALFORMED', 'The export was cut off on its way. Try again.');
    await rename(partial, flags.out);
    const { out } = flags;
    const { entries } = last;
    say(flags, { file: out, entries }, `${out}: ${entries} entries. Verify it with: audit verify ${out} --key KEY`);
  } catch (failure) {
    tidy();
    throw failure;
  } finally {
    over();
  }
}

async function fetchTo(path: string, incoming: AsyncIterable<unknown>): Promise<void> {
  const counted = async function* (source: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
    let bytes = 0;
    let said = performance.now();
    for await (const chunk of source) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.length;
      if (bytes > MOST_BYTES)
        throw new WardlockError('SERVER_ANSWER_MALFORMED', 'The export is larger than 64 GiB. Ask for a shorter time.');
      if (performance.now() - said >= PROGRESS_MS) {
        said = performance.now();
        process.stderr.write(`${Math.round(bytes / MEBIBYTE)} MiB\n`);
      }
      yield chunk;
    }
  };
  try {
    await pipeline(incoming, counted, createWriteStream(path, { mode: OWNER_ONLY, flush: true }));
  } catch (cause) {
    if (cause instanceof WardlockError) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new WardlockError('SERVER_ANSWER_MALFORMED', `The export did not arrive whole: ${what}. Nothing was kept. Try again.`, { cause });
  }
}

/** The last line of a file of any length. */
async function lastLine(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, MAX_LINE);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  } finally {
    await file.close();
  }
}
