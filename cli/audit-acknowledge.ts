/**
 * `audit acknowledge`: prints what the seat found wrong with its own record and takes note of it. The agent records that
 * somebody did, and the alarm ends; the findings stay in the record.
 */
import type { Command } from 'commander';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';
import { group } from './group.ts';

export function register(program: Command): void {
  group(program, 'audit', 'the record: verify, read, copy')
    .command('acknowledge')
    .description('take note of what this seat found wrong with its own record; that somebody did is recorded')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (flags: SeatFlags) => {
      const { findings } = await askAgent(flags.state, 'acknowledge', {});
      say(flags, { findings }, findings.length === 0 ? 'There is nothing to take note of.' : `Noted:\n${findings.join('\n')}`);
    });
}
