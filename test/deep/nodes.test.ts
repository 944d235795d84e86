/**
 * Two real server processes on one PostgreSQL are one server: what is done at one holds at the other at once, and when one is
 * killed the other goes on with everything that was acknowledged.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAnswer, type SeatAnswer } from '../../agent/syncer/seat-client.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { EntriesReply, UpdatesReply } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { MOST_PIECES } from '../../server/services/evidence.ts';
import { codeOf, untilTaken } from '../support/fault-server.ts';
import { Nodes, callPeople as people, pollAt, sendTo } from '../support/nodes.ts';
import { testPolicy } from '../support/policy.ts';
import { cli, type ServerProcess, until } from '../support/server-process.ts';

let nodes: Nodes;
let a: ServerProcess;
let b: ServerProcess;
let seat: SimSeat;

beforeAll(async () => {
  nodes = await Nodes.start(2);
  a = nodes.node(0);
  b = nodes.node(1);
  seat = await nodes.newSeat(0);
});
afterAll(() => nodes.end());

const publicKey = (): string => Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
let version = 0;
async function publishAt(node: ServerProcess): Promise<number> {
  version += 1;
  const file = join(node.state, `policy-${version}.json`);
  await writeFile(file, JSON.stringify(testPolicy(version, { reader: publicKey(), escrow: publicKey() })));
  await cli(['policy', 'publish', file, '--server', node.ready.console, '--key', nodes.policyKey, '--ca', node.ready.ca]);
  return version;
}

const at = (node: ServerProcess): string[] => ['--state', node.state, '--database', nodes.address];
const directoryOf = async (): Promise<number> =>
  readAnswer(await pollAt(a, seat, { policy: version, directory: 0 }, 0), UpdatesReply).directory?.version ?? 0;

/** A long poll that waits: nothing is newer than what it knows, and requests that were made after it are answered. */
async function waitingAt(node: ServerProcess, one: SimSeat): Promise<readonly [Promise<SeatAnswer>]> {
  const known = { policy: version, directory: await directoryOf() };
  let answered = false;
  const answer = pollAt(node, one, known).finally(() => {
    answered = true;
  });
  for (let turn = 0; turn < 4; turn += 1) await pollAt(node, seat, known, 0);
  expect(answered).toBe(false);
  return [answer];
}

/** Nodes that listen for the others. */
async function listening(): Promise<number> {
  const rows = await nodes.postgres.query<{ n: string }>(
    'postgres',
    "select count(*) as n from pg_stat_activity where application_name = 'wardlock signals'",
  );
  return Number(rows[0]?.n);
}

describe('what is done at one node holds at the other', () => {
  test('a policy that is published at B reaches a seat that waits at A', async () => {
    const [waiting] = await waitingAt(a, seat);
    const published = await publishAt(b);
    const { policy } = readAnswer(await waiting, UpdatesReply);
    expect(policy?.version).toBe(published);
  });

  test('staff that is entered at B reaches a seat that waits at A', async () => {
    const [waiting] = await waitingAt(a, seat);
    await cli(['staff', 'add', 'n.ada', ...at(b), '--name', 'Ada Reyes', '--role', 'nurse', '--badge', '04a1b2c3']);
    expect(readAnswer(await waiting, UpdatesReply).directory).not.toBeNull();
  });

  test('a change whose announcement was lost with the listening connection is made good by its generation', async () => {
    const [waiting] = await waitingAt(a, seat);
    const before = await directoryOf();
    const database = nodes.address.replace(/^.*\/(\w+)\?.*$/, '$1');
    // No NOTIFY at all, and nobody to hear it: only reading the generations again can find this.
    await nodes.postgres.query(
      database,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'wardlock signals'; begin; update generations set generation = generation + 1 where topic = 'directory'; insert into scope_versions select topic, 'ward/icu', generation, 'lost' from generations where topic = 'directory' on conflict (topic, scope) do update set version = excluded.version, mark = excluded.mark; commit",
    );
    expect(readAnswer(await waiting, UpdatesReply).directory?.version).toBe(before + 1);
    await until(async () => (await listening()) > 0);
  });

  test('a session and its end are known to both, and so are wrong passwords of names that do not exist', async () => {
    const Cookie = Type.Object({ name: Type.String(), csrf: Type.String() });
    await cli(['account', 'add', 'iris', ...at(a)], 'correct horse battery\n');
    const signIn = (node: ServerProcess, name: string, password: string) =>
      people(node, 'POST', '/api/sign-in', { body: { name, password } });
    const signed = await signIn(a, 'iris', 'correct horse battery');
    expect(Value.Check(Cookie, signed.json)).toBe(true);
    const cookie = signed.cookie;
    expect((await people(b, 'GET', '/api/me', { cookie })).status).toBe(200);
    for (const node of [a, b, a, b, a]) expect((await signIn(node, 'nobody', 'wrong')).status).toBe(401);
    for (const node of [a, b]) expect((await signIn(node, 'nobody', 'wrong')).status).toBe(429);
    const csrf = Value.Parse(Cookie, signed.json).csrf;
    expect((await people(b, 'POST', '/api/sign-out', { cookie, csrf, body: {} })).status).toBe(200);
    expect((await people(a, 'GET', '/api/me', { cookie })).status).toBe(401);
  });

  test('fault 42: concurrent uploads of one place to both nodes: exactly one wins; with the same bytes all are welcome', async () => {
    const one = await nodes.newSeat(1);
    one.append(10);
    let size = 0;
    while (size < one.size) size = readAnswer(await one.put(one.batch(size, 256)), EntriesReply).size;
    for (let round = 0; round < 4; round += 1) {
      const base = one.log;
      const forks = Array.from({ length: 8 }, () => {
        one.log = base;
        one.append(6);
        return { log: one.log, batch: one.batch(size, 6) };
      });
      const answers = await Promise.all(forks.map(({ batch }, place) => untilTaken(() => sendTo(place % 2 === 0 ? a : b, one, batch))));
      const winners = answers.flatMap((answer, place) => (answer.status === 200 ? [place] : []));
      expect(winners.length).toBe(1);
      expect(answers.filter((answer) => answer.status === 422 && codeOf(answer) === 'INTAKE_DIFFERENT_BYTES').length).toBe(7);
      one.log = forks[winners[0] ?? 0]?.log ?? base;
      size = one.size;
      expect(await nodes.storedOf(one)).toBe(size);
    }
    one.append(40);
    const same = one.batch(size, 40);
    const twins = await Promise.all(Array.from({ length: 8 }, (_, place) => untilTaken(() => sendTo(place % 2 === 0 ? a : b, one, same))));
    expect(twins.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await nodes.storedOf(one)).toBe(one.size);
    const kept = await (await nodes.store()).db
      .selectFrom('evidence')
      .select('id')
      .where('workstation_id', '=', one.workstationId)
      .execute();
    expect(kept.length).toBe(MOST_PIECES + 1);
  });

  test('concurrent anchors of two histories: one is pinned, the other gets the size that is', async () => {
    const one = await nodes.newSeat(0);
    const base = one.log;
    // As many as one seat may have in hand.
    const bodies = Array.from({ length: 4 }, () => {
      one.log = base;
      one.append(5);
      return { log: one.log, send: one.anchor(0) };
    });
    const answers = await Promise.all(bodies.map(({ send }) => send));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    expect(answers.filter(({ status, body }) => status === 409 && body.toString('utf8') === '6\n').length).toBe(3);
  });

  test('one log of the server, whichever node writes it, and no row of it is lost or torn', async () => {
    const { db } = await nodes.store();
    await cli(['account', 'add', 'omar', ...at(a)], 'correct horse battery\n');
    const { cookie } = await people(a, 'POST', '/api/sign-in', { body: { name: 'omar', password: 'correct horse battery' } });
    const before = await db.selectFrom('server_events').select('seq').execute();
    const READS = 24;
    await Promise.all(Array.from({ length: READS }, (_, place) => people(place % 2 === 0 ? a : b, 'GET', '/api/sessions', { cookie })));
    const rows = await db.selectFrom('server_events').select('seq').orderBy('seq').execute();
    expect(rows.length).toBe(before.length + READS);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, place) => place));
  });

  test('a seat that is revoked at B is refused at A at once, also while it waits there', async () => {
    const one = await nodes.newSeat(0);
    const [waiting] = await waitingAt(a, one);
    await cli(['seat', 'revoke', one.workstationId, ...at(b)]);
    const next = await pollAt(a, one, { policy: 0, directory: 0 }, 0);
    expect([next.status, codeOf(next)]).toEqual([403, 'SERVER_SEAT_REVOKED']);
    const answer = await waiting;
    expect([answer.status, codeOf(answer)]).toEqual([403, 'SERVER_SEAT_REVOKED']);
  });

  test('what comes in at B is in the index, once, though the reader runs at A', async () => {
    const one = await nodes.newSeat(1);
    one.append(30);
    let size = 0;
    while (size < one.size) size = readAnswer(await sendTo(b, one, one.batch(size, 8)), EntriesReply).size;
    const { db } = await nodes.store();
    const indexed = () =>
      db.selectFrom('indexed_events').select(['seq', 'type']).where('workstation_id', '=', one.workstationId).orderBy('seq').execute();
    await until(async () => (await indexed()).length >= size);
    const rows = await indexed();
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: size }, (_, place) => place));
    expect(rows.map(({ type }) => type)).not.toContain('record.unreadable');
    expect(await nodes.alarmsOf(one)).toEqual([]);
  });

  test('a node with keys of its own is refused before it listens', async () => {
    const stranger = join(a.state, '..', 'stranger');
    const args = ['--listen-seats', '127.0.0.1:0', '--listen-console', '127.0.0.1:0', '--state', stranger, '--database', nodes.address];
    await expect(cli(['server', ...args])).rejects.toThrow(/START_STATE_FOREIGN/);
  });
});

describe('one node is killed', () => {
  test('its seats go on at the other: nothing lost, nothing twice, and it comes back', async () => {
    const seats = [await nodes.newSeat(0), await nodes.newSeat(0), await nodes.newSeat(0)];
    for (const one of seats) one.append(400);
    const acknowledged = seats.map(() => 0);
    const sending = seats.map(async (one, place) => {
      let node = a;
      while ((acknowledged[place] ?? 0) < one.size) {
        const size = await sendTo(node, one, one.batch(acknowledged[place] ?? 0, 16)).then(
          (answer) => readAnswer(answer, EntriesReply).size,
          () => null,
        );
        if (size === null) node = node === a ? b : a;
        else acknowledged[place] = size;
      }
    });
    await until(() => acknowledged.every((size) => size > 100));
    await a.stop('SIGKILL');
    await Promise.all(sending);
    for (const one of seats) {
      expect(await nodes.storedOf(one)).toBe(one.size);
      expect(await nodes.alarmsOf(one)).toEqual([]);
    }
    a = await nodes.startNode(0);
    expect((await pollAt(a, seat, { policy: 0, directory: 0 }, 0)).status).toBe(200);
  });
});
