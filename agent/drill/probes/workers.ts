/**
 * Escape 40: ten workers of an application create, rename, link and execute files for a while. Each worker tries ways to run a copy of
 * an allowed program, and between them runs what the policy does name: none of the first may run, none of the second may fail.
 */
import { WardlockError } from '../../../core/errors/index.ts';
import { type DrillSession, named, PERL } from '../session.ts';
import { WRITABLE } from './programs.ts';

export interface WorkersOutcome {
  /** Executions of what the policy names. */
  readonly allowed: number;
  /** Of those, how many were denied all the same. */
  readonly falseDenies: number;
  /** Attempts to execute what the policy does not name. */
  readonly denied: number;
  /** Of those, how many ran. */
  readonly bypasses: number;
}

const CHILD = '/bin/true';
const WORKERS = 10;
export const WORKER_PROGRAMS = [PERL, CHILD];

const script = (seconds: number): string => `
  use strict;
  my $end = time + ${seconds};
  my @folders = qw(${WRITABLE.join(' ')});
  open(my $in, "<", "${PERL}") or die; binmode $in;
  my $program = do { local $/; <$in> };
  for my $worker (1 .. ${WORKERS}) {
    next if fork;
    my ($allowed, $falseDenies, $denied, $bypasses, $round) = (0, 0, 0, 0, 0);
    while (time < $end) {
      $round++;
      my $folder = $folders[$round % @folders];
      my $path = "$folder/w$worker-$round";
      open(my $out, ">", $path) or die; binmode $out; print {$out} $program; close $out;
      chmod 0755, $path;
      my @tries = ($path);
      if ($round % 4 == 0) { rename $path, "$folder/true-$worker"; @tries = ("$folder/true-$worker") }
      if ($round % 4 == 1) { link $path, "$path-link"; push @tries, "$path-link" }
      if ($round % 4 == 2) { symlink $path, "$path-sym"; push @tries, "$path-sym" }
      if ($round % 4 == 3) { symlink "/bin/ls", "$path-sym"; push @tries, "$path-sym" }
      for my $try (@tries) {
        $denied++;
        system { $try } $try, "-e", "exit 0";
        $bypasses++ if $? != -1;
        unlink $try;
      }
      unlink $path;
      $allowed++;
      $falseDenies++ if system { "${CHILD}" } "${CHILD}";
    }
    open(my $report, ">", "/tmp/report-$worker"); print {$report} "$allowed $falseDenies $denied $bypasses"; close $report;
    exit 0;
  }
  1 while wait != -1;
  open(my $report, ">", "/tmp/done"); close $report;`;

/** Runs the workers in the session and reads what they counted. */
export async function runWorkers(session: DrillSession, seconds: number): Promise<WorkersOutcome> {
  const exit = await session.run(session.app(PERL, ['-e', script(seconds)], { children: [named(CHILD)] }));
  if ('ok' in exit || exit.exitCode !== 0) throw new WardlockError('LAUNCH_FAILED', 'The workers did not run to their end.');
  const sum = [0, 0, 0, 0];
  for (let worker = 1; worker <= WORKERS; worker += 1) {
    const counts = (await session.written(`/tmp/report-${worker}`)).split(' ').map(Number);
    counts.forEach((count, index) => {
      sum[index] = (sum[index] ?? 0) + count;
    });
  }
  const [allowed = 0, falseDenies = 0, denied = 0, bypasses = 0] = sum;
  return { allowed, falseDenies, denied, bypasses };
}

/** Null when nothing ran that must not, nothing was denied that may run, and both were tried at least once a second. */
export function judgeWorkers({ allowed, falseDenies, denied, bypasses }: WorkersOutcome, seconds: number): string | null {
  if (bypasses > 0) return `${bypasses} of ${denied} attempts ran`;
  if (falseDenies > 0) return `${falseDenies} of ${allowed} starts of a listed program were denied`;
  return allowed > seconds && denied > seconds ? null : `only ${allowed} starts and ${denied} attempts were made`;
}
