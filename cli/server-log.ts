/** `server log`: the log of logs on the server's machine. `show` says what it is called, `verify` checks all of it against the database. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parseCheckpoint } from '../core/audit/index.ts';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';
import { unreadable } from './system-failure.ts';

interface LogFlags extends SiteFlags {
  readonly json?: boolean;
}

interface VerifyFlags extends LogFlags {
  readonly checkpoint?: string;
}

/** The names that sites give their logs of logs: wardlock/TENANT/log/ID. */
const LOG_OF_LOGS = /^wardlock\/[^/]+\/log\/[0-9a-f]{16}$/;
const FETCH = "Give the file as it came from the console's address under /log/ID/checkpoint; `server log show` names the logs.";
const PROGRESS_EVERY = 100_000;
const FAULTY = 1;
const UNANCHORED = 2;

export function register(program: Command): void {
  const log = group(group(program, 'server', 'the server of a site'), 'log', 'the log of logs: what the witness cosigned');
  withFlags(log.command('show').description('name, key and size of each log of logs')).action(show);
  withFlags(log.command('verify').description('check every entry, tile and checkpoint, and the database against them'))
    .option('--checkpoint <file>', 'a checkpoint that somebody outside has kept; without one the answer is UNANCHORED (exit 2)')
    .action(verify);
}

function withFlags(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}

async function show(flags: LogFlags): Promise<void> {
  const logs = await withSite(flags, (site) => site.logOfLogs.logs());
  const words = logs.map(({ key, size }) => `${size} entries  ${key}`).join('\n');
  say(flags, { logs }, words === '' ? 'There is no log of logs yet: the server makes it with the first anchor.' : words);
}

async function verify(flags: VerifyFlags): Promise<void> {
  const outside = flags.checkpoint === undefined ? null : readCheckpointFile(flags.checkpoint);
  const onProgress = (entries: number): void => {
    if (entries % PROGRESS_EVERY === 0) process.stderr.write(`${entries} entries read\n`);
  };
  const result = await withSite(flags, (site) => site.logOfLogs.check({ outside, onProgress }));
  const verdict = result.faults.length > 0 ? 'FAULTY' : result.outside === null ? 'UNANCHORED' : 'OK';
  const words = [...result.faults, `${verdict}: ${result.entries} entries of the log of logs read, ${result.faults.length} faults.`];
  if (verdict === 'UNANCHORED')
    words.push('All fits, but nothing from outside vouches for it: give a checkpoint that somebody else has kept.');
  say(flags, { verdict, ...result }, words.join('\n'));
  process.exitCode = verdict === 'OK' ? 0 : verdict === 'FAULTY' ? FAULTY : UNANCHORED;
}

/** Before the database is opened: whoever names the wrong file must not be told that the log is at fault. @throws WardlockError START_USAGE */
function readCheckpointFile(path: string): string {
  const text = readText(path);
  const origin = originIn(text);
  if (origin === null) throw new WardlockError('START_USAGE', `${path} is no checkpoint, or not all of one. ${FETCH}`);
  if (LOG_OF_LOGS.test(origin)) return text;
  throw new WardlockError('START_USAGE', `${path} is a checkpoint of ${origin}, which is no log of logs. ${FETCH}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Which log a checkpoint is of; null for what is none. */
function originIn(text: string): string | null {
  try {
    return parseCheckpoint(text).checkpoint.origin;
  } catch (failure) {
    if (isWardlockError(failure)) return null;
    throw failure;
  }
}
