/**
 * The command line: gathers the commands and turns what they throw into one plain sentence with its code. Each command
 * lives in a module of its own; this file owns none.
 */
import { Command, CommanderError } from 'commander';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';

/**
 * Which modules a first word needs, or the first two. Only those are loaded: a badge tap must not wait for the server's code, nor
 * a verifier hold it in memory.
 */
const modules: Readonly<Record<string, readonly (() => Promise<CommandModule>)[]>> = {
  agent: [() => import('./agent.ts'), () => import('./agent-restored.ts')],
  syncer: [() => import('./syncer.ts')],
  tap: [() => import('./tap.ts')],
  status: [() => import('./status.ts')],
  identity: [() => import('./identity.ts')],
  doctor: [() => import('./doctor.ts')],
  drill: [() => import('./drill.ts')],
  enrol: [() => import('./enrol.ts')],
  policy: [
    () => import('./policy-validate.ts'),
    () => import('./policy-explain.ts'),
    () => import('./policy-diff.ts'),
    () => import('./policy-schema.ts'),
    () => import('./policy-compile.ts'),
    () => import('./policy-new.ts'),
    () => import('./policy-publish.ts'),
  ],
  'audit verify': [() => import('./audit-verify.ts')],
  'audit show': [() => import('./audit-show.ts')],
  audit: [
    () => import('./audit-verify.ts'),
    () => import('./audit-show.ts'),
    () => import('./audit-snapshot.ts'),
    () => import('./audit-acknowledge.ts'),
    () => import('./audit-drill.ts'),
    () => import('./audit-export.ts'),
    () => import('./audit-search.ts'),
  ],
  server: [
    () => import('./server.ts'),
    () => import('./server-reader.ts'),
    () => import('./server-purge.ts'),
    () => import('./server-hold.ts'),
    () => import('./server-backup.ts'),
    () => import('./server-log.ts'),
    () => import('./server-alarms.ts'),
    () => import('./server-openapi.ts'),
  ],
  seat: [() => import('./seat.ts')],
  reader: [() => import('./reader.ts')],
  account: [() => import('./account.ts')],
  'enrol-token': [() => import('./enrol-token.ts')],
  staff: [() => import('./staff.ts'), () => import('./staff-codes.ts')],
  sim: [() => import('./sim.ts')],
  keys: [() => import('./keys.ts'), () => import('./keys-recipients.ts')],
};

interface CommandModule {
  register(program: Command): void;
}

const FAILED = 1;
const USAGE = 64;

/** Programs asked for JSON and get the same two things that a person gets. */
const json = process.argv.includes('--json');
// Before any command is made: each takes these settings from here. What is wrong is said in one place, at the end of this file.
const program = new Command('wardlock')
  .description('Shared clinic workstations: locked seats, staff, policy, record')
  // Options stand behind their command: `server` and the commands under it have some of the same name.
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ writeErr: (text) => (json ? false : process.stderr.write(text)), outputError: () => undefined });
const [word = '', second = ''] = process.argv.slice(2);
const asked = [`${word} ${second}`, word].find((name) => Object.hasOwn(modules, name));
const wanted = asked === undefined ? undefined : modules[asked];
// A key of two words is a shorter list of what its first word has already.
const everything = Object.entries(modules).flatMap(([name, loads]) => (name.includes(' ') ? [] : loads));
for (const load of wanted ?? everything) (await load()).register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) fail(usageFailure(error));
  else if (isWardlockError(error)) fail(error);
  else throw error;
}

/** Says what failed, in the form that was asked for; null is no failure. */
function fail(failure: WardlockError | null): void {
  if (failure === null) return;
  process.stderr.write(json ? `${JSON.stringify({ error: failure.toBody() })}\n` : `${failure.message} (${failure.code})\n`);
  process.exitCode = failure.code === 'START_USAGE' ? USAGE : FAILED;
}

/** What commander found wrong, as an error of Wardlock; null where it only showed the help that was asked for. */
function usageFailure({ exitCode, code, message }: CommanderError): WardlockError | null {
  if (exitCode === 0) return null;
  if (code === 'commander.help') return new WardlockError('START_USAGE', 'Name one of the commands. See --help.');
  const [what = '', hint = ''] = message.replace(/^error: /, '').split('\n');
  const meant = /did you mean ([^?]+)/i.exec(hint)?.[1];
  const words = `${what.charAt(0).toUpperCase()}${what.slice(1)}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
  return new WardlockError('START_USAGE', `${words} See --help.`);
}
