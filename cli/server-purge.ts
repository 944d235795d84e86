/** `server purge`: destroys what the policy's retention lets go and no hold keeps. It says what, or with --dry-run what it would. */
import type { Command } from 'commander';
import type { PurgeReport } from '../server/services/purge.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, PERIOD_KEYS_HELP, type SiteFlags, withSite } from './server.ts';
import { whoIs } from './server-hold.ts';

interface PurgeFlags extends SiteFlags {
  readonly dryRun?: boolean;
  readonly clockIsRight?: boolean;
  readonly by?: string;
  readonly json?: boolean;
}

const RANGES_SHOWN = 20;
const PROGRESS_MS = 1000;

export function register(program: Command): void {
  group(program, 'server', 'the server')
    .command('purge')
    .description('destroy what the policy lets go (six years by default) and no hold keeps; proofs of the rest still hold')
    .option('--dry-run', 'say what would go, and destroy nothing')
    .option('--clock-is-right', 'go on although the clock is far from everything recorded')
    .option('--by <name>', 'who asks for it (default: the user of this machine)')
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--period-keys <dir>', PERIOD_KEYS_HELP)
    .option('--json', 'print JSON')
    .action(run);
}

async function run(flags: PurgeFlags): Promise<void> {
  let said = performance.now();
  const report = await withSite(flags, (site) =>
    site.purge.run({
      dryRun: flags.dryRun === true,
      clockIsRight: flags.clockIsRight === true,
      by: whoIs(flags),
      onProgress: ({ entries }) => {
        if (performance.now() - said < PROGRESS_MS) return;
        said = performance.now();
        process.stderr.write(`${entries} entries\n`);
      },
    }),
  );
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : inWords(report));
}

function inWords({ dryRun, retention, cutoff, logs, entries, ranges, held, evidence, keys }: PurgeReport): string {
  const by = retention.policyVersion === 0 ? 'by default, as no policy is published' : `by policy version ${retention.policyVersion}`;
  const lines = [
    `The record is kept for ${retention.days} days ${by}. What was received before ${cutoff} may go.`,
    `${dryRun ? 'Would destroy' : 'Destroyed'} ${entries} entries of ${logs} logs and ${evidence} refused uploads.`,
    ...ranges.slice(0, RANGES_SHOWN).map((range) => `  ${range.workstationId} log ${range.incarnation}: ${range.from} to ${range.to}`),
    ...(ranges.length > RANGES_SHOWN ? [`  and ${ranges.length - RANGES_SHOWN} ranges more; all with --json`] : []),
    ...held.map(({ hold, epochs, reason }) => `Hold ${hold} keeps ${epochs} epochs: ${reason}`),
    `${dryRun ? 'Would destroy the keys' : 'Destroyed the keys'} ${keys.destroyed.length === 0 ? 'of no period' : keys.destroyed.join(', ')}.`,
    ...(keys.resealed > 0 ? [`${keys.resealed} epochs that stay were sealed to a fresh key.`] : []),
    ...(keys.waiting.length > 0
      ? [
          `${keys.waiting.join(', ')} are destroyed by the next purge, ten minutes from now or later: another process may still seal to them.`,
        ]
      : []),
    ...(dryRun || keys.cleaned ? [] : ['The database still holds its old pages: a reader was busy. Run the purge again.']),
    ...(!dryRun && keys.destroyed.length > 0
      ? [
          'Bring the copy of the folder period-keys up to date, so that these files are gone there too.',
          'Make a backup now: older ones no longer open what is kept of those months.',
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}
