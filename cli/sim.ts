/**
 * `sim seats`: a number of simulated seats against a server on this machine, each with its own keys, connection and real
 * wire bytes. It says what was lost and what is there twice by reading the server's database, not by trusting itself.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readAnswer } from '../agent/syncer/seat-client.ts';
import { EntriesReply } from '../contract/seat-api.ts';
import { WardlockError } from '../core/errors/index.ts';
import { backoffDelay } from '../core/sync/backoff.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';
import { enrolSimSeat, type SimSeat } from './sim/seat.ts';

interface SimFlags extends SiteFlags {
  readonly server: string;
  readonly count: string;
  readonly rate: string;
  readonly minutes: string;
  readonly outage: string;
  readonly pid?: string;
  readonly json?: boolean;
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const MOST_SEATS = 2000;
const MOST_MINUTES = 120;
const TOKEN_LIFE_MS = 3_600_000;
const BATCH = 256;
const TICK_MS = 1000;

export function register(program: Command): void {
  group(program, 'sim', 'simulated load, for tests')
    .command('seats')
    .description('simulate seats that record and sync; loopback only')
    .requiredOption('--server <url>', "the seats' address of a server on this machine")
    .option('--state <dir>', 'state folder of that server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of that server')
    .option('--count <n>', 'seats', '10')
    .option('--rate <n>', 'events a second of each seat', '1')
    .option('--minutes <n>', 'how long', '1')
    .option('--outage <seconds>', 'after a third of the time all seats lose the network for this long', '0')
    .option('--pid <n>', "the server's process, to say what it used")
    .option('--json', 'print JSON')
    .action(run);
}

interface Tally {
  readonly latenciesMs: number[];
  refused: number;
  failed: number;
}

async function run(flags: SimFlags): Promise<void> {
  const count = within(flags.count, '--count', MOST_SEATS);
  const minutes = within(flags.minutes, '--minutes', MOST_MINUTES);
  const rate = within(flags.rate, '--rate', 1000);
  if (!LOOPBACK.has(new URL(flags.server).hostname))
    throw new WardlockError('START_USAGE', 'Simulated seats load this machine only: name a loopback address.');
  const seats = await enrolAll(flags, count);
  const tally: Tally = { latenciesMs: [], refused: 0, failed: 0 };
  const began = performance.now();
  const endAt = began + minutes * 60_000;
  const outage = { from: began + (minutes * 60_000) / 3, ms: Number(flags.outage) * 1000 };
  await Promise.all(seats.map((seat) => live(seat, { rate, endAt, outage, tally })));
  const result = {
    ...(await judge(flags, seats)),
    ...summary(tally),
    ...usageOf(flags.pid),
    seconds: Math.round((performance.now() - began) / 1000),
    seats: count,
  };
  for (const seat of seats) seat.client.close();
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(result)}\n`
      : `${Object.entries(result)
          .map(([name, value]) => `${name.padEnd(16)} ${value}`)
          .join('\n')}\n`,
  );
  if (result.lost > 0 || result.twice > 0) process.exitCode = 1;
}

async function enrolAll(flags: SimFlags, count: number): Promise<SimSeat[]> {
  const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;
  const tokens = await withSite(flags, async (site) => {
    const made: string[] = [];
    for (let at = 0; at < count; at += 1) {
      const wanted = { seatName: `Simulated ${at + 1}`, wardId: 'simulated', wardName: 'Simulated', lifeMs: TOKEN_LIFE_MS };
      made.push((await site.enrolments.makeToken(wanted)).token);
    }
    return made;
  });
  const seats: SimSeat[] = [];
  for (const token of tokens) seats.push(await enrolSimSeat(flags.server, token, recipients));
  return seats;
}

interface Life {
  readonly rate: number;
  readonly endAt: number;
  readonly outage: { readonly from: number; readonly ms: number };
  readonly tally: Tally;
}

/** Records all the time, sends what it may, and stops only when everything is acknowledged. */
async function live(seat: SimSeat, { rate, endAt, outage, tally }: Life): Promise<void> {
  let acknowledged = 0;
  let failures = 0;
  let next = performance.now() + Math.random() * TICK_MS;
  while (performance.now() < endAt || acknowledged < seat.size) {
    await sleep(next - performance.now());
    if (performance.now() < endAt) seat.append(Math.max(1, Math.round((rate * TICK_MS) / 1000)));
    next = performance.now() + TICK_MS;
    const away = performance.now() >= outage.from && performance.now() < outage.from + outage.ms;
    if (away) {
      failures = Math.max(failures, 1);
      continue;
    }
    if (failures > 0) await sleep(backoffDelay(failures, Math.random(), null));
    while (acknowledged < seat.size) {
      const sent = await sendOnce(seat, acknowledged, tally);
      if (sent === null) {
        failures += 1;
        break;
      }
      acknowledged = sent;
      failures = 0;
    }
  }
}

async function sendOnce(seat: SimSeat, start: number, tally: Tally): Promise<number | null> {
  const began = performance.now();
  try {
    const answer = await seat.put(seat.batch(start, BATCH));
    if (answer.status === 429) {
      tally.refused += 1;
      return null;
    }
    const { size } = readAnswer(answer, EntriesReply);
    tally.latenciesMs.push(performance.now() - began);
    return size;
  } catch {
    tally.failed += 1;
    return null;
  }
}

/** Counts in the server's database: what is missing, and what stands there more than once. */
function judge(
  flags: SimFlags,
  seats: readonly SimSeat[],
): Promise<{ readonly events: number; readonly lost: number; readonly twice: number }> {
  return withSite(flags, async ({ store }) => {
    const rows = await store.db
      .selectFrom('segments')
      .select((eb) => ['workstation_id', eb.fn.sum<number>('count').as('entries')])
      .groupBy('workstation_id')
      .execute();
    const held = new Map(rows.map((row) => [row.workstation_id, Number(row.entries)]));
    const events = seats.reduce((sum, seat) => sum + seat.size, 0);
    const lost = seats.reduce((sum, seat) => sum + Math.max(0, seat.size - (held.get(seat.workstationId) ?? 0)), 0);
    const twice = seats.reduce((sum, seat) => sum + Math.max(0, (held.get(seat.workstationId) ?? 0) - seat.size), 0);
    return { events, lost, twice };
  });
}

function summary({ latenciesMs, refused, failed }: Tally) {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { uploads: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), refused, failed };
}

/** Resident memory and processor time of the server, as the kernel counts them (proc(5)). */
function usageOf(pid: string | undefined): { readonly serverMiB?: number; readonly serverCpuSeconds?: number } {
  if (pid === undefined) return {};
  const status = readFileSync(`/proc/${Number(pid)}/status`, 'utf8');
  const stat = readFileSync(`/proc/${Number(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return { serverMiB: Math.round(kib / 1024), serverCpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}

function within(text: string, name: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) throw new WardlockError('START_USAGE', `${name} is a number above 0, at most ${most}.`);
  return value;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
}
