/** `doctor`: asks the seat what is wrong with it. Ends with 2 when something stops the seat from working. */
import type { Command } from 'commander';
import type { Result } from '../contract/boundary.ts';
import type { CliBoundary } from '../contract/cli.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

const STOPPED = 2;
const MARKS = { ok: 'ok  ', warn: 'warn', stop: 'STOP', unknown: '?   ' } as const;

export function register(program: Command): void {
  program
    .command('doctor')
    .description('what is right and wrong with this seat, and what to do; exit code 2 when something stops it from working')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (flags: SeatFlags) => {
      const found = await askAgent(flags.state, 'doctor', {});
      say(flags, found, inWords(found));
      if (found.checks.some((check) => check.state === 'stop')) process.exitCode = STOPPED;
    });
}

function inWords({ checks }: Result<CliBoundary, 'doctor'>): string {
  return checks.map(({ id, state, says, todo }) => `${MARKS[state]} ${id}: ${says}${todo === undefined ? '' : ` ${todo}`}`).join('\n');
}
