/**
 * What the server witnesses and whom it lets speak, against a real server process over real mutual TLS: guesses, forked logs, a
 * server that tells two histories. Whose certificate is taken: server-tls.test.ts. Who answers in its place: server-proxy.test.ts.
 */
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSeatClient } from '../../agent/syncer/seat-client.ts';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { parseCheckpoint, parseNote, parseVerifierKey, toHex, verifyCosignature } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { codeOf, FaultServer, sendAll } from '../support/fault-server.ts';
import { startServer } from '../support/server-process.ts';

let server: FaultServer;

beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server.end());

describe('anchors', () => {
  test('add-checkpoint answers as tlog-witness says: 200, 409 with the size, 422, 403, 404, 400', async () => {
    const one = await server.newSeat();
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
    const one = await server.newSeat();
    one.append(10);
    const base = one.log;
    await server.stop();
    const twin = await mkdtemp(join(tmpdir(), 'wardlock-twin-'));
    await cp(server.folder, twin, { recursive: true });
    await server.restart();
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
    expect(server.alarms(one)).toContain('SEAT_LOG_ROLLED_BACK');
  });

  test('an anchor carries two signatures: without that of its epoch it is pinned at once, and an alarm tells once its entries are there', async () => {
    const one = await server.newSeat();
    one.append(10);
    const body = one.anchorBody(0);
    const lines = body.split('\n').filter((line) => line.startsWith('\u2014 '));
    expect(lines.map((line) => line.split(' ')[1]?.split('/').slice(3).join('/'))).toEqual(['', `${one.incarnation}/epoch/0`]);
    const bare = Buffer.from(body.replace(`${lines[1]}\n`, ''));
    const headers = { 'content-type': 'text/plain' };
    expect((await one.client.call({ method: 'POST', path: seatPaths.addCheckpoint, headers, body: bare })).status).toBe(200);
    expect(server.alarms(one)).toEqual([]);
    await sendAll(one);
    expect(server.alarms(one)).toEqual(['SEAT_ANCHOR_UNPROVEN']);
    const other = await server.newSeat();
    other.append(10);
    expect((await other.anchor(0)).status).toBe(200);
    await sendAll(other);
    expect(server.alarms(other)).toEqual([]);
  });

  test("the key of a seat's connection alone raises no alarm of lost entries, whatever logs and places it makes up; the log key does, counted", async () => {
    const one = await server.newSeat();
    one.append(10);
    await sendAll(one);
    const put = (incarnation: string, start: number, note: string) =>
      one.client.call({
        method: 'PUT',
        path: `${seatPaths.entries}/${incarnation}/${start}`,
        headers: { 'content-type': 'application/octet-stream' },
        body: encodeEntries({ note, proof: [], entries: [Buffer.from('made up')] }),
      });
    const signed = one.log.signedHead();
    const bare = one.log.head;
    for (let at = 0; at < 20; at += 1) {
      const madeUp = at.toString(16).padStart(16, '0');
      expect((await put(madeUp, 5, 'no checkpoint')).status).toBe(409);
      expect((await put(madeUp, 5, signed)).status).toBe(409);
      expect((await put(madeUp, 5, signed.replace(one.incarnation, madeUp))).status).toBe(409);
    }
    expect((await put(one.incarnation, 12, bare)).status).toBe(409);
    expect((await put(one.incarnation, 5000, signed)).status).toBe(409);
    expect((await put(one.incarnation, 12, signed.replace('\n11\n', '\n13\n'))).status).toBe(409);
    expect(server.alarms(one)).toEqual([]);
    one.append(5);
    for (let at = 0; at < 3; at += 1) expect((await one.put(one.batch(14, 2))).status).toBe(409);
    expect(server.rows('select kind, times from alarms where workstation_id = ?', one.workstationId)).toEqual([
      { kind: 'SERVER_LOST_ENTRIES', times: 3 },
    ]);
  });

  test('an anchor that contradicts the entries that the seat sent is refused and raises an alarm', async () => {
    const one = await server.newSeat();
    one.append(10);
    const base = one.log;
    one.append(5);
    await sendAll(one);
    const honest = one.log;
    for (const events of [5, 2]) {
      one.log = base;
      one.append(events);
      expect((await one.anchor(0)).status).toBe(422);
    }
    expect(server.alarms(one)).toContain('SEAT_LOG_ROLLED_BACK');
    one.log = base;
    expect((await one.anchor(0)).status).toBe(200);
    one.log = honest;
    expect((await one.anchor(11)).status).toBe(200);
  });

  test('entries that contradict what the seat anchored are refused', async () => {
    const one = await server.newSeat();
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
    expect(new Set(statuses)).toEqual(new Set([403, 429]));
    expect(statuses.at(-1)).toBe(429);
  });
});
