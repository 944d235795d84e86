/** `enrol`: hands a token to the seat and waits until it is enrolled or says why not. */
import type { Command } from 'commander';
import { ENROL_LIMIT_MS } from '../agent/sockets/cli.ts';
import { parseToken } from '../core/enrolment/token.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

/** The agent gives up first, so that its reason arrives. */
const ANSWER_SLACK_MS = 5_000;

export function register(program: Command): void {
  program
    .command('enrol <token>')
    .description('enrol this seat with the token that its server made')
    .requiredOption('--server <host:port>', "address of the server's listener for seats")
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (token: string, flags: SeatFlags & { readonly server: string }) => {
      parseToken(token);
      const enrolled = await askAgent(flags.state, 'enrol', { server: flags.server, token }, ENROL_LIMIT_MS + ANSWER_SLACK_MS);
      say(flags, enrolled, `This seat is enrolled as ${enrolled.workstationId}.`);
    });
}
