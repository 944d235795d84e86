/**
 * `server reader` and `server reindex`: the reader role, the only part that decrypts the record, as a process of its own, and the index
 * built again from verified bytes. It reads the database itself, so that no node needs a key that decrypts.
 */
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import type { Site } from '../server/compose.ts';
import { buildingSince, indexState } from '../server/services/index-state.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { collect, DEFAULT_SERVER_STATE, openReaderOf, PERIOD_KEYS_HELP, type SiteFlags } from './server.ts';

interface ReaderFlags extends SiteFlags {
  readonly readerKey: readonly string[];
  readonly json?: boolean;
}

interface ReindexFlags extends ReaderFlags {
  readonly fromStart?: boolean;
}

const LOOK_MS = 30_000;
const PROGRESS_MS = 1000;
const READER = 'keep the index up to date until SIGTERM: the reader role as a process of its own, on any machine that reaches the database';
const REINDEX = 'build the index again from verified bytes; goes on where a rebuild was cut off';

export function register(program: Command): void {
  const commands = group(program, 'server', 'the server');
  withFlags(commands.command('reader').description(READER)).action(run);
  withFlags(commands.command('reindex').description(REINDEX))
    .option('--from-start', 'drop what a rebuild that was cut off has built')
    .action(reindex);
}

function withFlags(command: Command): Command {
  return command
    .requiredOption(
      '--reader-key <file>',
      'private key made by: keys new reader --out FILE (repeatable: old keys beside the new one)',
      collect,
      [],
    )
    .option('--state <dir>', 'state folder: of the server, or an empty one on a machine of its own', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--period-keys <dir>', PERIOD_KEYS_HELP)
    .option('--json', 'print JSON');
}

async function run(flags: ReaderFlags): Promise<void> {
  const { site, reader } = await open(flags);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  say(
    flags,
    { ready: 'reader', pid: process.pid, keys: reader.keyIds },
    `The reader keeps the index up to date until SIGTERM, with the keys ${reader.keyIds.join(', ')}.`,
  );
  try {
    while (!stop.signal.aborted) {
      await reader.catchUp();
      await site.changes.wait(LOOK_MS, stop.signal);
    }
  } finally {
    await site.close();
  }
}

async function reindex(flags: ReindexFlags): Promise<void> {
  const { site, reader } = await open(flags);
  try {
    const since = await buildingSince(site.store.db);
    if (since === null || flags.fromStart === true) await reader.reset();
    else {
      await reader.takeOver();
      process.stderr.write(`Going on with the rebuild that was begun at ${since}.\n`);
    }
    let said = performance.now();
    await reader.catchUp(({ done, of }) => {
      if (performance.now() - said < PROGRESS_MS) return;
      said = performance.now();
      process.stderr.write(`${done} of ${of} entries\n`);
    });
    const index = await indexState(site.store.db);
    const missing =
      index.state === 'whole' ? '' : ` ${index.stored - index.indexed} are missing: another reader is at them, or an alarm says why.`;
    const sealed =
      index.unreadable === 0
        ? ''
        : ` ${index.unreadable} of them could NOT be opened with the keys given; \`server alarms\` names their seats.`;
    say(flags, { entries: index.indexed, ...index }, `${index.indexed} entries indexed.${sealed}${missing}`);
  } finally {
    await site.close();
  }
}

async function open(flags: ReaderFlags) {
  if (flags.readerKey.length === 0) throw new WardlockError('START_USAGE', 'Name the private key of the reader with --reader-key FILE.');
  const site: Site = await openReaderOf(flags, flags.readerKey);
  if (site.reader === null) throw new WardlockError('START_USAGE', 'Name the private key of the reader with --reader-key FILE.');
  return { site, reader: site.reader };
}
