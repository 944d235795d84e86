/** `syncer`: runs the seat's syncer until SIGTERM or SIGINT. As root it takes its own user first. */
import type { Command } from 'commander';
import { startSyncer } from '../agent/syncer/compose.ts';
import { takeOwnUser } from '../agent/syncer/own-user.ts';
import { userNamed } from './user-named.ts';

interface SyncerFlags {
  readonly state: string;
  readonly socket?: string;
  readonly agentUid?: string;
  readonly user?: string;
}

export function register(program: Command): void {
  program
    .command('syncer')
    .description("run the seat's syncer: the only part of a seat that uses the network")
    .requiredOption('--state <dir>', 'state folder of the seat')
    .option('--socket <path>', "the agent's socket (default: run/sync.sock in the state folder)")
    .option('--agent-uid <uid>', 'user that the agent runs as (default: root or the caller)')
    .option('--user <name>', 'user that the syncer runs as; needed as root, which it gives up for good')
    .action(async (flags: SyncerFlags) => {
      takeOwnUser(userNamed(flags.user));
      const syncer = startSyncer({
        stateFolder: flags.state,
        ...(flags.socket === undefined ? {} : { socketPath: flags.socket }),
        ...(flags.agentUid === undefined ? {} : { trustedUids: [Number(flags.agentUid)] }),
      });
      await new Promise<void>((resolve) => {
        process.once('SIGTERM', () => resolve());
        process.once('SIGINT', () => resolve());
      });
      syncer.close();
    });
}
