/**
 * `audit snapshot`: asks the running agent for a consistent copy of its log in a new file, and says how to verify it. The
 * agent writes the file; this command touches no log itself.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';
import { group } from './group.ts';

/** A big log on a slow disk takes its time. */
const SNAPSHOT_LIMIT_MS = 600_000;

const UNRECORDED = '\nThat this copy was taken could not be recorded: the record takes nothing more.';

export function register(program: Command): void {
  group(program, 'audit', 'the record: verify, read, copy')
    .command('snapshot <file>')
    .description("write a copy of this seat's log for a verifier")
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (file: string, flags: SeatFlags) => {
      const { path, entries, recorded } = await askAgent(flags.state, 'snapshot', { path: resolve(file) }, SNAPSHOT_LIMIT_MS);
      const { logKey, workstationId } = await askAgent(flags.state, 'identity', {});
      const key = logKey ?? 'KEY';
      say(
        flags,
        { path, entries, logKey, recorded },
        `${path}: ${entries} entries. Verify it with: audit verify ${path} --key '${key}'\nCompare the key with the server's own, on its machine: keys show --seat ${workstationId ?? 'NAME'}${recorded ? '' : UNRECORDED}`,
      );
    });
}
