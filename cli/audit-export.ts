/**
 * `audit export`: fetches an auditor's export into a file that `audit verify` checks offline. A file that is cut off never
 * stands under the name that was asked for.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { consolePaths } from '../contract/console-api.ts';
import { parseLine } from '../core/audit/export/lines.ts';
import { WardlockError } from '../core/errors/index.ts';
import { say } from './agent-client.ts';
import { CLINIC_AUDITOR, CLINIC_HELP, clinicFile, missing } from './clinic-defaults.ts';
import { group } from './group.ts';
import { call, serverUrl } from './https.ts';

interface ExportFlags {
  readonly server: string;
  readonly seat: string;
  readonly from: string;
  readonly to: string;
  readonly out: string;
  readonly account?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

const STDIN = 0;

export function register(program: Command): void {
  group(program, 'audit', 'the record: verify, read, copy')
    .command('export')
    .description('fetch what a seat recorded in a span of time, as a file that `audit verify` checks offline')
    .requiredOption('--server <url>', "address of the server's console, https://HOST:PORT")
    .requiredOption('--seat <name>', 'name or workstation id of the seat')
    .requiredOption('--from <time>', 'begin, such as 2026-03-01T02:00:00Z')
    .requiredOption('--to <time>', 'end')
    .requiredOption('--out <file>', 'file to write')
    .option('--account <name>', `an auditor's account; the export is recorded under it ${CLINIC_HELP}`)
    .option('--password-file <file>', 'file with the password (default: standard input)')
    .option('--ca <file>', `the site's authority, ca.pem in the server's state folder ${CLINIC_HELP}`)
    .option('--json', 'print JSON')
    .action(run);
}

async function run(flags: ExportFlags): Promise<void> {
  const query = new URLSearchParams({ seat: flags.seat, from: timeOf(flags.from), to: timeOf(flags.to) });
  const { account, password } = auditorOf(flags);
  const caFile = flags.ca ?? clinicFile('ca', flags.server);
  const signedIn = await call({
    method: 'POST',
    url: serverUrl(flags.server, consolePaths.signIn),
    caFile,
    body: JSON.stringify({ name: account, password }),
  });
  const cookie = (signedIn.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '').join('; ');
  const answer = await call({
    method: 'GET',
    url: serverUrl(flags.server, `${consolePaths.exportLog}?${query}`),
    caFile,
    headers: { cookie },
  });
  const last = parseLine(answer.body.toString('utf8').trimEnd().split('\n').at(-1) ?? '');
  if (last?.kind !== 'end') throw new WardlockError('SERVER_ANSWER_MALFORMED', 'The export was cut off on its way. Try again.');
  const partial = `${flags.out}.part`;
  writeFileSync(partial, answer.body, { mode: 0o600 });
  renameSync(partial, flags.out);
  const { out } = flags;
  const { entries } = last;
  say(flags, { file: out, entries }, `${out}: ${entries} entries. Verify it with: audit verify ${out} --key KEY`);
}

/** Who signs in. Without an account named, the clinic's auditor with the clinic's password, unless another file is named. */
function auditorOf({ server, account, passwordFile }: ExportFlags): { readonly account: string; readonly password: string } {
  const file = passwordFile ?? (account === undefined ? clinicFile('password', server) : STDIN);
  if (file === null) throw missing('--account NAME', 'an account');
  return { account: account ?? CLINIC_AUDITOR, password: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
}

function timeOf(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new WardlockError('START_USAGE', `${text} is no time. Write it as 2026-03-01T02:00:00Z.`);
  return time.toISOString();
}
