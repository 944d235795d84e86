/**
 * An outage of a whole fleet in compressed time, played by `sim seats` in a process of its own against a real server. It owns
 * the size of the fleet; what was lost and doubled is what the command counted in the server's database.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { BenchSite } from './bench-site.ts';

const program = resolve(import.meta.dirname, '../../../cli/main.ts');

export interface OutagePlan {
  readonly seats: number;
  /** Simulated seconds in a real one. */
  readonly speed: number;
  readonly minutes: number;
  readonly outageMinutes: number;
}

/** Events a second of each seat: 5,000 in a day. */
const RATE = 5000 / 86_400;
const SECONDS_PER_MINUTE = 60;

const Result = Type.Object({
  seats: Type.Integer(),
  events: Type.Integer(),
  lost: Type.Integer(),
  twice: Type.Integer(),
  unacknowledged: Type.Integer(),
  refused: Type.Integer(),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
  steadyPerSecond: Type.Number(),
  steadyRefused: Type.Number(),
  peakPerSecond: Type.Number(),
  serverPeakMiB: Type.Integer(),
  serverCpuSeconds: Type.Number(),
});
export type OutageResult = Static<typeof Result>;

export async function measureOutage(site: BenchSite, plan: OutagePlan, say: (text: string) => void): Promise<OutageResult> {
  const { ready, state } = site.server;
  const flags = {
    server: ready.seats,
    state,
    count: plan.seats,
    rate: RATE,
    minutes: plan.minutes,
    outage: plan.outageMinutes * SECONDS_PER_MINUTE,
    speed: plan.speed,
    pid: ready.pid,
    ...(site.database === null ? {} : { database: site.database }),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [program, 'sim', 'seats', ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    for (const line of chunk.trimEnd().split('\n')) say(`outage: ${line}`);
  });
  await new Promise((done) => child.once('close', done));
  return Value.Parse(Result, JSON.parse(text));
}
