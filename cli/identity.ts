/** `identity`: the public half of a seat, what an auditor needs to verify its log without trusting anyone in between. */
import type { Command } from 'commander';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

export function register(program: Command): void {
  program
    .command('identity')
    .description("this seat's workstation id and the key that verifies its log (audit verify --key)")
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print JSON')
    .action(async (flags: SeatFlags) => {
      const identity = await askAgent(flags.state, 'identity', {});
      const words =
        identity.workstationId === null
          ? 'This seat is not enrolled, so it has no log yet.'
          : `workstation  ${identity.workstationId}\nlog key      ${identity.logKey ?? 'none'}\nenrolled     ${identity.enrolledAt ?? 'unknown'}`;
      say(flags, identity, words);
    });
}
