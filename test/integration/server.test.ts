/**
 * A seat's way with a real server process: enrolment over real TLS, staff, policy, entries and receipts, with the real
 * syncer between a real socket and real SQLite.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { withoutEnvelopes } from '../../server/services/envelopes.ts';
import { unpackEntries } from '../../server/services/logs.ts';
import { badgeHmac } from '../../server/services/staff.ts';
import { makeSite } from '../support/new-site.ts';
import { testPolicy } from '../support/policy.ts';
import { type SeatDouble, startSeat } from '../support/seat-double.ts';
import { cli, newToken, rows, type ServerProcess, startServer, until } from '../support/server-process.ts';

let folder: string;
let server: ServerProcess;
let seat: SeatDouble;
const reader = nodeCrypto.random(32);
const escrow = nodeCrypto.random(32);
const keys = { readerPublicKey: nodeCrypto.hpkePublicKey(reader), escrowPublicKey: nodeCrypto.hpkePublicKey(escrow) };
const asBase64 = {
  reader: Buffer.from(keys.readerPublicKey).toString('base64'),
  escrow: Buffer.from(keys.escrowPublicKey).toString('base64'),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-server-'));
  server = await startServer(folder);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function freshSeat(): Promise<SeatDouble> {
  return startSeat(await mkdtemp(join(folder, 'seat-')), keys);
}

/** Asks to enrol as soon as the syncer is there. */
async function enrol(one: SeatDouble, url: string, token: string): Promise<void> {
  await until(() => {
    try {
      one.enrol(url, token);
      return true;
    } catch {
      return false;
    }
  });
}

async function enrolled(one: SeatDouble): Promise<void> {
  await enrol(one, server.ready.seats, await newToken(server.state));
  await until(() => one.enrolment);
}

/** The policy must be newer each time, whatever ran before. */
let version = 0;
async function publish(): Promise<number> {
  version += 1;
  const file = join(folder, `policy-${version}.json`);
  await writeFile(file, JSON.stringify(testPolicy(version, asBase64)));
  await cli(['policy', 'publish', file, '--server', server.ready.console, '--key', join(folder, 'policy.key'), '--ca', server.ready.ca]);
  return version;
}

describe('enrolment', () => {
  beforeEach(async () => {
    seat = await freshSeat();
  });
  afterEach(() => seat.close());

  test('a token enrols one seat, which knows the server before it says anything', async () => {
    await enrolled(seat);
    expect(seat.steps).toEqual(['contacting', 'verifying', 'certifying']);
    expect(seat.enrolment).toMatchObject({
      tenant: 'site',
      seatName: 'Bay 4',
      ward: { id: 'icu', name: 'ICU' },
      workstationId: seat.workstationId,
    });
    const [row] = rows<{ name: string; machine_id_sha256: string }>(
      server.state,
      'select * from seats where workstation_id = ?',
      seat.workstationId,
    );
    expect(row?.name).toBe('Bay 4');
    expect(row?.machine_id_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('the log key of a seat is told by the server, so that nobody has to take it from the seat', async () => {
    await enrolled(seat);
    const [row] = rows<{ log_key: string }>(server.state, 'select log_key from seats where workstation_id = ?', seat.workstationId);
    const logKey = row?.log_key ?? '';
    expect(logKey).toMatch(new RegExp(`^wardlock/seat/${seat.workstationId}\\+`));
    const show = (...args: readonly string[]) => cli(['keys', 'show', '--state', server.state, ...args]);
    for (const called of ['Bay 4', seat.workstationId]) expect(await show('--seat', called)).toContain(`\nseat    ${logKey}\n`);
    // A name is no key: every seat that ever had it is listed, each with its id.
    expect(JSON.parse(await show('--seat', 'Bay 4', '--json')).seats).toContainEqual({
      workstationId: seat.workstationId,
      name: 'Bay 4',
      logKey,
    });
    await expect(show('--seat', 'Bay 5')).rejects.toThrow(/No seat is called Bay 5\. See: seat list \(SERVER_NOT_FOUND\)/);
    expect(await show()).not.toContain('seat/');
  });

  test('a token is spent once: a second seat is refused with a code', async () => {
    const token = await newToken(server.state);
    await enrol(seat, server.ready.seats, token);
    await until(() => seat.enrolment);
    const second = await freshSeat();
    await enrol(second, server.ready.seats, token);
    await until(() => second.steps.includes('failed ENROL_TOKEN_EXPIRED'));
    expect(second.enrolment).toBeNull();
    await second.close();
  });

  test('an expired token is refused with the same code', async () => {
    const made: { token: string } = JSON.parse(
      await cli(['enrol-token', 'new', '--state', server.state, '--seat', 'Bay 9', '--ward', 'icu', '--hours', '0.0000001', '--json']),
    );
    await enrol(seat, server.ready.seats, made.token);
    await until(() => seat.steps.includes('failed ENROL_TOKEN_EXPIRED'));
  });

  test('a token of another server: nothing is sent to this one', async () => {
    const elsewhere = await mkdtemp(join(folder, 'other-'));
    await makeSite(elsewhere);
    const token = await newToken(elsewhere);
    const before = rows<{ n: number }>(server.state, "select count(*) as n from server_events where type = 'peer.refused'")[0]?.n;
    await enrol(seat, server.ready.seats, token);
    await until(() => seat.steps.includes('failed ENROL_WRONG_SERVER'));
    expect(seat.steps).toEqual(['contacting', 'failed ENROL_WRONG_SERVER']);
    expect(rows<{ n: number }>(server.state, "select count(*) as n from server_events where type = 'peer.refused'")[0]?.n).toBe(before);
  });

  test('a mistyped token and a server that is not there are told apart', async () => {
    const token = await newToken(server.state);
    const typo = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
    await enrol(seat, server.ready.seats, typo);
    await until(() => seat.steps.includes('failed ENROL_TOKEN_MALFORMED'));
    const closed = await closedPort();
    await enrol(seat, `https://127.0.0.1:${closed}`, token);
    await until(() => seat.steps.includes('failed SERVER_UNREACHABLE'));
  });
});

describe('staff and policy', () => {
  beforeAll(async () => {
    seat = await freshSeat();
    await enrolled(seat);
  });
  afterAll(() => seat.close());

  test('staff comes signed and sealed, PINs as Argon2id, badges as keyed hashes, and changes arrive', async () => {
    const said = await cli(
      ['staff', 'add', 'n.ada', '--state', server.state, '--name', 'Ada Reyes', '--role', 'nurse', '--badge', '04-a1b2c3', '--pin-stdin'],
      '805917\n',
    );
    expect(said).toBe('n.ada can sign in. Connected seats know it within seconds.\n');
    const directory = await until(() => (seat.directory?.persons.some(({ id }) => id === 'n.ada') ? seat.directory : null));
    const ada = directory.persons.find(({ id }) => id === 'n.ada');
    expect(ada?.badges).toEqual([badgeHmac(Buffer.from(directory.badgeKey, 'base64'), '04A1B2C3')]);
    expect(ada?.pin).toMatchObject({ memoryKiB: 19_456, passes: 2, digits: 6 });
    const stored = await readFile(join(server.state, 'wardlock.db'));
    for (const secret of ['805917', '04A1B2C3', ada?.pin?.output ?? '?']) expect(stored.includes(secret)).toBe(false);
    await cli(['staff', 'add', 'd.ben', '--state', server.state, '--name', 'Ben Ode', '--role', 'doctor', '--ward', 'er']);
    await cli(['staff', 'add', 'n.eve', '--state', server.state, '--name', 'Eve Lin', '--role', 'nurse']);
    await until(() => seat.directory?.persons.some(({ id }) => id === 'n.eve'));
    expect(seat.directory?.persons.map(({ id }) => id)).not.toContain('d.ben');
  });

  test("a badge that is someone else's is refused and names the owner", async () => {
    const adding = cli(['staff', 'add', 'n.eve', '--state', server.state, '--name', 'Eve Lin', '--role', 'nurse', '--badge', '04A1B2C3']);
    await expect(adding).rejects.toThrow(/belongs to n\.ada.*SERVER_BADGE_TAKEN/);
  });

  test('a published policy reaches a connected seat, and the server knows that it was applied', async () => {
    const published = await publish();
    await until(() => seat.policies.includes(published));
    const report = await until(() =>
      rows<{ version: number; outcome: string }>(
        server.state,
        "select * from seat_reports where workstation_id = ? and kind = 'policy'",
        seat.workstationId,
      ).find((row) => row.version === published),
    );
    expect(report.outcome).toBe('applied');
  });

  test('what the seat refuses is reported with its code and not sent again', async () => {
    seat.refusePolicies = 'POLICY_MALFORMED';
    const published = await publish();
    await until(
      () =>
        rows(
          server.state,
          "select * from seat_reports where workstation_id = ? and version = ? and code = 'POLICY_MALFORMED'",
          seat.workstationId,
          published,
        ).length > 0,
    );
    seat.refusePolicies = null;
  });

  test("an older, an unsigned and a foreign policy are refused by name, and each is in the server's own log", async () => {
    const recorded = () =>
      rows<{ body: string }>(server.state, "select body from server_events where type = 'policy.refused' order by seq").map(
        ({ body }): unknown => JSON.parse(body),
      );
    const before = recorded().length;
    const file = join(folder, 'bad.json');
    const args = (key: string): string[] => [
      'policy',
      'publish',
      file,
      '--server',
      server.ready.console,
      '--key',
      join(folder, key),
      '--ca',
      server.ready.ca,
    ];
    await writeFile(file, JSON.stringify(testPolicy(version, asBase64)));
    await expect(cli(args('policy.key'))).rejects.toThrow(/POLICY_OLDER/);
    await writeFile(file, JSON.stringify(testPolicy(version + 1, asBase64)));
    await cli(['keys', 'new', 'policy', '--out', join(folder, 'stranger.key')]);
    await expect(cli(args('stranger.key'))).rejects.toThrow(/POLICY_UNSIGNED/);
    await writeFile(file, JSON.stringify(testPolicy(version + 1, asBase64, { tenant: 'elsewhere' })));
    await expect(cli(args('policy.key'))).rejects.toThrow(/POLICY_WRONG_TENANT/);
    // The command line itself finds that nobody could do anything under it; the server never sees it.
    await writeFile(file, JSON.stringify(testPolicy(version + 1, asBase64, { roles: [] })));
    await expect(cli(args('policy.key'))).rejects.toThrow(/POLICY_EMPTY/);
    expect(recorded().slice(before)).toEqual([
      { code: 'POLICY_OLDER', version, total: 1 },
      { code: 'POLICY_UNSIGNED', version: version + 1, total: 1 },
      { code: 'POLICY_WRONG_TENANT', version: version + 1, total: 1 },
    ]);
  });
});

describe('the log', () => {
  beforeAll(async () => {
    seat = await freshSeat();
    await enrolled(seat);
  });
  afterAll(() => seat.close());

  test('entries of many epochs arrive as they are, verified, and are receipted', async () => {
    for (let epoch = 0; epoch < 4; epoch += 1) {
      seat.append(Array.from({ length: 120 }, (_, at) => ({ type: 'session.warned', body: { session: '0'.repeat(32), idleSeconds: at } })));
      seat.newEpoch();
    }
    seat.append([{ type: 'session.warned', body: { session: '0'.repeat(32), idleSeconds: 1 } }]);
    await until(() => seat.receiptedSize === seat.size);
    const segments = rows<{ start: number; entries: Uint8Array }>(
      server.state,
      'select * from segments where workstation_id = ? order by start',
      seat.workstationId,
    );
    const stored = segments.flatMap(({ entries }) => unpackEntries(entries));
    expect(stored.length).toBe(seat.size);
    expect(stored.every((entry, at) => Buffer.from(entry).equals(withoutEnvelopes(seat.entry(at))))).toBe(true);
    expect(seat.incidents).toEqual([]);
    expect(rows(server.state, 'select * from alarms where workstation_id = ?', seat.workstationId)).toEqual([]);
  });

  test('kill -9 of the server in mid-upload: it comes back, nothing is lost and nothing is there twice', async () => {
    const port = Number(new URL(server.ready.seats).port);
    const writing = setInterval(() => seat.append([{ type: 'session.warned', body: { session: '1'.repeat(32), idleSeconds: 2 } }]), 5);
    await until(() => seat.receiptedSize > 500);
    await server.stop('SIGKILL');
    await until(() => seat.connections.at(-1) === 'offline');
    server = await startServer(folder, { seatsPort: port });
    await until(() => seat.connections.at(-1) === 'online');
    clearInterval(writing);
    await until(() => seat.receiptedSize === seat.size);
    const segments = rows<{ start: number; count: number; entries: Uint8Array }>(
      server.state,
      'select * from segments where workstation_id = ? order by start',
      seat.workstationId,
    );
    let next = 0;
    for (const { start, count, entries } of segments) {
      expect(start).toBe(next);
      expect(unpackEntries(entries).length).toBe(count);
      next += count;
    }
    expect(next).toBe(seat.size);
    expect(seat.incidents).toEqual([]);
  });

  test('fault 53: a revoked seat is refused at once; its own log goes on', async () => {
    await cli(['seat', 'revoke', seat.workstationId, '--state', server.state]);
    const before = seat.receiptedSize;
    seat.append([{ type: 'session.warned', body: { session: '2'.repeat(32), idleSeconds: 2 } }]);
    await until(
      () => rows(server.state, "select * from server_events where type = 'peer.refused' and body like '%SERVER_SEAT_REVOKED%'").length > 0,
    );
    await until(() => seat.incidents.includes('SERVER_SEAT_REVOKED'));
    expect(seat.receiptedSize).toBe(before);
    expect(seat.size).toBe(before + 1);
  });
});

async function closedPort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => {
    probe.listen(0, '127.0.0.1', done);
  });
  const address = probe.address();
  await new Promise((done) => {
    probe.close(done);
  });
  return typeof address === 'object' && address !== null ? address.port : 1;
}
