/** `seat list|revoke`: which seats are enrolled, and the end of one of them. Its record stays. */
import type { Command } from 'commander';
import type { SeatRow } from '../contract/console-api.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface JsonFlags extends SiteFlags {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const seat = group(program, 'seat', 'enrolled seats');
  withState(seat.command('list').description('list every seat')).action(async (flags: JsonFlags) => {
    const rows = await withSite(flags, (site) => site.seats.list());
    if (flags.json === true) {
      process.stdout.write(`${JSON.stringify(rows)}\n`);
      return;
    }
    if (rows.length === 0)
      process.stdout.write('No seat is enrolled. Make a token for one with: enrol-token new --seat NAME --ward WARD\n');
    for (const row of rows)
      process.stdout.write(
        `${row.workstationId} ${row.name.padEnd(24)} ${row.ward.padEnd(16)} ${row.revoked ? 'revoked' : 'enrolled'} ${enforcementOf(row)}\n`,
      );
  });
  withState(
    seat.command('revoke <workstation>').description('refuse this seat from now on; it comes back with new keys and a new token only'),
  ).action(async (workstation: string, flags: JsonFlags) => {
    const { name } = await withSite(flags, (site) => site.seats.revoke(workstation));
    const words = `${name} is refused from now on. It goes on recording. To come back it needs new keys: an empty state folder, and a new token.`;
    say(flags, { workstationId: workstation, name }, words);
  });
}

/** The mode that the seat told last, and the layers that it lacks. */
function enforcementOf({ enforcement }: SeatRow): string {
  if (enforcement === null) return 'enforcement not told';
  return [enforcement.mode, ...enforcement.missing.map((layer) => `without ${layer}`)].join(', ');
}

function withState(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}
