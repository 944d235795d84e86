/**
 * `emergency list`: emergency accesses that no person has looked at yet, and `emergency close SESSION`: what somebody found who did. Both
 * under an auditor's account, which the server records. It prints what the server says and keeps nothing.
 */
import { type Command, Option } from 'commander';
import { Value } from 'typebox/value';
import { CSRF_HEADER, consolePaths, Me } from '../contract/console-api.ts';
import { EmergencyList, type EmergencyRow, FINDINGS, type Finding } from '../contract/emergencies.ts';
import { WardlockError } from '../core/errors/index.ts';
import { say } from './agent-client.ts';
import { type AuditorFlags, type SignedInAuditor, signInAsAuditor, withAuditorFlags } from './auditor.ts';
import { group } from './group.ts';
import { call, serverUrl } from './https.ts';

interface ListFlags extends AuditorFlags {
  readonly closed?: boolean;
  readonly after?: string;
}

interface CloseFlags extends AuditorFlags {
  readonly finding: Finding;
  readonly note: string;
}

/** The list of those that wait is looked through for so many pages. */
const MOST_PAGES = 1000;

const inWords: Readonly<Record<Finding, string>> = {
  justified: 'justified',
  'not-justified': 'not justified',
  'cannot-tell': "can't be told",
};

export function register(program: Command): void {
  const emergency = group(program, 'emergency', 'emergency accesses: each is looked at and closed out by a person');
  withAuditorFlags(
    emergency
      .command('list')
      .description('those that wait for their close-out, the oldest first; the read is recorded')
      .option('--closed', 'those that are closed out, the newest first')
      .option('--after <cursor>', 'the next page: `next` of the one before'),
  ).action(list);
  withAuditorFlags(
    emergency
      .command('close <session>')
      .description('close out one of the list, by the id of its session; recorded under the account, and final')
      .addOption(new Option('--finding <what>', 'what you found').choices(FINDINGS).makeOptionMandatory())
      .option('--note <text>', 'in your words, no names of patients; needed unless it was justified', ''),
  ).action(close);
}

async function list(flags: ListFlags): Promise<void> {
  const found = await fetchPage(flags, await signInAsAuditor(flags), {
    state: flags.closed === true ? 'closed' : 'open',
    after: flags.after,
  });
  const lines = found.emergencies.flatMap(linesOf);
  if (lines.length === 0) lines.push(flags.closed === true ? 'None is closed out.' : 'No emergency access waits for its close-out.');
  if (found.next !== null) lines.push(`There is more: --after ${found.next}`);
  say(flags, found, lines.join('\n'));
  const { state, indexed, stored } = found.index;
  if (state !== 'whole') process.stderr.write(`The index holds ${indexed} of ${stored} entries, so this may not be all.\n`);
}

async function close(session: string, flags: CloseFlags): Promise<void> {
  const { finding, note } = flags;
  const signedIn = await signInAsAuditor(flags);
  const { cookie, caFile } = signedIn;
  const { workstationId, seat } = await find(flags, signedIn, session);
  const answer = await call({ method: 'GET', url: serverUrl(flags.server, consolePaths.me), caFile, headers: { cookie } });
  const me: unknown = JSON.parse(answer.body.toString('utf8'));
  if (!Value.Check(Me, me)) throw new WardlockError('SERVER_ANSWER_MALFORMED');
  const path = consolePaths.closeEmergency.replace(':workstation', workstationId).replace(':session', session);
  await call({
    method: 'POST',
    url: serverUrl(flags.server, path),
    caFile,
    headers: { cookie, [CSRF_HEADER]: me.csrf },
    body: JSON.stringify({ finding, note }),
  });
  say(
    flags,
    { session, workstationId, seat, finding, note, by: me.name },
    `${session} at ${seat} is closed out by ${me.name}: ${inWords[finding]}.`,
  );
}

/** @throws WardlockError SERVER_NOT_FOUND */
async function find(flags: CloseFlags, signedIn: SignedInAuditor, session: string): Promise<EmergencyRow> {
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { emergencies, next } = await fetchPage(flags, signedIn, { state: 'open', after });
    const found = emergencies.find((row) => row.session === session);
    if (found !== undefined) return found;
    if (next === null) break;
    after = next;
  }
  throw new WardlockError(
    'SERVER_NOT_FOUND',
    'No emergency access with this session waits for its close-out: it is closed out already, or there is none.',
  );
}

interface Wanted {
  readonly state: 'open' | 'closed';
  readonly after: string | undefined;
}

async function fetchPage(flags: AuditorFlags, { cookie, caFile }: SignedInAuditor, { state, after }: Wanted): Promise<EmergencyList> {
  const query = new URLSearchParams({ state, ...(after === undefined ? {} : { after }) });
  const url = serverUrl(flags.server, `${consolePaths.emergencies}?${query}`);
  const answer = await call({ method: 'GET', url, caFile, headers: { cookie } });
  const found: unknown = JSON.parse(answer.body.toString('utf8'));
  if (!Value.Check(EmergencyList, found)) throw new WardlockError('SERVER_ANSWER_MALFORMED');
  return found;
}

function linesOf(row: EmergencyRow): string[] {
  const who = row.personName ?? row.person ?? 'nobody named';
  const until = row.endedAt === null ? 'no end yet' : `until ${row.endedAt}`;
  const why =
    row.reason === null ? 'no reason in the index' : `${row.reason}${row.note === null || row.note === '' ? '' : ` ("${row.note}")`}`;
  const lines = [`${row.session}  ${row.seat}, ${row.startedAt}, ${until}${row.overdue ? ', OVERDUE' : ''}`, `  ${who}: ${why}`];
  const witnesses = row.witnesses.map(({ person, personName }) => personName ?? person);
  if (witnesses.length > 0) lines.push(`  witnessed by badge: ${witnesses.join(', ')}`);
  const { closeOut } = row;
  if (closeOut === null) return lines;
  return [...lines, `  ${inWords[closeOut.finding]}, by ${closeOut.by}, ${closeOut.at}${closeOut.note === '' ? '' : `: ${closeOut.note}`}`];
}
