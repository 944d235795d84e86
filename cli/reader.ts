/** `reader`: the reader role as a process of its own, and `reindex`, which builds the index again from verified bytes. */
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { readPrivateKey } from '../server/site/key-file.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, openSiteOf, type SiteFlags } from './server.ts';

interface ReaderFlags extends SiteFlags {
  readonly readerKey: string;
  readonly json?: boolean;
}

const LOOK_MS = 30_000;

export function register(program: Command): void {
  const reader = group(program, 'reader', 'the reader role: the only part that decrypts the record');
  withFlags(reader.command('run').description('keep the index up to date until SIGTERM')).action(run);
  withFlags(reader.command('reindex').description('drop the index and build it again from verified bytes')).action(reindex);
}

function withFlags(command: Command): Command {
  return command
    .requiredOption('--reader-key <file>', 'private key made by: keys new reader --out FILE')
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}

async function run(flags: ReaderFlags): Promise<void> {
  const site = await openSiteOf(flags, readPrivateKey(flags.readerKey, ['reader', 'escrow']));
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  say(flags, { ready: 'reader', pid: process.pid }, 'The reader keeps the index up to date until SIGTERM.');
  try {
    while (!stop.signal.aborted) {
      await site.reader?.catchUp();
      await site.changes.wait(LOOK_MS, stop.signal);
    }
  } finally {
    await site.close();
  }
}

async function reindex(flags: ReaderFlags): Promise<void> {
  const site = await openSiteOf(flags, readPrivateKey(flags.readerKey, ['reader', 'escrow']));
  try {
    if (site.reader === null) throw new WardlockError('START_USAGE');
    await site.reader.reset();
    const entries = await site.reader.catchUp();
    say(flags, { entries }, `${entries} entries indexed.`);
  } finally {
    await site.close();
  }
}
