/** `tap`: a badge reader for people without one. It only says which badge was held up; what follows is the seat's. */
import type { Command } from 'commander';
import { Value } from 'typebox/value';
import { BadgeNumber } from '../contract/scalars.ts';
import { errorMeanings, isErrorCode, WardlockError } from '../core/errors/index.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

const REFUSED = 1;

export function register(program: Command): void {
  program
    .command('tap <badge>')
    .description('hold a badge up to the seat, as a reader would')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (badge: string, flags: SeatFlags) => {
      if (!Value.Check(BadgeNumber, badge))
        throw new WardlockError(
          'START_USAGE',
          `"${badge}" is no badge number. It has 4 to 64 letters, digits and dashes, such as 04A1B2C3D4.`,
        );
      const answer = await askAgent(flags.state, 'tap', { badge });
      if (!answer.taken) process.exitCode = REFUSED;
      say(flags, answer, answer.taken ? 'The seat read the badge. Look at its screen.' : refusal(answer.code));
    });
}

function refusal(code: string | undefined): string {
  if (code === undefined || !isErrorCode(code)) return 'The seat read the badge and did nothing with it. Its screen says why.';
  return `The seat read the badge and did nothing with it. ${errorMeanings[code]} (${code})`;
}
