/** `tap`: a badge reader for people without one. It only says which badge was held up; what follows is the seat's. */
import type { Command } from 'commander';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

export function register(program: Command): void {
  program
    .command('tap <badge>')
    .description('hold a badge up to the seat, as a reader would')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (badge: string, flags: SeatFlags) => {
      const { taken } = await askAgent(flags.state, 'tap', { badge });
      say(
        flags,
        { taken },
        taken ? 'The seat read the badge. Look at its screen.' : 'The seat read the badge and did nothing with it. Its screen says why.',
      );
    });
}
