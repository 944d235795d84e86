/**
 * Seats that are connected and have nothing to say: each with its own keys and certificate, either with a long poll open and nothing
 * else, or with all the lanes of a real syncer. They live in processes of their own, so that only the server's memory and processor
 * time count.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { processUsage } from '../../../cli/sim/process-usage.ts';
import { openSite, type Site } from '../../../server/compose.ts';
import { seedSeats } from '../../support/seeded-seats.ts';
import type { BenchSite } from './bench-site.ts';
import type { IdleSeats } from './idle-lanes-program.ts';

const PROCESSES = 2;
const SAMPLE_MS = 1000;
/** Ten thousand handshakes on a busy machine. */
const CONNECT_LIMIT_MS = 900_000;
/** A hospital's: 2,000 people, 50 a ward. */
const WARDS = 40;
const PEOPLE_OF_A_WARD = 50;
/** Of a server, for everything but seats. */
const OTHER_FILES = 500;

/** What each seat does while it is idle. */
export interface IdleKind {
  readonly id: string;
  readonly program: string;
  readonly connections: number;
  readonly settleMs: number;
  readonly samples: number;
}

export const idleKinds = {
  polls: { id: 'seats.idle', program: 'idle-polls-program.ts', connections: 1, settleMs: 10_000, samples: 10 },
  /** Each lane has had several turns: the longest pause of one is a minute, but for people, who are asked for every few. */
  lanes: { id: 'seats.lanes', program: 'idle-lanes-program.ts', connections: 2, settleMs: 120_000, samples: 120 },
} as const satisfies Record<string, IdleKind>;

export interface IdleUsage {
  /** How many seats there were. */
  readonly seats: number;
  /** Resident megabytes (2^20) of the server before the first seat came, and with all of them connected. */
  readonly beforeMiB: number;
  readonly samplesMiB: readonly number[];
  /** Processor time of the server in each second of the look, in percent of one core. */
  readonly samplesCpu: readonly number[];
}

export async function measureIdleSeats(site: BenchSite, kind: IdleKind, wanted: number, say: (text: string) => void): Promise<IdleUsage> {
  const { id, connections, settleMs, samples } = kind;
  const program = resolve(import.meta.dirname, kind.program);
  const usage = processUsage(site.server.ready.pid);
  const beforeMiB = usage().mib;
  const seats = Math.min(wanted, Math.floor((openFilesOf(site.server.ready.pid) - OTHER_FILES) / connections));
  if (seats < wanted) say(`${id}: this machine lets the server have connections for ${seats} seats, not for ${wanted}`);
  say(`${id}: making ${seats} seats`);
  const made = await makeSeats(site, seats);
  const children: ChildProcess[] = [];
  try {
    const share = Math.ceil(seats / PROCESSES);
    await Promise.all(
      Array.from({ length: PROCESSES }, async (_, at) => {
        const file = join(site.folder, `idle-${at}.json`);
        await writeFile(file, JSON.stringify({ ...made, seats: made.seats.slice(at * share, (at + 1) * share) }), { mode: 0o600 });
        const child = fork(program, [site.server.ready.seats, site.server.ready.ca, file], {
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        });
        children.push(child);
        await allConnected(child);
      }),
    );
    say(`${id}: ${seats} seats are connected; looking at the server for ${(settleMs + samples * SAMPLE_MS) / 1000} s`);
    await pause(settleMs);
    const samplesMiB: number[] = [];
    const samplesCpu: number[] = [];
    for (let at = 0; at < samples; at += 1) {
      const [from, before] = [performance.now(), usage().cpuSeconds];
      await pause(SAMPLE_MS);
      const { mib, cpuSeconds } = usage();
      samplesMiB.push(mib);
      samplesCpu.push(((cpuSeconds - before) * 100_000) / (performance.now() - from));
    }
    await Promise.all(children.map(allConnected));
    return { seats, beforeMiB, samplesMiB, samplesCpu };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function openFilesOf(pid: number): number {
  return Number(/^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? 0);
}

async function makeSeats({ server, database }: BenchSite, count: number): Promise<IdleSeats> {
  const site = await openSite({ stateFolder: server.state, database, tenant: null });
  try {
    const wards = Array.from({ length: WARDS }, (_, at) => `ward-${at + 1}`);
    await site.staff.put(wards.flatMap(peopleOf));
    const seats = await seedSeats(site, count, wards);
    return {
      site: trustOf(site),
      seats: seats.map(({ identity, logSeed, sealingSeed }) => ({
        ...identity,
        logSeed: base64(logSeed),
        sealingSeed: base64(sealingSeed),
      })),
    };
  } finally {
    await site.close();
  }
}

function peopleOf(ward: string): object[] {
  return Array.from({ length: PEOPLE_OF_A_WARD }, (_, at) => ({
    id: `${ward}.${at}`,
    displayName: `Person ${at} of ${ward}`,
    givenName: 'Person',
    role: 'nurse',
    badges: [`${ward}x${at}`],
    wards: [ward],
  }));
}

function trustOf({ tenant, keys, mirrorKey, witnessKey }: Site): IdleSeats['site'] {
  return { tenant, directoryKey: base64(keys.directory.publicKey), mirrorKey, witnessKey };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

const Said = Type.Object({ connected: Type.Integer(), wanted: Type.Integer() });

/** Asks until all are there: a seat whose request was lost comes back by itself. */
async function allConnected(child: ChildProcess): Promise<void> {
  const { promise, resolve: done, reject: fail } = Promise.withResolvers<void>();
  const ended = (code: number | null): void => fail(new Error(`the idle seats' process ended with ${code}`));
  const hear = (message: unknown): void => {
    const { connected, wanted } = Value.Parse(Said, message);
    if (connected === wanted) done();
  };
  const late = setTimeout(() => fail(new Error('not all idle seats are connected')), CONNECT_LIMIT_MS);
  child.on('message', hear);
  child.once('exit', ended);
  child.send('count');
  try {
    await promise;
  } finally {
    clearTimeout(late);
    child.off('message', hear);
    child.off('exit', ended);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolved) => {
    setTimeout(resolved, ms);
  });
}
