/**
 * Escape 40: ten workers of an application create, rename, link and execute files for a while. Each worker tries ways to run a copy of
 * an allowed program, and between them runs what the policy does name: none of the first may run, none of the second may fail.
 */

import { describe, expect } from 'vitest';
import type { AppExit } from '../../agent/launch/port.ts';
import { sessionTests } from './in-session.ts';
import { rootTest } from './root.ts';
import { named, type Seat, startApp } from './sandboxed-seat.ts';

interface Outcome {
  /** Executions of what the policy names. */
  readonly allowed: number;
  /** Of those, how many were denied all the same. */
  readonly falseDenies: number;
  /** Attempts to execute what the policy does not name. */
  readonly denied: number;
  /** Of those, how many ran. */
  readonly bypasses: number;
}

const PERL = '/usr/bin/perl';
const CHILD = '/bin/true';
const WORKERS = 10;

const script = (seconds: number): string => `
  use strict;
  my $end = time + ${seconds};
  my @folders = qw(/home/wardlock /tmp /dev/shm /var/tmp /run/user/session);
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

/** The test itself, for so many seconds. */
export function escape40(seconds: number): void {
  const session = sessionTests();
  describe('ten workers that create and execute files', () => {
    rootTest('escape 40 in session: nothing runs that the policy does not name, and what it names always runs', async () => {
      expect(await runWorkers(session.seat, session.sessionId, seconds)).toMatchObject({ exitCode: 0 });
      const outcome = await readOutcome(session.written);
      expect(outcome).toMatchObject({ falseDenies: 0, bypasses: 0 });
      expect(outcome.allowed).toBeGreaterThan(seconds);
      expect(outcome.denied).toBeGreaterThan(seconds);
    });
  });
}

/** Runs the workers in the session. */
async function runWorkers(seat: Seat, sessionId: string, seconds: number): Promise<AppExit> {
  const ended = Promise.withResolvers<AppExit>();
  const spec = { sessionId, appId: 'workers', ...named(PERL), args: ['-e', script(seconds)], env: {}, children: [named(CHILD)] };
  const started = await startApp(seat.launcher, spec, ended.resolve);
  if (!started.ok) throw new Error(started.detail);
  return ended.promise;
}

/** Reads what the workers counted. */
async function readOutcome(read: (file: string) => Promise<string>): Promise<Outcome> {
  const sum = [0, 0, 0, 0];
  for (let worker = 1; worker <= WORKERS; worker += 1) {
    const counts = (await read(`/tmp/report-${worker}`)).split(' ').map(Number);
    counts.forEach((count, index) => {
      sum[index] = (sum[index] ?? 0) + count;
    });
  }
  const [allowed = 0, falseDenies = 0, denied = 0, bypasses = 0] = sum;
  return { allowed, falseDenies, denied, bypasses };
}
