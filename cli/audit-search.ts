/**
 * `audit search`: events of the record by person, seat, application, outcome and time, newest first, a page at a time. The
 * search is recorded at the server before it answers. It prints what the server says and keeps nothing.
 */
import type { Command } from 'commander';
import { Value } from 'typebox/value';
import { consolePaths, EventList } from '../contract/console-api.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type AuditorFlags, type SignedInAuditor, signInAsAuditor, spanOf, timeOf, withAuditorFlags } from './auditor.ts';
import { group } from './group.ts';
import { call, serverUrl } from './https.ts';

interface SearchFlags extends AuditorFlags {
  readonly person?: string;
  readonly seat?: string;
  readonly app?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
  readonly after?: string;
  readonly pages: string;
}

/** One sign-in fetches so many pages at most; with `--after` the next run goes on. */
const MOST_PAGES = 1000;

export function register(program: Command): void {
  const command = group(program, 'audit', 'the record: verify, read, copy')
    .command('search')
    .description('events of all seats by person, seat, application, outcome and time; what is given must all fit')
    .option('--person <id>', 'events of this person, such as n.ada')
    .option('--seat <name>', 'name or workstation id of a seat')
    .option('--app <id>', 'events of this application')
    .option('--outcome <what>', 'success, minor, serious or major (FHIR AuditEvent.outcome 0, 4, 8, 12)')
    .option('--from <time>', 'begin, such as 2026-03-01T02:00:00Z')
    .option('--to <time>', 'end')
    .option('--limit <n>', 'events of a page, 1 to 200 (default: 50)')
    .option('--after <cursor>', 'the next page: `next` of the one before')
    .option('--pages <n>', `pages to fetch in a row, at most ${MOST_PAGES}`, '1');
  withAuditorFlags(command).action(run);
}

async function run(flags: SearchFlags): Promise<void> {
  const pages = Number(flags.pages);
  if (!Number.isSafeInteger(pages) || pages < 1 || pages > MOST_PAGES) {
    throw new WardlockError('START_USAGE', `--pages takes a whole number from 1 to ${MOST_PAGES}.`);
  }
  const query = queryOf(flags);
  const signedIn = await signInAsAuditor(flags);
  let list = await fetchPage(flags, signedIn, query);
  for (let page = 1; page < pages && list.next !== null; page += 1) {
    query.set('after', list.next);
    const more = await fetchPage(flags, signedIn, query);
    list = { ...more, events: [...list.events, ...more.events] };
  }
  print(flags, list);
}

function queryOf({ person, seat, app, outcome, limit, after, ...flags }: SearchFlags): URLSearchParams {
  const from = flags.from === undefined ? undefined : timeOf(flags.from);
  const to = flags.to === undefined ? undefined : timeOf(flags.to);
  if (from !== undefined && to !== undefined) spanOf({ from, to });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ person, seat, app, outcome, from, to, limit, after })) {
    if (value !== undefined) query.set(name, value);
  }
  return query;
}

async function fetchPage(flags: SearchFlags, { cookie, caFile }: SignedInAuditor, query: URLSearchParams): Promise<EventList> {
  const url = serverUrl(flags.server, `${consolePaths.events}?${query}`);
  const answer = await call({ method: 'GET', url, caFile, headers: { cookie } });
  const list: unknown = JSON.parse(answer.body.toString('utf8'));
  if (!Value.Check(EventList, list)) throw new WardlockError('SERVER_ANSWER_MALFORMED');
  return list;
}

function print(flags: SearchFlags, list: EventList): void {
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(list)}\n`);
    return;
  }
  for (const event of list.events) process.stdout.write(`${event.at} ${event.seat.padEnd(20)} ${event.says}\n`);
  if (list.events.length === 0) process.stdout.write('Nothing fits.\n');
  if (list.next !== null) process.stdout.write(`There is more: --after ${list.next}\n`);
  const { state, indexed, stored, unreadable } = list.index;
  if (state !== 'whole') process.stderr.write(`The index holds ${indexed} of ${stored} entries, so this may not be all.\n`);
  if (unreadable > 0) process.stderr.write(`${unreadable} entries could not be opened with the reader's keys.\n`);
}
