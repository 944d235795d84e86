/** `agent`: runs the seat's agent until SIGTERM or SIGINT. It owns the process' life; the seat is the agent's business. */
import type { Command } from 'commander';
import { openLog } from '../agent/log.ts';
import { PCSC_SOCKET } from '../agent/options.ts';
import { DEFAULT_SEAT_STATE, say } from './agent-client.ts';
import { userNamed } from './user-named.ts';

interface AgentFlags {
  readonly state: string;
  readonly uiUser?: string;
  readonly uiCgroup?: string;
  readonly syncUser?: string;
  readonly appUser: readonly string[];
  readonly displayCookie?: string;
  readonly readerSocket: string;
  readonly keychain: boolean;
  readonly practice?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('agent')
    .description('run the agent of this seat: it owns session, lock, policy, record and what may run')
    .option('--state <dir>', 'state folder of the seat (default: the one of npm start)', DEFAULT_SEAT_STATE)
    .option('--ui-user <name>', "user of the seat's screens; needed as root")
    .option('--ui-cgroup <path>', 'cgroup that the screens must be in, as /proc/PID/cgroup names it')
    .option('--sync-user <name>', "user of the seat's syncer")
    .option('--app-user <name>', 'user that applications run as, one for each session; needed as root, may be repeated', oneMore, [])
    .option('--display-cookie <file>', "Xauthority of the seat's display, readable by the user of the screens")
    .option('--reader-socket <path>', 'where the smart card service (pcscd) listens', PCSC_SOCKET)
    .option('--no-keychain', 'keep keys in a file, even where a keychain answers')
    .option('--practice', 'the screens are a window that anybody can close')
    .option('--json', 'print the ready line as JSON')
    .action(run);
}

/**
 * How the agent's Node runs: a young generation of 1 MiB, because a seat has little memory and an agent little garbage. It
 * can only be given at the start of a process. (No code from strings would be wished for too; better-sqlite3 makes some.)
 */
const NODE_FLAGS = ['--max-semi-space-size=1'];
/** What of the caller's environment reaches the agent: nothing that changes what Node or the loader does. */
const ENVIRONMENT =
  /^(PATH|HOME|LANG|LC_[A-Z]+|TZ|TMPDIR|DBUS_SESSION_BUS_ADDRESS|XDG_RUNTIME_DIR|DISPLAY|XAUTHORITY|CREDENTIALS_DIRECTORY|NOTIFY_SOCKET)$/;

/** Replaces this process by the same one under those flags, once; its number and its open files stay. */
function harden(): void {
  if (NODE_FLAGS.every((flag) => process.execArgv.includes(flag)) || process.execve === undefined) return;
  const kept = Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name));
  // One arena: the C library otherwise keeps one for each thread that ever hashed a PIN.
  process.execve(process.execPath, [process.execPath, ...NODE_FLAGS, ...process.argv.slice(1)], {
    ...Object.fromEntries(kept),
    MALLOC_ARENA_MAX: '1',
  });
}

async function run(flags: AgentFlags): Promise<void> {
  harden();
  const { startAgent } = await import('../agent/compose.ts');
  const log = openLog('agent');
  // Before anything of the system is changed: whoever ends the agent while it starts gets it put back as well.
  const asked = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  const serving = await startAgent(
    {
      state: flags.state,
      ui: userNamed(flags.uiUser),
      uiCgroup: flags.uiCgroup ?? null,
      syncer: userNamed(flags.syncUser),
      apps: flags.appUser.flatMap((name) => userNamed(name) ?? []),
      xauthority: flags.displayCookie ?? null,
      practice: flags.practice === true,
      readerSocket: flags.readerSocket,
      keychain: flags.keychain,
    },
    log,
  );
  const { uiSocket, syncSocket, cliSocket, root } = serving.layout;
  const ready = { ready: 'agent', state: root, ui: uiSocket, sync: syncSocket, cli: cliSocket };
  say(flags, ready, `The agent serves. State: ${root}. Screens connect at ${uiSocket}.`);
  const signal = await asked;
  log.info('the agent ends', { signal });
  await serving.close('agent-stopped');
}

/** An option that may be given several times. */
function oneMore(value: string, former: readonly string[]): readonly string[] {
  return [...former, value];
}
