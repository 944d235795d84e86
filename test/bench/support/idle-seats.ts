/**
 * Seats that are connected and have nothing to say: each with its own key and certificate, one mutual-TLS connection and a
 * long poll open on it, as a real seat has. They live in processes of their own, so that only the server's memory counts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { processUsage } from '../../../cli/sim/process-usage.ts';
import { formatVerifierKey, NOTE_ED25519 } from '../../../core/audit/index.ts';
import { workstationIdOf } from '../../../crypto/enrolment.ts';
import { nodeCrypto } from '../../../crypto/index.ts';
import { openSite } from '../../../server/compose.ts';
import type { BenchSite } from './bench-site.ts';

const PROCESSES = 2;
const ROWS_AT_ONCE = 500;
const SETTLE_MS = 10_000;
const SAMPLES = 10;
const SAMPLE_MS = 1000;
const program = resolve(import.meta.dirname, 'idle-seats-program.ts');

export interface IdleIdentity {
  readonly key: string;
  readonly certificate: string;
}

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

/** Straight into the database: an enrolment each would be three handshakes more, and none of them is measured. */
async function makeSeats({ server, database }: BenchSite, count: number): Promise<IdleIdentity[]> {
  const site = await openSite({ stateFolder: server.state, database, tenant: null });
  try {
    const { db } = site.store;
    await db
      .insertInto('wards')
      .values({ id: 'idle', name: 'Idle' })
      .onConflict((c) => c.doNothing())
      .execute();
    const identities: IdleIdentity[] = [];
    for (let from = 0; from < count; from += ROWS_AT_ONCE) {
      const made: Awaited<ReturnType<typeof makeSeat>>[] = [];
      for (let at = from; at < Math.min(count, from + ROWS_AT_ONCE); at += 1) made.push(await makeSeat(site, at));
      await db.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('seats')
          .values(made.map(({ seat }) => seat))
          .execute();
        await transaction
          .insertInto('seat_certificates')
          .values(made.map(({ row }) => row))
          .execute();
      });
      identities.push(...made.map(({ identity }) => identity));
    }
    return identities;
  } finally {
    await site.close();
  }
}

async function makeSeat({ authority, tenant, now }: Awaited<ReturnType<typeof openSite>>, at: number) {
  const signer = nodeCrypto.signer(nodeCrypto.random(32));
  const workstation_id = workstationIdOf(signer.publicKey);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeySpki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const certificate = await authority.certifySeat({ publicKeySpki, tenant, workstationId: workstation_id, now: now() });
  const log_key = formatVerifierKey(nodeCrypto, {
    name: `wardlock/seat/${workstation_id}`,
    type: NOTE_ED25519,
    publicKey: signer.publicKey,
  });
  const names = { name: `Idle ${at}`, ward_id: 'idle', machine_id_sha256: randomBytes(32).toString('hex'), os: '{}' };
  const sealing_key = Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
  return {
    identity: { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: certificate.pem },
    seat: { workstation_id, ...names, enrolled_at: now(), log_key, sealing_key, revoked_at: null, last_seen_at: null },
    row: { workstation_id, fingerprint_sha256: certificate.fingerprintSha256, issued_at: now(), not_after: certificate.notAfter },
  };
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
