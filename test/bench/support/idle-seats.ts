/**
 * Seats that are connected and have nothing to say: each with its own key and certificate, one mutual-TLS connection and a
 * long poll open on it, as a real seat has. They live in processes of their own, so that only the server's memory counts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { ClientIdentity } from '../../../agent/syncer/seat-client.ts';
import { processUsage } from '../../../cli/sim/process-usage.ts';
import { openSite } from '../../../server/compose.ts';
import { seedSeats } from '../../support/seeded-seats.ts';
import type { BenchSite } from './bench-site.ts';

const PROCESSES = 2;
const SETTLE_MS = 10_000;
const SAMPLES = 10;
const SAMPLE_MS = 1000;
const program = resolve(import.meta.dirname, 'idle-seats-program.ts');

export interface IdleMemory {
  /** Resident megabytes (2^20) of the server before the first seat came, and with all of them connected. */
  readonly beforeMiB: number;
  readonly samplesMiB: readonly number[];
}

export async function measureIdleSeats(site: BenchSite, count: number, say: (text: string) => void): Promise<IdleMemory> {
  const usage = processUsage(site.server.ready.pid);
  const beforeMiB = usage().mib;
  say(`seats.idle: making ${count} seats`);
  const identities = await makeSeats(site, count);
  const children: ChildProcess[] = [];
  try {
    const share = Math.ceil(count / PROCESSES);
    await Promise.all(
      Array.from({ length: PROCESSES }, async (_, at) => {
        const file = join(site.folder, `idle-${at}.json`);
        await writeFile(file, JSON.stringify(identities.slice(at * share, (at + 1) * share)));
        const child = fork(program, [site.server.ready.seats, site.server.ready.ca, file], {
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        });
        children.push(child);
        await allConnected(child);
      }),
    );
    say(`seats.idle: ${count} seats are connected; looking at the server for ${(SETTLE_MS + SAMPLES * SAMPLE_MS) / 1000} s`);
    await pause(SETTLE_MS);
    const samplesMiB: number[] = [];
    for (let at = 0; at < SAMPLES; at += 1) {
      await pause(SAMPLE_MS);
      samplesMiB.push(usage().mib);
    }
    await Promise.all(children.map(stillConnected));
    return { beforeMiB, samplesMiB };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

async function makeSeats({ server, database }: BenchSite, count: number): Promise<ClientIdentity[]> {
  const site = await openSite({ stateFolder: server.state, database, tenant: null });
  try {
    return (await seedSeats(site, count)).map(({ identity }) => identity);
  } finally {
    await site.close();
  }
}

const Said = Type.Object({ connected: Type.Integer(), lost: Type.Integer(), wanted: Type.Integer() });

function allConnected(child: ChildProcess): Promise<void> {
  return told(child, ({ connected, wanted }) => connected === wanted);
}

async function stillConnected(child: ChildProcess): Promise<void> {
  child.send('count');
  await told(child, () => true);
}

/** Waits for word from the seats. @throws Error when one of them lost its connection */
function told(child: ChildProcess, enough: (said: { connected: number; lost: number; wanted: number }) => boolean): Promise<void> {
  const { promise, resolve: done, reject: fail } = Promise.withResolvers<void>();
  const ended = (code: number | null): void => fail(new Error(`the idle seats' process ended with ${code}`));
  const hear = (message: unknown): void => {
    const said = Value.Parse(Said, message);
    if (said.lost > 0) fail(new Error(`${said.lost} idle seats lost their connection`));
    else if (enough(said)) done();
  };
  child.on('message', hear);
  child.once('exit', ended);
  return promise.finally(() => {
    child.off('message', hear);
    child.off('exit', ended);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolved) => {
    setTimeout(resolved, ms);
  });
}
