/** `enrol`: hands a token to the seat and waits until it is enrolled or says why not. */
import type { Command } from 'commander';
import { ENROL_LIMIT_MS } from '../agent/sockets/cli.ts';
import { parseToken } from '../core/enrolment/token.ts';
import { type ErrorCode, isWardlockError, WardlockError } from '../core/errors/index.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

/** The agent gives up first, so that its reason arrives. */
const ANSWER_SLACK_MS = 5_000;
/** What to look at where the seat only tells what it met. */
const ADVICE: Partial<Readonly<Record<ErrorCode, string>>> = {
  SERVER_UNREACHABLE: 'Check the address, and that the server runs.',
  SERVER_NOT_FOUND: 'Name the address for seats (its --listen-seats), not that of the console.',
};

export function register(program: Command): void {
  program
    .command('enrol <token>')
    .description('enrol this seat with the token that its server made')
    .requiredOption('--server <host:port>', "address of the server's listener for seats")
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (token: string, flags: SeatFlags & { readonly server: string }) => {
      parseToken(token);
      const enrolled = await askAgent(flags.state, 'enrol', { server: flags.server, token }, ENROL_LIMIT_MS + ANSWER_SLACK_MS).catch(
        (error: unknown) => {
          throw advised(error);
        },
      );
      say(flags, enrolled, `This seat is enrolled as ${enrolled.workstationId}.`);
    });
}

export function advised(error: unknown): unknown {
  const advice = isWardlockError(error) ? ADVICE[error.code] : undefined;
  if (!isWardlockError(error) || advice === undefined) return error;
  return new WardlockError(error.code, `${error.message.replace(/\.?$/u, '.')} ${advice}`, { cause: error });
}
