/** `enrol-token new`: makes the one-time token that enrols one seat. It is shown once and kept as a hash. */
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface TokenFlags extends SiteFlags {
  readonly seat: string;
  readonly ward: string;
  readonly wardName?: string;
  readonly hours: string;
  readonly json?: boolean;
}

const HOUR_MS = 3_600_000;
const MAX_HOURS = 168;

export function register(program: Command): void {
  group(program, 'enrol-token', 'one-time tokens that enrol seats')
    .command('new')
    .description('make a token for one seat, on the machine of the server')
    .requiredOption('--seat <name>', 'name of the seat, as people say it')
    .requiredOption('--ward <id>', 'ward of the seat')
    .option('--ward-name <name>', 'name of the ward, as people say it')
    .option('--hours <n>', `how long the token holds, at most ${MAX_HOURS}`, '24')
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON')
    .action(async (flags: TokenFlags) => {
      const hours = Number(flags.hours);
      if (!(hours > 0 && hours <= MAX_HOURS)) throw new WardlockError('START_USAGE', `--hours is a number above 0, at most ${MAX_HOURS}.`);
      const wanted = { seatName: flags.seat, wardId: flags.ward, wardName: flags.wardName ?? null, lifeMs: hours * HOUR_MS };
      const made = await withSite(flags, (site) => site.enrolments.makeToken(wanted));
      const expiresAt = new Date(made.expiresAt).toISOString();
      process.stdout.write(
        flags.json === true
          ? `${JSON.stringify({ token: made.token, id: made.id, expiresAt })}\n`
          : `${made.token}\n\nFor ${flags.seat}, once, until ${expiresAt}. It names this server: a seat sends it to no other.\n`,
      );
    });
}
