/**
 * What shutting a session in costs: running programs in it, launching an application, and ending it. Needs root on Linux, because
 * without it there is nothing to measure; each figure stands beside its baseline of the same run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppExit } from '../../agent/launch/port.ts';
import { type Cgroup, cgroupMount, enterCgroup, livingProcesses, makeCgroup } from '../../agent/os/cgroup.ts';
import { processesOf } from '../support/processes.ts';
import { named, openSeat, type Seat, startApp } from '../support/sandboxed-seat.ts';
import { measureCompile } from './support/compile.ts';
import { measureDecide } from './support/decide.ts';
import { measureFapolicyd } from './support/fapolicyd.ts';
import { LAUNCHES, measureLaunch } from './support/launch.ts';
import { type BenchRow, type BenchSuite, judge, median, percentile } from './support/row.ts';

const SHELL = '/bin/dash';
const TRUE = '/bin/true';
const SLEEP = '/bin/sleep';
const EXEC_ROUNDS = 5;
const EXECS = 500;
const PROCESSES = 400;
const END_ROUNDS = 11;
/** Long enough for the next starter to be warm, as it is between two launches of a person. */
const BETWEEN_LAUNCHES_MS = 400;
const SESSION = 'b'.repeat(32);

const LOOP = `i=0; while [ $i -lt ${EXECS} ]; do ${TRUE}; i=$((i+1)); done`;
/** Each worker starts twenty sleepers and leaves them to process 1. */
const CROWD = `i=0; while [ $i -lt ${PROCESSES} ]; do ${SLEEP} 1000 & i=$((i+1)); done`;

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

async function inSession(seat: Seat, script: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<AppExit>();
  const children = [TRUE, SLEEP].map(named);
  const spec = { sessionId: SESSION, appId: 'bench', ...named(SHELL), args: ['-c', script], env: {}, children };
  const started = await startApp(seat.launcher, spec, resolve);
  if (!started.ok) throw new Error(started.detail);
  return timed(() => promise);
}

async function outside(seat: Seat, script: string): Promise<number> {
  // Not the user of sessions: each has that one to itself, and ends all that is left of it.
  const { uid, gid } = seat.ui;
  const child = spawn(SHELL, ['-c', script], { uid, gid, stdio: 'ignore', env: { PATH: '/usr/bin:/bin' }, cwd: '/' });
  await once(child, 'spawn');
  return timed(() => once(child, 'exit'));
}

async function measureExec(seat: Seat): Promise<BenchRow> {
  const inner: number[] = [];
  const outer: number[] = [];
  for (let round = 0; round < EXEC_ROUNDS; round += 1) {
    outer.push(((await outside(seat, LOOP)) * 1000) / EXECS);
    inner.push(((await inSession(seat, LOOP)) * 1000) / EXECS);
    await sleep(BETWEEN_LAUNCHES_MS);
  }
  const goal = { is: 'at most', value: 1.15, of: 'ratio' } as const;
  return judge({ id: 'exec.session', unit: 'µs', median: median(inner), p99: percentile(inner, 0.99), baseline: median(outer), goal });
}

async function measureEnd(seat: Seat): Promise<BenchRow> {
  const ended: number[] = [];
  const killed: number[] = [];
  for (let round = 0; round < END_ROUNDS; round += 1) {
    killed.push(await timed(await crowdOutside(seat)));
    rmdirSync(await bareGroup());
    await inSession(seat, CROWD);
    await until(() => processesOf(seat.app.uid, 'sleep').length === PROCESSES);
    ended.push(await timed(() => seat.launcher.endSession(SESSION)));
    seat.launcher.openSession({ sessionId: SESSION });
  }
  const goal = { is: 'at most', value: 2, of: 'ratio' } as const;
  return judge({ id: 'end.400', unit: 'ms', median: median(ended), p99: percentile(ended, 0.99), baseline: median(killed), goal });
}

/** A bare cgroup with as many processes; gives back what ends them: the kill, and a look at the kernel's word until it is empty. */
async function crowdOutside(seat: Seat): Promise<() => Promise<void>> {
  const group: Cgroup = await makeCgroup(await bareGroup(), '');
  // Not the user of sessions: each has that one to itself, and ends all that is left of it.
  const { uid, gid } = seat.ui;
  const child = spawn(SHELL, ['-c', `read -r go; ${CROWD}`], { uid, gid, stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  await enterCgroup(group, child.pid ?? 0);
  child.stdin.end('go\n');
  await once(child, 'exit');
  await until(async () => (await livingProcesses(group)).length === PROCESSES);
  return async () => {
    writeFileSync(join(group.path, 'cgroup.kill'), '1');
    while (!/^populated 0$/mu.test(readFileSync(join(group.path, 'cgroup.events'), 'utf8'))) await sleep(0);
  };
}

const bareGroup = async (): Promise<string> => join((await cgroupMount()) ?? '', `wardlock-bench-${process.pid}`);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

export const run: BenchSuite['run'] = async ({ say }) => {
  if (process.geteuid?.() !== 0) throw new Error('This suite needs root on Linux: there is no session to measure without it.');
  say('Opening a seat with throw-away users.');
  const seat = await openSeat();
  try {
    seat.launcher.openSession({ sessionId: SESSION });
    say(`Running ${EXECS} programs, ${EXEC_ROUNDS} times inside and outside.`);
    const exec = await measureExec(seat);
    say('The same under fapolicyd, unpacked from its Debian package.');
    const fapolicyd = await measureFapolicyd(EXECS).then(
      (row) => [row],
      (error: unknown) => {
        say(`No column for fapolicyd: ${String(error)}`);
        return [];
      },
    );
    say(`Launching ${LAUNCHES} times through an agent.`);
    const launch = await measureLaunch();
    say(`Ending ${PROCESSES} processes, ${END_ROUNDS} times.`);
    const end = await measureEnd(seat);
    say('Deciding about 1,000 applications.');
    const decide = measureDecide();
    say('Compiling 10,000 rules for other engines.');
    return [exec, ...fapolicyd, launch, end, ...decide, measureCompile()];
  } finally {
    await seat.close();
  }
};
