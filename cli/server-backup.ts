/** `server backup` and `server restore`: the whole database in one file, while the server runs, and back, also into the other engine. */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { backUp, type Progress, partialOf } from '../server/backup/backup.ts';
import { restore } from '../server/backup/restore.ts';
import { NOT_CONTAINED } from '../server/backup/tables.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { whenInterrupted } from './interrupted.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags } from './server.ts';

interface BackupFlags extends SiteFlags {
  readonly json?: boolean;
}

interface RestoreFlags extends BackupFlags {
  readonly force?: boolean;
}

const TELL_MS = 1000;

export function register(program: Command): void {
  const server = group(program, 'server', 'the server of a site');
  withFlags(server.command('backup').argument('<file>', 'where to write it; never over another file'))
    .description('write the whole database into one file, while the server runs, and check what was written. It holds no keys')
    .action(backup);
  withFlags(server.command('restore').argument('<file>', 'a backup, of either engine'))
    .description('put a backup into a database, all of it or nothing. Stop the servers of the site first')
    .option('--force', 'replace what the database holds')
    .action(putBack);
}

function withFlags(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server, with the keys of the site', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'sqlite:PATH or postgres://USER@HOST:PORT/NAME (default: wardlock.db in the state folder)')
    .option('--json', 'print JSON');
}

function addressOf({ database, state }: SiteFlags): string {
  return database ?? `sqlite:${resolve(join(state, 'wardlock.db'))}`;
}

async function backup(file: string, flags: BackupFlags): Promise<void> {
  const over = whenInterrupted(() => rmSync(partialOf(file), { force: true }));
  const done = await backUp(addressOf(flags), file, progress()).finally(over);
  const kept = NOT_CONTAINED.map((what) => `  - ${what}`).join('\n');
  const words = `${done.rows} rows of ${done.tables} tables in ${done.file} (${done.bytes} bytes, SHA-256 ${done.sha256}), read back and whole.\nNot in it:\n${kept}`;
  say(flags, { ...done, notContained: NOT_CONTAINED }, words);
}

async function putBack(file: string, flags: RestoreFlags): Promise<void> {
  const done = await restore({ address: addressOf(flags), stateFolder: flags.state, file, force: flags.force === true, tell: progress() });
  const words = `${done.rows} rows of ${done.created} restored from ${done.from} into ${done.into}.
Since then: do revocations, staff, accounts, policies and legal holds again, before anything is purged, and make new enrolment tokens.
Seats that were enrolled since are refused: enrol them again, with empty state folders.
The console shows this as an alarm. Seats send what they still have. The reader builds the search index again.`;
  say(flags, done, words);
}

/** One line a second on standard error, so that nobody thinks it hangs. */
function progress(): (progress: Progress) => void {
  let told = Date.now();
  return ({ table, rows }) => {
    if (Date.now() - told < TELL_MS) return;
    told = Date.now();
    process.stderr.write(`${table}: ${rows} rows\n`);
  };
}
