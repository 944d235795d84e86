/**
 * The faults of uploads, by number, against a real server process over real mutual TLS: what was acknowledged is there
 * once, what was not can be sent again, and whatever does not fit is named and kept.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readAnswer } from '../../agent/syncer/seat-client.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { EntriesReply } from '../../contract/seat-api.ts';
import { codeOf, FaultServer, sendAll, untilTaken } from '../support/fault-server.ts';
import { until } from '../support/server-process.ts';

let server: FaultServer;
let seat: SimSeat;

beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server.end());

describe('entries', () => {
  beforeAll(async () => {
    seat = await server.newSeat();
    seat.append(50);
  });
  afterEach(() => {
    expect(server.rows('select * from segments group by workstation_id, incarnation, start having count(*) > 1')).toEqual([]);
  });

  test('fault 39: lost reply: resending gives the same size and no duplicate', async () => {
    await sendAll(seat);
    const lost = new AbortController();
    seat.append(20);
    const batch = seat.batch(51, 100);
    const cut = seat.put(batch, lost.signal);
    await until(() => server.stored(seat).length === 71);
    lost.abort();
    await cut.catch(() => undefined);
    const again = readAnswer(await seat.put(batch), EntriesReply);
    expect(again.size).toBe(71);
    expect(readAnswer(await seat.put(seat.batch(51, 7)), EntriesReply).size).toBe(71);
    server.expectWhole(seat);
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
    server.expectWhole(seat);
    expect(
      server.rows("select * from evidence where workstation_id = ? and kind = 'INTAKE_DIFFERENT_BYTES'", seat.workstationId).length,
    ).toBe(1);
    expect(server.alarms(seat)).toContain('INTAKE_DIFFERENT_BYTES');
  });

  test('fault 41: a gap is answered with the stored size, a reordering is refused, nothing is stored', async () => {
    const one = await server.newSeat();
    one.append(10);
    await sendAll(one);
    one.append(10);
    const gap = await one.put(one.batch(15, 5));
    expect([gap.status, codeOf(gap)]).toEqual([409, 'INTAKE_SIZE_CONFLICT']);
    expect(JSON.parse(gap.body.toString('utf8'))).toMatchObject({ size: 11 });
    const { entries, ...rest } = one.batch(11, 10);
    const swapped = await one.put({ ...rest, entries: [...entries.slice(1, 2), ...entries.slice(0, 1), ...entries.slice(2)] });
    expect([swapped.status, codeOf(swapped)]).toEqual([422, 'INTAKE_UNVERIFIED']);
    server.expectWhole(one, 11);
    await sendAll(one, 11);
    server.expectWhole(one);
  });

  test('fault 42: concurrent uploads of one place with other bytes: exactly one wins; with the same bytes all are welcome', async () => {
    const one = await server.newSeat();
    one.append(10);
    await sendAll(one);
    const base = one.log;
    const forks = Array.from({ length: 8 }, () => {
      one.log = base;
      one.append(6);
      return { log: one.log, batch: one.batch(11, 6) };
    });
    const answers = await Promise.all(forks.map(({ batch }) => untilTaken(() => one.put(batch))));
    const winners = answers.flatMap((answer, at) => (answer.status === 200 ? [at] : []));
    expect(winners.length).toBe(1);
    expect(answers.filter(({ status }) => status === 422).length).toBe(7);
    one.log = forks[winners[0] ?? 0]?.log ?? base;
    server.expectWhole(one);
    one.append(40);
    const same = one.batch(17, 40);
    const twins = await Promise.all(Array.from({ length: 8 }, () => untilTaken(() => one.put(same))));
    expect(twins.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    server.expectWhole(one);
  });

  test('fault 43: the server is killed again and again in mid-upload: what it acknowledged is there, the rest can be sent', async () => {
    const one = await server.newSeat();
    for (let round = 0; round < 5; round += 1) {
      one.append(300);
      let acknowledged =
        server.rows('select 1 from logs where workstation_id = ?', one.workstationId).length === 0 ? 0 : server.stored(one).length;
      const sending = (async () => {
        while (acknowledged < one.size) acknowledged = readAnswer(await one.put(one.batch(acknowledged, 16)), EntriesReply).size;
      })().catch(() => undefined);
      await until(() => acknowledged > round * 300 + 20 * round);
      await server.stop('SIGKILL');
      await sending;
      expect(server.stored(one).length).toBeGreaterThanOrEqual(acknowledged);
      await server.restart();
      await sendAll(one, server.stored(one).length);
      server.expectWhole(one);
    }
    expect(server.alarms(one)).toEqual([]);
  });

  test('fault 44: the database is restored from a backup: the seat sends again, and the loss is told to people', async () => {
    const one = await server.newSeat();
    one.append(30);
    await sendAll(one);
    await server.stop();
    await cp(server.state, join(server.folder, 'backup'), { recursive: true });
    await server.restart();
    one.append(30);
    const receipted = await sendAll(one, 31);
    await server.stop();
    await rm(server.state, { recursive: true });
    await cp(join(server.folder, 'backup'), server.state, { recursive: true });
    await server.restart();
    one.append(5);
    const answer = await one.put(one.batch(receipted, 5));
    expect(answer.status).toBe(409);
    const body: { size: number } = JSON.parse(answer.body.toString('utf8'));
    expect(body.size).toBe(31);
    expect(server.alarms(one)).toContain('SERVER_LOST_ENTRIES');
    await sendAll(one, body.size);
    server.expectWhole(one);
  });

  test('fault 46: the server drops a log: the next contact shows it, and the log is whole again after', async () => {
    const one = await server.newSeat();
    one.append(30);
    const size = await sendAll(one);
    expect((await one.anchor(0)).status).toBe(200);
    await server.stop();
    const database = new Database(join(server.state, 'wardlock.db'));
    for (const table of ['logs', 'segments', 'checkpoints'])
      database.prepare(`delete from ${table} where workstation_id = ?`).run(one.workstationId);
    database.close();
    await server.restart();
    one.append(5);
    const anchor = await one.anchor(size);
    expect([anchor.status, anchor.body.toString('utf8')]).toEqual([409, '0\n']);
    expect((await one.put(one.batch(size, 5))).status).toBe(409);
    expect(server.alarms(one)).toContain('SERVER_LOST_ENTRIES');
    await sendAll(one);
    server.expectWhole(one);
  });

  test("fault 48: another seat's request replayed: refused by name, nothing stored", async () => {
    const [a, b] = [await server.newSeat(), await server.newSeat()];
    a.append(5);
    const { start, ...upload } = a.batch(0, 1);
    const borrowed = b.log;
    b.log = a.log;
    const answer = await b.put({ start, ...upload });
    expect([answer.status, codeOf(answer)]).toEqual([422, 'INTAKE_UNVERIFIED']);
    expect((await b.anchor(0)).status).toBe(404);
    b.log = borrowed;
    expect(server.rows('select * from segments where workstation_id = ?', b.workstationId)).toEqual([]);
    expect((await a.put(a.batch(0, 1))).status).toBe(200);
  });
});
