/** `tap`: a badge reader for people without one. It only says which badge was held up; what follows is the seat's. */
import type { Command } from 'commander';
import { errorMeanings, isErrorCode } from '../core/errors/index.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

const REFUSED = 1;

export function register(program: Command): void {
  program
    .command('tap <badge>')
    .description('hold a badge up to the seat, as a reader would')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (badge: string, flags: SeatFlags) => {
      const answer = await askAgent(flags.state, 'tap', { badge });
      if (!answer.taken) process.exitCode = REFUSED;
      say(flags, answer, answer.taken ? 'The seat read the badge. Look at its screen.' : refusal(answer.code));
    });
}

function refusal(code: string | undefined): string {
  if (code === undefined || !isErrorCode(code)) return 'The seat read the badge and did nothing with it. Its screen says why.';
  return `The seat read the badge and did nothing with it. ${errorMeanings[code]} (${code})`;
}
