/**
 * The seat's figures in real Electron: how soon somebody is at work, how soon nobody sees it any more, what a storm of taps and
 * a night of waiting cost. Times are the software's part, at the 95th percentile, each against a bare round trip of the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clinic, openClinic } from '../../demo/clinic.ts';
import { BENEATH, xorgWithOutputs } from '../support/outputs.ts';
import { measureIdle, measureStorm } from './support/endurance.ts';
import { measureLock } from './support/lock-time.ts';
import { type BenchOptions, type BenchRow, judge, median, percentile } from './support/row.ts';
import { startSignal } from './support/signal.ts';
import { measureGrace, measurePin, measureTapOver, openWork, type Timed } from './support/taps.ts';

const RUNS = 200;
const QUICK_RUNS = 20;
const STORM_SECONDS = 60;
const QUICK_STORM_SECONDS = 10;
const IDLE_SECONDS = 60;
const QUICK_IDLE_SECONDS = 15;
/** Nobody moves while it is measured; the seat must not warn meanwhile. */
const NO_WARNING_SECONDS = 900;
const MS_PER_SECOND = 1_000;
const P95 = 0.95;
const P99 = 0.99;

export async function run({ say, quick }: BenchOptions): Promise<readonly BenchRow[]> {
  const runs = quick ? QUICK_RUNS : RUNS;
  const severalOutputs = process.getuid?.() === 0;
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-bench-'));
  const signal = await startSignal(BENEATH);
  let clinic: Clinic | undefined;
  try {
    clinic = await openClinic({
      stateDir: folder,
      progress: {
        step(title, work) {
          say(title);
          return work();
        },
        note: say,
      },
      warnAfterSeconds: NO_WARNING_SECONDS,
      display: { kind: 'memory', width: 1280, height: 800, ...(severalOutputs ? { server: xorgWithOutputs } : {}) },
    });
    const work = await openWork(clinic, signal, severalOutputs);
    try {
      say(`pin: ${runs} sign-ins with badge and PIN, in turn with a bare Electron`);
      const pin = timed('pin', 4, await measurePin(work, runs));
      await work.allowBadgeAlone();
      say(`tap.grace: ${runs} sign-ins by the badge alone`);
      const grace = timed('tap.grace', 4, await measureGrace(work, runs));
      say(`tap.over: ${runs} times another person taps`);
      const over = timed('tap.over', 6, await measureTapOver(work, runs));
      say(`lock: ${runs} locks, seen from outside on ${severalOutputs ? 'two displays' : 'one display: a second one needs root'}`);
      const lock = timed('lock', 3, await measureLock(work, runs));
      const stormSeconds = quick ? QUICK_STORM_SECONDS : STORM_SECONDS;
      say(`storm: 50 taps a second for ${stormSeconds} s`);
      const storm = await measureStorm(work, stormSeconds);
      const idleSeconds = quick ? QUICK_IDLE_SECONDS : IDLE_SECONDS;
      say(`idle.memory, idle.cpu: nothing happens for ${idleSeconds} s`);
      const idle = await measureIdle(work, idleSeconds);
      return [
        grace,
        over,
        pin,
        lock,
        judge({
          id: 'storm',
          unit: 'MB',
          median: storm.after,
          baseline: storm.before,
          goal: { is: 'at most', value: 1.1, of: 'ratio' },
        }),
        judge({
          id: 'idle.memory',
          unit: 'MB',
          median: idle.memory,
          baseline: idle.bareMemory,
          goal: { is: 'at most', value: 1.3, of: 'ratio' },
        }),
        judge({ id: 'idle.cpu', unit: '%', median: idle.cpuPercent, goal: { is: 'at most', value: 1, of: 'median' } }),
      ];
    } finally {
      await work.close();
    }
  } finally {
    await clinic?.close();
    await signal.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function timed(id: string, goal: number, { times, bare }: Timed): BenchRow {
  return judge({
    id,
    unit: 's',
    median: median(times) / MS_PER_SECOND,
    p95: percentile(times, P95) / MS_PER_SECOND,
    p99: percentile(times, P99) / MS_PER_SECOND,
    baseline: percentile(bare, P95) / MS_PER_SECOND,
    goal: { is: 'at most', value: goal, of: 'p95 ratio' },
  });
}
