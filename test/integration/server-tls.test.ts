/**
 * Whose connection the server takes, against a real process over real TLS: missing, foreign, expired and revoked certificates,
 * old TLS, what is no HTTP. Each is refused, recorded with its own reason, and counted. The database knows the forged
 * certificates' fingerprints, as a thief of it would have it: what refuses them is their signature and their end.
 */
import { createPublicKey } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKeyRequest } from '../../agent/syncer/identity.ts';
import { type ClientIdentity, jsonBody, openSeatClient, type SeatAnswer } from '../../agent/syncer/seat-client.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { type Authority, openAuthority } from '../../server/site/authority.ts';
import { codeOf, FaultServer } from '../support/fault-server.ts';
import { cli, startServer, until } from '../support/server-process.ts';

const DAY_MS = 86_400_000;
const AGO_MS = 100 * DAY_MS;

let server: FaultServer;
let seat: SimSeat;
let own: Authority;
let foreign: Authority;

beforeAll(async () => {
  server = await FaultServer.start();
  seat = await server.newSeat();
  own = (await openAuthority(server.state, 'site', Date.now())).authority;
  foreign = (await openAuthority(join(server.folder, 'foreign-ca'), 'site', Date.now() - AGO_MS)).authority;
});
afterAll(async () => {
  seat.client.close();
  await server.end();
});

/** A certificate for the seat by some authority, and a row of the database that says it was issued here. */
async function certified(authority: Authority, issuedAt: number, stored = true): Promise<ClientIdentity> {
  const { keyPem } = await newKeyRequest();
  const publicKeySpki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
  const { workstationId } = seat;
  const { pem, fingerprintSha256, notAfter } = await authority.certifySeat({
    publicKeySpki,
    tenant: 'site',
    workstationId,
    now: issuedAt,
  });
  if (stored) change('insert into seat_certificates values (?, ?, ?, ?)', workstationId, fingerprintSha256, issuedAt, notAfter);
  return { key: keyPem, certificate: pem };
}

function change(sql: string, ...values: readonly (string | number)[]): void {
  const database = new Database(join(server.state, 'wardlock.db'), { timeout: 10_000 });
  try {
    database.prepare(sql).run(...values);
  } finally {
    database.close();
  }
}

async function as(identity: ClientIdentity | null, what: 'updates' | 'renew' = 'updates'): Promise<SeatAnswer> {
  const client = openSeatClient(server.ready.seats, seat.enrolment.ca, identity);
  const csr = (await newKeyRequest()).csr.toString('base64');
  try {
    return await client.call(
      what === 'renew'
        ? { method: 'POST', path: seatPaths.renew, ...jsonBody({ csr }) }
        : { method: 'GET', path: `${seatPaths.updates}?policy=0&directory=0&wait=0` },
    );
  } finally {
    client.close();
  }
}

/** How often the server says that it refused a peer for this reason. */
async function counted(reason: string): Promise<number> {
  const client = openSeatClient(server.ready.console, seat.enrolment.ca, null);
  try {
    const { body } = await client.call({ method: 'GET', path: '/metrics' });
    return Number(new RegExp(`wardlock_refused_peers{code="${reason}"} (\\d+)`).exec(body.toString('utf8'))?.[1] ?? 0);
  } finally {
    client.close();
  }
}

/** Resolves when the server's log holds a refusal for this reason. */
function recorded(reason: string): Promise<unknown> {
  return until(() =>
    server
      .rows<{ body: string }>("select body from server_events where type = 'peer.refused'")
      .find(({ body }) => JSON.parse(body).reason === reason),
  );
}

async function refused(ask: () => Promise<SeatAnswer>, status: number, code: string, reason: string): Promise<void> {
  const before = await counted(reason);
  const { status: found, body } = await ask();
  expect([found, JSON.parse(body.toString('utf8')).code]).toEqual([status, code]);
  await recorded(reason);
  expect(await counted(reason)).toBe(before + 1);
}

describe('certificates of seats: each is refused with a code, recorded with its reason, and counted', () => {
  test('none', async () => {
    await refused(() => as(null), 401, 'SERVER_SEAT_UNKNOWN', 'NO_CLIENT_CERTIFICATE');
    await refused(() => as(null, 'renew'), 401, 'SERVER_SEAT_UNKNOWN', 'NO_CLIENT_CERTIFICATE');
  });

  test('of another authority, although its fingerprint is known here', async () => {
    await refused(async () => as(await certified(foreign, Date.now())), 401, 'SERVER_SEAT_UNKNOWN', 'CERT_SIGNATURE_FAILURE');
  });

  test('of another authority and expired: OpenSSL tells the end only, and it opens no renewal', async () => {
    await refused(async () => as(await certified(foreign, Date.now() - AGO_MS), 'renew'), 401, 'SERVER_SEAT_UNKNOWN', 'CERT_UNVERIFIED');
  });

  test('of this authority, and never issued to a seat', async () => {
    await refused(async () => as(await certified(own, Date.now(), false)), 401, 'SERVER_SEAT_UNKNOWN', 'SERVER_SEAT_UNKNOWN');
    await refused(
      async () => as(await certified(own, Date.now() - AGO_MS, false), 'renew'),
      401,
      'SERVER_SEAT_UNKNOWN',
      'SERVER_SEAT_UNKNOWN',
    );
  });

  test('expired: told from a stranger, and good for a renewal alone', async () => {
    const expired = await certified(own, Date.now() - AGO_MS);
    await refused(() => as(expired), 401, 'SERVER_SEAT_EXPIRED', 'SERVER_SEAT_EXPIRED');
    expect((await as(expired, 'renew')).status).toBe(200);
    const [event] = server.rows<{ actor: string; body: string }>("select * from server_events where type = 'seat.renewed'");
    expect(event?.actor).toBe(seat.workstationId);
    expect(JSON.parse(event?.body ?? '')).toMatchObject({ ended: true });
  });

  test('expired more than two years ago: enrolled anew by somebody who stands before it', async () => {
    const ancient = await certified(own, Date.now() - 900 * DAY_MS);
    await refused(() => as(ancient, 'renew'), 401, 'SERVER_SEAT_EXPIRED', 'SERVER_SEAT_EXPIRED');
  });

  test('revoked, whether expired or not', async () => {
    const gone = await server.newSeat();
    await cli(['seat', 'revoke', gone.workstationId, '--state', server.state]);
    await refused(() => as(gone.identity), 403, 'SERVER_SEAT_REVOKED', 'SERVER_SEAT_REVOKED');
    await refused(() => as(gone.identity, 'renew'), 403, 'SERVER_SEAT_REVOKED', 'SERVER_SEAT_REVOKED');
    change('update seat_certificates set not_after = 1 where workstation_id = ?', gone.workstationId);
    await refused(() => as(gone.identity), 403, 'SERVER_SEAT_REVOKED', 'SERVER_SEAT_REVOKED');
    gone.client.close();
  });
});

test('a certificate that ends while its connection is open is refused on that connection', async () => {
  const one = await server.newSeat();
  one.append(2);
  expect((await one.put(one.batch(0, 1))).status).toBe(200);
  change('update seat_certificates set not_after = 1000 where workstation_id = ?', one.workstationId);
  const answer = await one.put(one.batch(1, 1));
  expect([answer.status, codeOf(answer)]).toEqual([401, 'SERVER_SEAT_EXPIRED']);
  one.client.close();
});

test('renewals of one seat are slowed down, what it no longer needs goes, and what it asks with stays', async () => {
  const one = await server.newSeat();
  const known = () =>
    server.rows<{ issued_at: number }>('select * from seat_certificates where workstation_id = ? order by issued_at', one.workstationId);
  const renew = async (): Promise<SeatAnswer> => {
    const csr = (await newKeyRequest()).csr.toString('base64');
    return one.client.call({ method: 'POST', path: seatPaths.renew, ...jsonBody({ csr }) });
  };
  const anHourPasses = (): void =>
    change('update seat_certificates set issued_at = issued_at - 3600001 where workstation_id = ?', one.workstationId);
  const statuses: number[] = [];
  for (let hour = 0; hour < 4; hour += 1) {
    let answer = await renew();
    for (; answer.status === 200; answer = await renew()) statuses.push(answer.status);
    expect([answer.status, codeOf(answer)]).toEqual([429, 'SERVER_TOO_MANY']);
    expect(answer.retryAfterMs).toBeGreaterThan(0);
    anHourPasses();
  }
  expect(statuses.length).toBeGreaterThan(10);
  // All of them were asked for with the first one, as if every answer had been lost.
  expect(known().length).toBe(8);
  expect((await renew()).status).toBe(200);
  one.client.close();
});

describe('old TLS', () => {
  async function tries(url: string, version: 'TLSv1.1' | 'TLSv1.2'): Promise<'connected' | 'refused'> {
    const { hostname, port } = new URL(url);
    const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const socket = connect({ host: hostname, port: Number(port), ...versions, rejectUnauthorized: false });
    try {
      return await new Promise((done) => {
        socket.once('secureConnect', () => done('connected'));
        socket.once('error', () => done('refused'));
      });
    } finally {
      socket.destroy();
    }
  }

  test('TLS 1.1 and 1.2 do not get through to the seats, 1.1 not to the console; that is recorded and counted', async () => {
    const reason = 'ERR_SSL_UNSUPPORTED_PROTOCOL';
    const [before, { seats, console: people }] = [await counted(reason), server.ready];
    for (const version of ['TLSv1.1', 'TLSv1.2'] as const) expect(await tries(seats, version)).toBe('refused');
    await recorded(reason);
    await until(async () => (await counted(reason)) === before + 2);
    expect(await tries(people, 'TLSv1.1')).toBe('refused');
    await until(async () => (await counted(reason)) === before + 3);
    expect(await tries(people, 'TLSv1.2')).toBe('connected');
  });
});

describe('what is no HTTP request is answered with a code, recorded, counted and cut off, on both listeners', () => {
  const broken = [
    ['nonsense', 'NONSENSE\r\n\r\n', 400, 'HTTP_MALFORMED'],
    ['two lengths', 'POST /v1/enrol HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400, 'HTTP_MALFORMED'],
    ['headers without an end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(40_000)}`, 431, 'HTTP_HEADERS_TOO_LARGE'],
  ] as const;

  /** All that the server says until it hangs up. */
  async function say(url: string, text: string): Promise<string> {
    const { hostname, port } = new URL(url);
    const socket: TLSSocket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    let heard = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    // A peer that still sends may see the connection reset after the answer.
    socket.on('error', () => undefined);
    socket.once('secureConnect', () => socket.write(text));
    await new Promise<void>((done) => {
      socket.once('close', () => done());
    });
    return heard;
  }

  test.each(broken)('%s', async (_what, text, status, reason) => {
    for (const url of [server.ready.seats, server.ready.console]) {
      const before = await counted(reason);
      const heard = await say(url, text);
      const [head = '', body = ''] = heard.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(JSON.parse(body)).toEqual({ code: 'SERVER_REQUEST_MALFORMED', message: expect.stringMatching(/^[A-Z].*\.$/) });
      expect(heard).not.toMatch(/HPE_|Parse Error|\bat .+:\d+/);
      await recorded(reason);
      expect(await counted(reason)).toBe(before + 1);
    }
  });
});

describe("the console's certificate from files", () => {
  test('one without the other, and files that do not fit, are refused in plain words', async () => {
    const { certificate } = await own.serverIdentity('console-files', ['127.0.0.1'], Date.now());
    const files = {
      cert: join(server.folder, 'console.pem'),
      other: join(server.folder, 'other.key'),
    };
    writeFileSync(files.cert, certificate);
    writeFileSync(files.other, (await newKeyRequest()).keyPem);
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-files-'));
    const start = async (...more: string[]): Promise<string> => {
      const failed = await startServer(folder, { more }).then((process) => process.stop().then(() => 'started'), String);
      expect(existsSync(join(folder, 'server'))).toBe(false);
      return failed;
    };
    expect(await start('--console-cert', files.cert)).toMatch(/START_USAGE.*--console-cert needs --console-key beside it/s);
    expect(await start('--console-cert', files.cert, '--console-key', files.other)).toMatch(/START_USAGE.*does not belong to/s);
    await rm(folder, { recursive: true, force: true });
  });
});
