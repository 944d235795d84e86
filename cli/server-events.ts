/** `server events`: what the server recorded about itself, such as who read whose history. On the server's machine. */
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import type { ServerLogRow } from '../server/services/server-log.ts';
import { say } from './agent-client.ts';
import { spanOf, timeOf } from './auditor.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface EventsFlags extends SiteFlags {
  readonly type?: string;
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const USUAL_ROWS = 50;
const MOST_ROWS = 10_000;
/** Shown as it is; anything else could fool a terminal or a reader, and is shown as JSON. */
const PLAIN = /^[\w .:@/+-]+$/;

export function register(program: Command): void {
  group(program, 'server', 'the server of a site')
    .command('events')
    .description('what the server recorded about itself: who read what, who enrolled, what was refused; the newest, oldest first')
    .option('--type <name>', 'only this kind, such as audit.read')
    .option('--by <name>', 'only what this account, workstation id, cli or console did')
    .option('--from <time>', 'not before this time')
    .option('--to <time>', 'not after this time')
    .option('--limit <n>', `how many of the newest, 1 to ${MOST_ROWS}`, limitOf, USUAL_ROWS)
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON')
    .action(list);
}

async function list(flags: EventsFlags): Promise<void> {
  const { type = null, by = null, limit } = flags;
  const [from, to] = timesOf(flags);
  const { events, more } = await withSite(flags, (site) => site.log.read({ type, actor: by, from, to, limit }));
  say(flags, { events, more }, inWords(events, more));
}

function timesOf({ from, to }: EventsFlags): readonly [number | null, number | null] {
  if (from !== undefined && to !== undefined) spanOf({ from, to });
  const [first, last] = [from, to].map((time) => (time === undefined ? null : Date.parse(timeOf(time))));
  return [first ?? null, last ?? null];
}

function limitOf(text: string): number {
  const limit = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MOST_ROWS) throw new WardlockError('START_USAGE', `--limit takes a number from 1 to ${MOST_ROWS}, not ${text}.`);
  return limit;
}

function inWords(events: readonly ServerLogRow[], more: boolean): string {
  if (events.length === 0) return 'Nothing that fits is recorded.';
  const older = more ? ['Older ones fit too: ask for more with --limit, or for earlier ones with --to.'] : [];
  return [...older, ...events.map(lineOf)].join('\n');
}

function lineOf({ seq, at, type, actor, body }: ServerLogRow): string {
  const said = Object.entries(body).map(
    ([name, value]) => `${name} ${typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value)}`,
  );
  return [`${at}  #${seq}  ${type} by ${actor}`, ...(said.length === 0 ? [] : [said.join(', ')])].join(': ');
}
