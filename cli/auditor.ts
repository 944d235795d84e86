/** How the auditors' commands sign in at the console: under an account that each read is recorded under. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { consolePaths } from '../contract/console-api.ts';
import { WardlockError } from '../core/errors/index.ts';
import { CLINIC_AUDITOR, CLINIC_HELP, clinicFile, missing } from './clinic-defaults.ts';
import { call, serverUrl } from './https.ts';
import { secretInput } from './secret-input.ts';

export interface AuditorFlags {
  readonly server: string;
  readonly account?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

export function withAuditorFlags(command: Command): Command {
  return command
    .requiredOption('--server <url>', "address of the server's console, https://HOST:PORT")
    .option('--account <name>', `an auditor's account; what is read is recorded under it ${CLINIC_HELP}`)
    .option('--password-file <file>', 'file with the password (default: standard input; at a terminal it is asked for and not shown)')
    .option('--ca <file>', `the site's authority, ca.pem in the server's state folder ${CLINIC_HELP}`)
    .option('--json', 'print JSON');
}

export interface SignedInAuditor {
  readonly cookie: string;
  readonly caFile: string | null;
}

/** @throws WardlockError START_USAGE, SERVER_SIGN_IN_WRONG and whatever `call` throws */
export async function signInAsAuditor(flags: AuditorFlags): Promise<SignedInAuditor> {
  const { account, password } = await auditorOf(flags);
  const caFile = flags.ca ?? clinicFile('ca', flags.server);
  const signedIn = await call({
    method: 'POST',
    url: serverUrl(flags.server, consolePaths.signIn),
    caFile,
    body: JSON.stringify({ name: account, password }),
  });
  const cookie = (signedIn.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '').join('; ');
  return { cookie, caFile };
}

/** Who signs in. Without an account named, the clinic's auditor with the clinic's password, unless another file is named. */
async function auditorOf({
  server,
  account,
  passwordFile,
}: AuditorFlags): Promise<{ readonly account: string; readonly password: string }> {
  const file = passwordFile ?? (account === undefined ? clinicFile('password', server) : undefined);
  if (file === null) throw missing('--account NAME', 'an account');
  const password = file === undefined ? await secretInput('Password', 'once') : readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  if (password === '')
    throw new WardlockError('START_USAGE', `There is no password ${file === undefined ? 'on standard input' : `in ${file}`}.`);
  return { account: account ?? CLINIC_AUDITOR, password };
}

/** A time of a command line, as the API takes it. @throws WardlockError START_USAGE */
export function timeOf(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new WardlockError('START_USAGE', `${text} is no time. Write it like 2026-03-01T02:00:00Z.`);
  return time.toISOString();
}

/** A begin and an end. @throws WardlockError START_USAGE for a time that is none, and for an end before its begin, as nothing would fit */
export function spanOf(flags: { readonly from: string; readonly to: string }): { readonly from: string; readonly to: string } {
  const [from, to] = [timeOf(flags.from), timeOf(flags.to)];
  if (Date.parse(from) <= Date.parse(to)) return { from, to };
  throw new WardlockError('START_USAGE', `--to ${to} lies before --from ${from}. Name the earlier time with --from.`);
}
