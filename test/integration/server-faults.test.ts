/**
 * The faults of synchronisation, by number, against a real server process over real mutual TLS: what was acknowledged is
 * there once, what was not can be sent again, and whatever does not fit is named and kept.
 */

import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openSeatClient, readAnswer, type SeatAnswer } from '../../agent/syncer/seat-client.ts';
import { enrolSimSeat, type SimSeat } from '../../cli/sim/seat.ts';
import { EntriesReply, seatPaths } from '../../contract/seat-api.ts';
import { parseCheckpoint, parseNote, parseVerifierKey, toHex, verifyCosignature } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openSite } from '../../server/compose.ts';
import { unpackEntries } from '../../server/services/logs.ts';
import { openAuthority } from '../../server/site/authority.ts';
import { rows, type ServerProcess, startServer, until } from '../support/server-process.ts';

let folder: string;
let server: ServerProcess;
let seat: SimSeat;
const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;

async function newSeat(): Promise<SimSeat> {
  const site = await openSite({ stateFolder: server.state, database: null, tenant: null });
  const { token } = await site.enrolments.makeToken({ seatName: 'Bay 4', wardId: 'icu', wardName: 'ICU', lifeMs: 60_000 });
  await site.close();
  return enrolSimSeat(server.ready.seats, token, recipients);
}

/** Sends everything from `start` in batches; answers the size that the server ends up with. */
async function sendAll(one: SimSeat, start = 0): Promise<number> {
  let size = start;
  while (size < one.size) size = readAnswer(await one.put(one.batch(size, 256)), EntriesReply).size;
  return size;
}

function codeOf(answer: SeatAnswer): string {
  const body: { code: string } = JSON.parse(answer.body.toString('utf8'));
  return body.code;
}

function stored(one: SimSeat): Uint8Array[] {
  const segments = rows<{ start: number; entries: Uint8Array }>(
    server.state,
    'select * from segments where workstation_id = ? order by start',
    one.workstationId,
  );
  let next = 0;
  return segments.flatMap(({ start, entries }) => {
    expect(start).toBe(next);
    const unpacked = unpackEntries(entries);
    next += unpacked.length;
    return unpacked;
  });
}

function expectWhole(one: SimSeat, size = one.size): void {
  const entries = stored(one);
  expect(entries.length).toBe(size);
  expect(entries.every((entry, at) => Buffer.from(entry).equals(one.log.entries[at] ?? new Uint8Array()))).toBe(true);
}

const alarms = (one: SimSeat): string[] =>
  rows<{ kind: string }>(server.state, 'select kind from alarms where workstation_id = ?', one.workstationId).map(({ kind }) => kind);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-faults-'));
  server = await startServer(folder);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('entries', () => {
  beforeAll(async () => {
    seat = await newSeat();
    seat.append(50);
  });
  afterEach(() => {
    expect(rows(server.state, 'select * from segments group by workstation_id, incarnation, start having count(*) > 1')).toEqual([]);
  });

  test('fault 39: lost reply: resending gives the same size and no duplicate', async () => {
    await sendAll(seat);
    const lost = new AbortController();
    seat.append(20);
    const batch = seat.batch(51, 100);
    const cut = seat.put(batch, lost.signal);
    await until(() => stored(seat).length === 71);
    lost.abort();
    await cut.catch(() => undefined);
    const again = readAnswer(await seat.put(batch), EntriesReply);
    expect(again.size).toBe(71);
    expect(readAnswer(await seat.put(seat.batch(51, 7)), EntriesReply).size).toBe(71);
    expectWhole(seat);
  });

  test('fault 40: same start, other bytes: 422, evidence kept, alarm raised, what is stored stays', async () => {
    const honest = seat.log;
    seat.append(5);
    const first = seat.log;
    expect((await seat.put(seat.batch(71, 10))).status).toBe(200);
    seat.log = honest;
    seat.append(5);
    const answer = await seat.put(seat.batch(71, 10));
    expect([answer.status, codeOf(answer)]).toEqual([422, 'INTAKE_DIFFERENT_BYTES']);
    expect((await seat.put(seat.batch(71, 10))).status).toBe(422);
    seat.log = first;
    expectWhole(seat);
    expect(
      rows(server.state, "select * from evidence where workstation_id = ? and kind = 'INTAKE_DIFFERENT_BYTES'", seat.workstationId).length,
    ).toBe(1);
    expect(alarms(seat)).toContain('INTAKE_DIFFERENT_BYTES');
  });

  test('fault 41: a gap is answered with the stored size, a reordering is refused, nothing is stored', async () => {
    const one = await newSeat();
    one.append(10);
    await sendAll(one);
    one.append(10);
    const gap = await one.put(one.batch(15, 5));
    expect([gap.status, codeOf(gap)]).toEqual([409, 'INTAKE_SIZE_CONFLICT']);
    expect(JSON.parse(gap.body.toString('utf8'))).toMatchObject({ size: 11 });
    const { entries, ...rest } = one.batch(11, 10);
    const swapped = await one.put({ ...rest, entries: [...entries.slice(1, 2), ...entries.slice(0, 1), ...entries.slice(2)] });
    expect([swapped.status, codeOf(swapped)]).toEqual([422, 'INTAKE_UNVERIFIED']);
    expectWhole(one, 11);
    await sendAll(one, 11);
    expectWhole(one);
  });

  test('fault 42: concurrent uploads of one place with other bytes: exactly one wins; with the same bytes all are welcome', async () => {
    const one = await newSeat();
    one.append(10);
    await sendAll(one);
    const base = one.log;
    const forks = Array.from({ length: 8 }, () => {
      one.log = base;
      one.append(6);
      return { log: one.log, batch: one.batch(11, 6) };
    });
    const answers = await Promise.all(forks.map(({ batch }) => one.put(batch)));
    const winners = answers.flatMap((answer, at) => (answer.status === 200 ? [at] : []));
    expect(winners.length).toBe(1);
    expect(answers.filter(({ status }) => status === 422).length).toBe(7);
    one.log = forks[winners[0] ?? 0]?.log ?? base;
    expectWhole(one);
    one.append(40);
    const same = one.batch(17, 40);
    const twins = await Promise.all(Array.from({ length: 8 }, () => one.put(same)));
    expect(twins.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expectWhole(one);
  });

  test('fault 43: the server is killed again and again in mid-upload: what it acknowledged is there, the rest can be sent', async () => {
    const one = await newSeat();
    const port = Number(new URL(server.ready.seats).port);
    for (let round = 0; round < 5; round += 1) {
      one.append(300);
      let acknowledged =
        rows(server.state, 'select 1 from logs where workstation_id = ?', one.workstationId).length === 0 ? 0 : stored(one).length;
      const sending = (async () => {
        while (acknowledged < one.size) acknowledged = readAnswer(await one.put(one.batch(acknowledged, 16)), EntriesReply).size;
      })().catch(() => undefined);
      await until(() => acknowledged > round * 300 + 20 * round);
      await server.stop('SIGKILL');
      await sending;
      expect(stored(one).length).toBeGreaterThanOrEqual(acknowledged);
      server = await startServer(folder, { seatsPort: port });
      await sendAll(one, stored(one).length);
      expectWhole(one);
    }
    expect(alarms(one)).toEqual([]);
  });

  test('fault 44: the database is restored from a backup: the seat sends again, and the loss is told to people', async () => {
    const one = await newSeat();
    one.append(30);
    await sendAll(one);
    const port = Number(new URL(server.ready.seats).port);
    await server.stop();
    await cp(server.state, join(folder, 'backup'), { recursive: true });
    server = await startServer(folder, { seatsPort: port });
    one.append(30);
    const receipted = await sendAll(one, 31);
    await server.stop();
    await rm(server.state, { recursive: true });
    await cp(join(folder, 'backup'), server.state, { recursive: true });
    server = await startServer(folder, { seatsPort: port });
    one.append(5);
    const answer = await one.put(one.batch(receipted, 5));
    expect(answer.status).toBe(409);
    const body: { size: number } = JSON.parse(answer.body.toString('utf8'));
    expect(body.size).toBe(31);
    expect(alarms(one)).toContain('SERVER_LOST_ENTRIES');
    await sendAll(one, body.size);
    expectWhole(one);
  });

  test('fault 46: the server drops a log: the next contact shows it, and the log is whole again after', async () => {
    const one = await newSeat();
    one.append(30);
    const size = await sendAll(one);
    expect((await one.anchor(0)).status).toBe(200);
    await server.stop();
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(join(server.state, 'wardlock.db'));
    for (const table of ['logs', 'segments', 'checkpoints'])
      database.prepare(`delete from ${table} where workstation_id = ?`).run(one.workstationId);
    database.close();
    server = await startServer(folder, { seatsPort: Number(new URL(server.ready.seats).port) });
    one.append(5);
    const anchor = await one.anchor(size);
    expect([anchor.status, anchor.body.toString('utf8')]).toEqual([409, '0\n']);
    expect((await one.put(one.batch(size, 5))).status).toBe(409);
    expect(alarms(one)).toContain('SERVER_LOST_ENTRIES');
    await sendAll(one);
    expectWhole(one);
  });

  test("fault 48: another seat's request replayed: refused by name, nothing stored", async () => {
    const [a, b] = [await newSeat(), await newSeat()];
    a.append(5);
    const { start, ...upload } = a.batch(0, 1);
    const borrowed = b.log;
    b.log = a.log;
    const answer = await b.put({ start, ...upload });
    expect([answer.status, codeOf(answer)]).toEqual([422, 'INTAKE_UNVERIFIED']);
    expect((await b.anchor(0)).status).toBe(404);
    b.log = borrowed;
    expect(rows(server.state, 'select * from segments where workstation_id = ?', b.workstationId)).toEqual([]);
    expect((await a.put(a.batch(0, 1))).status).toBe(200);
  });

  test('fault 49: oversize, a bomb and nonsense are refused before they cost anything', async () => {
    const path = `${seatPaths.entries}/${seat.incarnation}/0`;
    const send = (body: Uint8Array, headers: Record<string, string> = {}) =>
      seat.client.call({ method: 'PUT', path, headers: { 'content-type': 'application/octet-stream', ...headers }, body });
    const oversize = await send(Buffer.alloc(1_100_000)).catch(() => null);
    if (oversize !== null) expect([oversize.status, codeOf(oversize)]).toEqual([413, 'SERVER_BODY_TOO_LARGE']);
    const claims = Buffer.alloc(64);
    claims.writeUInt32BE(0xffffffff, 0);
    const bomb = await send(claims);
    expect([bomb.status, codeOf(bomb)]).toEqual([400, 'SERVER_REQUEST_MALFORMED']);
    const crowd = await send(Buffer.alloc(4 * 1100));
    expect([crowd.status, codeOf(crowd)]).toEqual([400, 'SERVER_REQUEST_MALFORMED']);
    const zipped = await seat.client.call({
      method: 'POST',
      path: seatPaths.reports,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: Buffer.from('{}'),
    });
    expect(zipped.status).toBe(400);
    expect(
      (
        await seat.client.call({
          method: 'PUT',
          path: `${seatPaths.entries}/..%2f..%2fetc/0`,
          headers: { 'content-type': 'application/octet-stream' },
          body: Buffer.from('x'),
        })
      ).status,
    ).toBe(400);
  });

  test('fault 50: many seats return at once: bounded refusals with Retry-After, nothing lost, nothing twice', async () => {
    const seats = [];
    for (let at = 0; at < 12; at += 1) seats.push(await newSeat());
    for (const one of seats) one.append(60);
    let refused = 0;
    const stubborn = async (one: SimSeat): Promise<void> => {
      await Promise.all(Array.from({ length: 4 }, () => persist(one)));
    };
    const persist = async (one: SimSeat): Promise<void> => {
      let size = 0;
      while (size < one.size) {
        const answer = await one.put(one.batch(size, 16));
        if (answer.status === 429) {
          refused += 1;
          expect(answer.retryAfterMs).toBeGreaterThan(0);
          await new Promise((next) => setTimeout(next, 20));
        } else if (answer.status === 409) size = 0;
        else size = readAnswer(answer, EntriesReply).size;
      }
    };
    await Promise.all(seats.map(stubborn));
    for (const one of seats) expectWhole(one);
    expect(refused).toBeGreaterThan(0);
  });
});

describe('anchors', () => {
  test('add-checkpoint answers as tlog-witness says: 200, 409 with the size, 422, 403, 404, 400', async () => {
    const one = await newSeat();
    one.append(10);
    const first = await one.anchor(0);
    expect(first.status).toBe(200);
    const key = parseVerifierKey(nodeCrypto, one.enrolment.witnessKey);
    const { note } = parseCheckpoint(one.log.head);
    expect(verifyCosignature(parseNote(`${note.text}\n${first.body.toString('utf8')}`), key)).toBeTypeOf('number');
    one.append(10);
    const behind = await one.anchor(0);
    expect([behind.status, behind.body.toString('utf8')]).toEqual([409, '11\n']);
    const send = (body: string) =>
      one.client.call({
        method: 'POST',
        path: seatPaths.addCheckpoint,
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from(body),
      });
    const good = one.anchorBody(11);
    const [oldLine = '', ...rest] = good.split('\n');
    expect(oldLine).toBe('old 11');
    expect((await send([oldLine, ...rest.slice(1)].join('\n'))).status).toBe(422);
    expect((await send(good.replaceAll(/^— (\S+) (.)/gm, '— $1 $2A'))).status).toBe(400);
    expect((await send('hello')).status).toBe(400);
    expect((await send(good.replace('old 11', 'old 22'))).status).toBe(400);
    expect((await send(good.replace(one.workstationId, '0'.repeat(32)))).status).toBe(404);
    expect((await send(good.replace('\n21\n', '\n20\n'))).status).toBe(403);
    expect((await send(good)).status).toBe(200);
    expect((await one.anchor(21)).status).toBe(200);
  });

  test('fault 45: the server equivocates: two of its cosignatures over two histories of one size prove it', async () => {
    const one = await newSeat();
    one.append(10);
    const base = one.log;
    await server.stop();
    const twin = await mkdtemp(join(tmpdir(), 'wardlock-twin-'));
    await cp(folder, twin, { recursive: true });
    server = await startServer(folder, { seatsPort: Number(new URL(server.ready.seats).port) });
    const cosignedBy = async (url: string): Promise<ReturnType<typeof parseCheckpoint>> => {
      one.log = base;
      one.append(3);
      const body = one.anchorBody(0);
      const client = openSeatClient(url, one.enrolment.ca, one.identity);
      const answer = await client.call({
        method: 'POST',
        path: seatPaths.addCheckpoint,
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from(body),
      });
      client.close();
      expect(answer.status).toBe(200);
      return parseCheckpoint(`${parseCheckpoint(one.log.head).note.text}\n${answer.body.toString('utf8')}`);
    };
    const other = await startServer(twin);
    const [left, right] = [await cosignedBy(server.ready.seats), await cosignedBy(other.ready.seats)];
    await other.stop();
    await rm(twin, { recursive: true });
    const key = parseVerifierKey(nodeCrypto, one.enrolment.witnessKey);
    for (const { note } of [left, right]) expect(verifyCosignature(note, key)).toBeTypeOf('number');
    expect(left.checkpoint.size).toBe(right.checkpoint.size);
    expect(toHex(left.checkpoint.root)).not.toBe(toHex(right.checkpoint.root));
    // The honest half of the pair refuses the other history from then on.
    const answer = await one.anchor(14);
    expect(answer.status).toBe(409);
    expect(alarms(one)).toContain('SEAT_LOG_ROLLED_BACK');
  });

  test('entries that contradict what the seat anchored are refused', async () => {
    const one = await newSeat();
    one.append(10);
    const base = one.log;
    one.append(5);
    expect((await one.anchor(0)).status).toBe(200);
    one.log = base;
    one.append(9);
    expect((await one.put(one.batch(0, 1))).status).toBe(200);
    const answer = await one.put(one.batch(1, 100));
    expect([answer.status, codeOf(answer)]).toEqual([422, 'INTAKE_UNVERIFIED']);
    expect(answer.body.toString('utf8')).toContain('RECEIPT_FORKED');
  });
});

describe('who may speak', () => {
  test('fault 47: a captive portal and a truncated 200 acknowledge nothing', async () => {
    const { authority } = await openAuthority(server.state, 'site', Date.now());
    const identity = await authority.serverIdentity('portal', ['127.0.0.1'], Date.now());
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n<html>Sign in</html>\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{"size": 51, "rec',
    ];
    for (const [at, code] of ['SERVER_ANSWER_MALFORMED', 'SERVER_UNREACHABLE'].entries()) {
      const portal = createServer({ key: identity.key, cert: identity.certificate }, (socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(answers[at] ?? ''));
      });
      await new Promise<void>((done) => {
        portal.listen(0, '127.0.0.1', done);
      });
      const address = portal.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const client = openSeatClient(`https://127.0.0.1:${port}`, seat.enrolment.ca, seat.identity);
      const sent = client
        .call({ method: 'PUT', path: `${seatPaths.entries}/${seat.incarnation}/0`, body: Buffer.from('x') })
        .then((answer) => readAnswer(answer, EntriesReply));
      await expect(sent).rejects.toMatchObject({ code });
      client.close();
      await new Promise((done) => {
        portal.close(done);
      });
    }
  });

  test('no client certificate, one of another CA, one that this site never issued: refused, recorded, counted', async () => {
    const refused = (reason: string): number =>
      rows(server.state, "select * from server_events where type = 'peer.refused' and body like ?", `%${reason}%`).length;
    const ask = async (identity: { key: string; certificate: string } | null): Promise<SeatAnswer> => {
      const client = openSeatClient(server.ready.seats, seat.enrolment.ca, identity);
      try {
        return await client.call({ method: 'GET', path: `${seatPaths.updates}?policy=0&directory=0&wait=0` });
      } finally {
        client.close();
      }
    };
    expect(codeOf(await ask(null))).toBe('SERVER_SEAT_UNKNOWN');
    const { authority } = await openAuthority(join(folder, 'foreign-ca'), 'site', Date.now());
    const { newKeyRequest } = await import('../../agent/syncer/identity.ts');
    const key = await newKeyRequest();
    const { createPublicKey } = await import('node:crypto');
    const publicKeySpki = createPublicKey(key.keyPem).export({ type: 'spki', format: 'der' });
    const forged = { publicKeySpki, tenant: 'site', workstationId: seat.workstationId, now: Date.now() };
    expect(codeOf(await ask({ key: key.keyPem, certificate: (await authority.certifySeat(forged)).pem }))).toBe('SERVER_SEAT_UNKNOWN');
    const own = (await openAuthority(server.state, 'site', Date.now())).authority;
    expect(codeOf(await ask({ key: key.keyPem, certificate: (await own.certifySeat(forged)).pem }))).toBe('SERVER_SEAT_UNKNOWN');
    const expired = { ...forged, now: Date.now() - 100 * 86_400_000 };
    expect(codeOf(await ask({ key: key.keyPem, certificate: (await own.certifySeat(expired)).pem }))).toBe('SERVER_SEAT_UNKNOWN');
    await until(() => refused('SERVER_SEAT_UNKNOWN') > 0);
  });

  test('TLS 1.1 and 1.2 do not get through to the seats, and that is recorded', async () => {
    const { hostname, port } = new URL(server.ready.seats);
    for (const version of ['TLSv1.1', 'TLSv1.2'] as const) {
      const ended = new Promise<string>((done) => {
        const socket = connect({
          host: hostname,
          port: Number(port),
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT@SECLEVEL=0',
          rejectUnauthorized: false,
        });
        socket.once('secureConnect', () => {
          socket.destroy();
          done('connected');
        });
        socket.once('error', () => done('refused'));
      });
      expect(await ended).toBe('refused');
    }
    await until(() => rows(server.state, "select * from server_events where type = 'peer.refused' and body like '%PROTOCOL%'").length > 0);
  });

  test('the token guesses of one address are slowed down', async () => {
    const body = JSON.stringify({ secret: '0'.repeat(16), claim: 'AA==', signature: 'AA==', csr: 'AA==' });
    const guess = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          new URL(seatPaths.enrol, server.ready.seats),
          { method: 'POST', ca: readFileSync(server.ready.ca), headers: { 'content-type': 'application/json' } },
          (incoming) => {
            incoming.resume().once('end', () => resolve(incoming.statusCode ?? 0));
          },
        );
        outgoing.once('error', reject).end(body);
      });
    const statuses = [];
    for (let at = 0; at < 25; at += 1) statuses.push(await guess());
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
    expect(statuses.at(-1)).toBe(429);
  });
});
