/**
 * `sim seats`: a number of simulated seats against a server on this machine, each with its own keys, connection and real
 * wire bytes. It says what was lost and what is there twice by reading the server's database, not by trusting itself.
 */
import type { Command } from 'commander';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';
import { runFleet } from './sim/fleet.ts';
import { judgeStored } from './sim/judge.ts';
import { openNetwork } from './sim/network.ts';
import { planOutage } from './sim/outage-plan.ts';
import { processUsage } from './sim/process-usage.ts';
import { trafficSummary } from './sim/report.ts';
import { enrolSimSeat, type SimSeat } from './sim/seat.ts';
import { listenerOn, startOf } from './sim/server-process.ts';

interface SimFlags extends Omit<SiteFlags, 'state'> {
  readonly state?: string;
  readonly server: string;
  readonly count: string;
  readonly wards: string;
  readonly rate: string;
  readonly signIns: string;
  readonly minutes: string;
  readonly outage: string;
  readonly speed: string;
  readonly pid?: string;
  readonly json?: boolean;
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const MOST_SEATS = 10_000;
const MOST_MINUTES = 1440;
const MOST_RATE = 1000;
const MOST_SIGN_INS = 3600;
const MOST_SPEED = 100;
const MOST_OUTAGE_SECONDS = 86_400;
const MOST_PID = 2 ** 22;
const HTTPS_PORT = 443;
const TOKEN_LIFE_MS = 3_600_000;
/** Enrolments in hand: each is three handshakes. */
const AT_ONCE = 8;
const SAY_EVERY = 200;

export function register(program: Command): void {
  group(program, 'sim', 'simulated load, for tests')
    .command('seats')
    .description(
      'simulate seats that record, anchor and upload with the lanes of the real syncer; loopback only. Exit code 1 when an entry was lost or is stored twice.',
    )
    .requiredOption('--server <url>', "the seats' address of a server on this machine")
    .option(
      '--state <dir>',
      `the folder that this server was started with as --state: the tokens that simulated seats enrol with are made there, and in the end its database is read (default: what the command line of the server's process says, else ${DEFAULT_SERVER_STATE})`,
    )
    .option('--database <url>', 'the database that this server was started with as --database (default: as for --state)')
    .option('--count <n>', `seats, at most ${MOST_SEATS}`, '10')
    .option('--wards <n>', 'wards that the seats are spread over: simulated-1, simulated-2 and so on', '1')
    .option('--rate <n>', 'events a second of each seat', '1')
    .option('--sign-ins <n>', "people that come in at each seat in an hour: the site's own who may sign in in its ward and have a PIN", '0')
    .option('--minutes <n>', 'how long', '1')
    .option('--outage <seconds>', 'in the middle of the time all seats lose the network for this long', '0')
    .option('--speed <n>', 'compressed time: how many seconds of rate, minutes, outage, pacing and backoff pass in one real second', '1')
    .option('--pid <n>', "the server's process, whose memory and processor time are printed (default: whatever listens on that port)")
    .option('--json', 'print JSON')
    .action(run);
}

async function run(flags: SimFlags): Promise<void> {
  const count = within(flags.count, '--count', { least: 1, most: MOST_SEATS });
  const minutes = within(flags.minutes, '--minutes', { least: 0.01, most: MOST_MINUTES });
  const outageSeconds = within(flags.outage, '--outage', { least: 0, most: MOST_OUTAGE_SECONDS });
  const plan = {
    server: flags.server,
    minutes,
    outage: planOutage({ minutes, outageSeconds }),
    rate: within(flags.rate, '--rate', { least: 0.001, most: MOST_RATE }),
    signIns: within(flags.signIns, '--sign-ins', { least: 0, most: MOST_SIGN_INS }),
    speed: within(flags.speed, '--speed', { least: 1, most: MOST_SPEED }),
    say: (text: string) => void process.stderr.write(`${text}\n`),
  };
  if (!URL.canParse(flags.server) || !LOOPBACK.has(new URL(flags.server).hostname))
    throw new WardlockError('START_USAGE', 'Simulated seats load this machine only: name a loopback address.');
  const pid = flags.pid === undefined ? listenerOn(portOfUrl(flags.server)) : within(flags.pid, '--pid', { least: 1, most: MOST_PID });
  const server = processUsage(pid);
  const site = siteOf(flags, pid);
  const wards = wardsOf(within(flags.wards, '--wards', { least: 1, most: count }));
  if (plan.signIns > 0) await somebodyIn(wards, site);
  const seats = await enrolAll(flags.server, site, { count, wards, say: plan.say });
  const used = server();
  const began = performance.now();
  const network = openNetwork(plan.speed);
  const end = await runFleet(seats, network, plan);
  const seconds = (performance.now() - began) / 1000;
  const usedAfter = server();
  const stored = await withSite(site, ({ store }) => judgeStored(store.db, seats));
  for (const seat of seats) seat.client.close();
  print(flags, {
    seats: count,
    ...stored,
    unacknowledged: end.unacknowledged,
    signIns: end.signIns,
    ...trafficSummary(network.traffic, end.outage),
    serverPid: pid,
    serverMiB: usedAfter.mib,
    serverPeakMiB: usedAfter.peakMib,
    serverCpuSeconds: round(usedAfter.cpuSeconds - used.cpuSeconds),
    seconds: Math.round(seconds),
    ...end.incidents,
  });
  if (stored.lost > 0 || stored.twice > 0 || end.unacknowledged > 0) process.exitCode = 1;
}

function print(flags: SimFlags, result: Readonly<Record<string, number | null>>): void {
  const lines = Object.entries(result).map(([name, value]) => `${name.padEnd(20)} ${value ?? 'none'}`);
  process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : `${lines.join('\n')}\n`);
}

/** The site of that server: as it was named here, else as its process was started. */
function siteOf(flags: SimFlags, pid: number): SiteFlags {
  const started = startOf(pid);
  const state = flags.state ?? started.state ?? DEFAULT_SERVER_STATE;
  const database = flags.database ?? (flags.state === undefined ? started.database : null);
  return { ...flags, state, ...(database === null ? {} : { database }) };
}

function portOfUrl(server: string): number {
  const { port } = new URL(server);
  return port === '' ? HTTPS_PORT : Number(port);
}

interface Wanted {
  readonly count: number;
  readonly wards: readonly string[];
  readonly say: (text: string) => void;
}

/** @throws WardlockError with what to do, where the tokens are not those of this server */
async function enrolAll(server: string, site: SiteFlags, wanted: Wanted): Promise<SimSeat[]> {
  try {
    return await enrolEach(server, site, wanted);
  } catch (error) {
    if (!isWardlockError(error)) throw error;
    const where = `state folder ${site.state}${site.database === undefined ? '' : ' and the database named beside it'}`;
    throw new WardlockError(
      error.code,
      `The simulated seats could not be enrolled at ${server}. Their tokens are made in the ${where}: name those that this very server was started with by --state and --database, as a user who may read them, and name the address of its listener for seats. What was said: ${error.message}`,
      { cause: error },
    );
  }
}

async function enrolEach(server: string, site: SiteFlags, { count, wards, say }: Wanted): Promise<SimSeat[]> {
  const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;
  const tokens = await withSite(site, async ({ enrolments }) => {
    const made: string[] = [];
    for (let at = 0; at < count; at += 1) {
      const wardId = wards[at % wards.length] ?? '';
      const wanted = { seatName: `Simulated ${at + 1}`, wardId, wardName: wardId, lifeMs: TOKEN_LIFE_MS };
      made.push((await enrolments.makeToken(wanted)).token);
    }
    return made;
  });
  const seats: SimSeat[] = [];
  const enrolRest = async (): Promise<void> => {
    for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
      seats.push(await enrolSimSeat(server, token, recipients));
      if (seats.length % SAY_EVERY === 0) say(`${seats.length} of ${count} seats are enrolled.`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, enrolRest));
  return seats;
}

function wardsOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `simulated-${at + 1}`);
}

/** @throws WardlockError START_USAGE where nobody could come in at a ward's seats: a load without people would pass for one with them */
async function somebodyIn(wards: readonly string[], site: SiteFlags): Promise<void> {
  await withSite(site, async ({ staff }) => {
    for (const ward of wards) {
      if ((await staff.ofWard(ward)).some(({ pin, revoked }) => pin !== null && !revoked)) continue;
      throw new WardlockError(
        'START_USAGE',
        `Nobody can come in at the seats of ward ${ward}: give the site people of that ward with a PIN first (staff add --ward ${ward} --pin-stdin, or staff import).`,
      );
    }
  });
}

function within(text: string, name: string, { least, most }: { readonly least: number; readonly most: number }): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new WardlockError('START_USAGE', `${name} is a number from ${least} to ${most}.`);
  return value;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
