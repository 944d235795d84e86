/** `audit wards`: what the wards live with, as a table of numbers. The read is recorded at the server before it answers; nothing is kept here. */
import type { Command } from 'commander';
import { Value } from 'typebox/value';
import { consolePaths } from '../contract/console-api.ts';
import { LONGEST_REPORT_DAYS, type WardFigures, WardReport } from '../contract/ward-report.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type AuditorFlags, signInAsAuditor, timeOf, withAuditorFlags } from './auditor.ts';
import { group } from './group.ts';
import { call, serverUrl } from './https.ts';

interface WardFlags extends AuditorFlags {
  readonly from?: string;
  readonly to?: string;
}

const DAY_MS = 86_400_000;
const USUAL_DAYS = 7;
const GAP = '  ';

export function register(program: Command): void {
  const command = group(program, 'audit', 'the record: verify, read, copy')
    .command('wards')
    .description('what each ward lives with, without names: sessions, PINs, warnings, locks by the clock, sessions that were kept open')
    .option('--from <time>', `begin, such as 2026-03-01T02:00:00Z (default: ${USUAL_DAYS} days before the end)`)
    .option('--to <time>', `end (default: now); at most ${LONGEST_REPORT_DAYS} days after the begin`);
  withAuditorFlags(command).action(run);
}

async function run(flags: WardFlags): Promise<void> {
  const to = flags.to === undefined ? new Date().toISOString() : timeOf(flags.to);
  const from = flags.from === undefined ? new Date(Date.parse(to) - USUAL_DAYS * DAY_MS).toISOString() : timeOf(flags.from);
  const { cookie, caFile } = await signInAsAuditor(flags);
  const url = serverUrl(flags.server, `${consolePaths.wardReport}?${new URLSearchParams({ from, to })}`);
  const answer = await call({ method: 'GET', url, caFile, headers: { cookie } });
  const report: unknown = JSON.parse(answer.body.toString('utf8'));
  if (!Value.Check(WardReport, report)) throw new WardlockError('SERVER_ANSWER_MALFORMED');
  if (flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(inWords(report));
  const { state, indexed, stored } = report.index;
  if (state !== 'whole') process.stderr.write(`The index holds ${indexed} of ${stored} entries, so this may not be all.\n`);
}

const columns: Readonly<Record<string, (ward: WardFigures) => string>> = {
  Ward: ({ name }) => name,
  Seats: ({ seats }) => String(seats),
  People: ({ people }) => String(people),
  Sessions: ({ sessions }) => String(sessions),
  Returns: ({ returns }) => String(returns),
  PINs: ({ pins }) => String(pins),
  'PINs/shift': ({ pinsPerShift }) => (pinsPerShift === null ? '-' : `${pinsPerShift.median} (most ${pinsPerShift.most})`),
  Warnings: ({ warnings }) => String(warnings),
  'Idle locks': ({ idleLocks }) => String(idleLocks),
  Propped: ({ propped }) => String(propped),
  Emergencies: ({ emergencies }) => String(emergencies),
};

function inWords({ from, to, wards }: WardReport): string {
  const table = [Object.keys(columns), ...wards.map((ward) => Object.values(columns).map((cell) => cell(ward)))];
  const widths = Object.keys(columns).map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(GAP);
  const legend = 'PINs/shift: of one person over all seats of the ward, the middle one. Propped: kept open by what moves like no person.';
  return `From ${from} to ${to}\n${table.map((row) => line(row).trimEnd()).join('\n')}\n${legend}\n`;
}
