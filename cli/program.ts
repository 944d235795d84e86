/**
 * The command line: gathers the commands and turns what they throw into one plain sentence with its code. Each command
 * lives in a module of its own; this file owns none.
 */
import { Command } from 'commander';
import { isWardlockError } from '../core/errors/index.ts';

/** Which modules a first word needs. Only those are loaded, because a badge tap must not wait for the server's code. */
const modules: Readonly<Record<string, readonly (() => Promise<CommandModule>)[]>> = {
  agent: [() => import('./agent.ts'), () => import('./agent-restored.ts')],
  syncer: [() => import('./syncer.ts')],
  tap: [() => import('./tap.ts')],
  status: [() => import('./status.ts')],
  identity: [() => import('./identity.ts')],
  doctor: [() => import('./doctor.ts')],
  enrol: [() => import('./enrol.ts')],
  policy: [() => import('./policy-validate.ts'), () => import('./policy-publish.ts')],
  audit: [
    () => import('./audit-verify.ts'),
    () => import('./audit-show.ts'),
    () => import('./audit-snapshot.ts'),
    () => import('./audit-drill.ts'),
    () => import('./audit-export.ts'),
  ],
  server: [() => import('./server.ts')],
  seat: [() => import('./seat.ts')],
  reader: [() => import('./reader.ts')],
  account: [() => import('./account.ts')],
  'enrol-token': [() => import('./enrol-token.ts')],
  staff: [() => import('./staff.ts')],
  sim: [() => import('./sim.ts')],
  keys: [() => import('./keys.ts')],
};

interface CommandModule {
  register(program: Command): void;
}

const FAILED = 1;
const USAGE = 64;

const program = new Command('wardlock').description('Shared clinic workstations: locked seats, staff, policy, record').showHelpAfterError();
const word = process.argv[2] ?? '';
const wanted = Object.hasOwn(modules, word) ? modules[word] : undefined;
for (const load of wanted ?? Object.values(modules).flat()) (await load()).register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!isWardlockError(error)) throw error;
  // Programs asked for JSON and get the same two things that a person gets.
  const asked = process.argv.includes('--json');
  process.stderr.write(asked ? `${JSON.stringify({ error: error.toBody() })}\n` : `${error.message} (${error.code})\n`);
  process.exitCode = error.code === 'START_USAGE' ? USAGE : FAILED;
}
