/**
 * PostgreSQL goes away in the middle of the work and comes back: nothing that was acknowledged is lost, nothing is there
 * twice, the server says meanwhile that it is not ready, and it goes on by itself.
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAnswer } from '../../agent/syncer/seat-client.ts';
import { EntriesReply } from '../../contract/seat-api.ts';
import { codeOf } from '../support/fault-server.ts';
import { callPeople, Nodes, pollAt } from '../support/nodes.ts';
import { TestPostgres } from '../support/postgres.ts';
import { cli, startServer, until } from '../support/server-process.ts';

const program = resolve(import.meta.dirname, '../../cli/main.ts');
let nodes: Nodes;

beforeAll(async () => {
  nodes = await Nodes.start(1);
});
afterAll(() => nodes.end());

const readiness = async (): Promise<number> => (await callPeople(nodes.node(0), 'GET', '/readyz')).status;
const SimResult = Type.Object({ events: Type.Number(), lost: Type.Number(), twice: Type.Number(), unacknowledged: Type.Number() });

test('PostgreSQL is stopped in mid-load, in order and at once, and started again: nothing lost, nothing twice', async () => {
  const server = nodes.node(0);
  const where = ['--server', server.ready.seats, '--state', server.state, '--database', nodes.address];
  // Three minutes of twelve seats in eighteen seconds: rate, pacing and backoff are compressed alike.
  const load = promisify(execFile)(
    process.execPath,
    [program, 'sim', 'seats', ...where, '--count', '12', '--rate', '2', '--minutes', '3', '--speed', '10', '--json'],
    { maxBuffer: 67_108_864 },
  );
  const { db } = await nodes.store();
  const stored = async (): Promise<number> => {
    const row = await db
      .selectFrom('logs')
      .select((eb) => eb.fn.sum<number>('size').as('size'))
      .executeTakeFirst();
    return Number(row?.size ?? 0);
  };
  for (const how of ['fast', 'immediate'] as const) {
    const before = await stored();
    await until(async () => (await stored()) > before + 200);
    await nodes.postgres.stop(how);
    await until(async () => (await readiness()) === 503);
    await nodes.postgres.run();
    await until(async () => (await readiness()) === 200);
  }
  const result = Value.Parse(SimResult, JSON.parse((await load).stdout));
  expect(result).toMatchObject({ lost: 0, twice: 0, unacknowledged: 0 });
  // How much a busy machine gets done in the time is no matter: the load went on through both outages.
  expect(result.events).toBeGreaterThan(12 * 100);
  expect(server.child.exitCode).toBeNull();
});

test('while PostgreSQL is away seats are told to come again, with a code and no word of the database', async () => {
  const seat = await nodes.newSeat();
  seat.append(20);
  expect(readAnswer(await seat.put(seat.batch(0, 1)), EntriesReply).size).toBe(1);
  await nodes.postgres.stop('fast');
  const answer = await seat.put(seat.batch(1, 10));
  expect([answer.status, codeOf(answer)]).toEqual([503, 'SERVER_DATABASE_UNREACHABLE']);
  expect(answer.retryAfterMs).toBeGreaterThan(0);
  expect(answer.body.toString('utf8')).not.toMatch(/postgres|socket|ENOENT|wardlock-pg/i);
  expect((await callPeople(nodes.node(0), 'GET', '/healthz')).status).toBe(200);
  await nodes.postgres.run();
  const again = await until(async () => {
    const next = await seat.put(seat.batch(1, 100));
    return next.status === 200 ? next : null;
  });
  expect(readAnswer(again, EntriesReply).size).toBe(seat.size);
  expect(await nodes.storedOf(seat)).toBe(seat.size);
  expect(await nodes.alarmsOf(seat)).toEqual([]);
  const { db } = await nodes.store();
  const refused = await db.selectFrom('server_events').select('body').where('type', '=', 'peer.refused').execute();
  expect(refused.filter(({ body }) => body.includes('SERVER_DATABASE'))).toEqual([]);
});

test('a seat that waited for changes while PostgreSQL went and came is told of the next one', async () => {
  const seat = await nodes.newSeat();
  await cli(['staff', 'add', 'n.ada', '--state', nodes.node(0).state, '--database', nodes.address, '--name', 'Ada', '--role', 'nurse']);
  const first = await pollAt(nodes.node(0), seat, { policy: 0, directory: 0 }, 0);
  const Directory = Type.Object({ directory: Type.Object({ version: Type.Number() }) });
  const { directory } = Value.Parse(Directory, JSON.parse(first.body.toString('utf8')));
  const waiting = pollAt(nodes.node(0), seat, { policy: 0, directory: directory.version });
  await nodes.postgres.stop('immediate');
  await nodes.postgres.run();
  await cli(['staff', 'add', 'n.ben', '--state', nodes.node(0).state, '--database', nodes.address, '--name', 'Ben', '--role', 'nurse']);
  const answer = await waiting;
  // It may have been told to come again when the database was away; then it does, and gets what is new.
  const told = answer.status === 200 ? answer : await pollAt(nodes.node(0), seat, { policy: 0, directory: directory.version }, 0);
  expect(Value.Parse(Directory, JSON.parse(told.body.toString('utf8'))).directory.version).toBe(directory.version + 1);
});

test('a PostgreSQL that hangs is told apart from one that works, and what waited for it goes on', async () => {
  const seat = await nodes.newSeat();
  seat.append(20);
  expect((await seat.put(seat.batch(0, 1))).status).toBe(200);
  await nodes.postgres.hang('SIGSTOP');
  try {
    const waiting = seat.put(seat.batch(1, 10));
    expect(await readiness()).toBe(503);
    expect((await callPeople(nodes.node(0), 'GET', '/healthz')).status).toBe(200);
    await nodes.postgres.hang('SIGCONT');
    expect((await waiting).status).toBe(200);
  } finally {
    await nodes.postgres.hang('SIGCONT');
  }
  expect(await readiness()).toBe(200);
  expect(await nodes.storedOf(seat)).toBe(11);
});

test('fault 43: the server is killed again and again in mid-upload: what it acknowledged is there, the rest can be sent', async () => {
  const one = await nodes.newSeat();
  for (let round = 0; round < 4; round += 1) {
    one.append(300);
    let acknowledged = await nodes.storedOf(one);
    const sending = (async () => {
      while (acknowledged < one.size) acknowledged = readAnswer(await one.put(one.batch(acknowledged, 16)), EntriesReply).size;
    })().catch(() => undefined);
    await until(() => acknowledged > round * 300 + 20 * round);
    await nodes.node(0).stop('SIGKILL');
    await sending;
    // What the killed server had sent may still be on its way through PostgreSQL: it is all there or not at all.
    expect(await nodes.storedOf(one)).toBeGreaterThanOrEqual(acknowledged);
    await nodes.startNode(0);
    let size = await nodes.storedOf(one);
    while (size < one.size) size = readAnswer(await one.put(one.batch(size, 256)), EntriesReply).size;
    expect(await nodes.storedOf(one)).toBe(one.size);
  }
  expect(await nodes.alarmsOf(one)).toEqual([]);
});

test('a PostgreSQL that may lose what it acknowledged is refused at the start, by name of the setting', async () => {
  const unsafe = await TestPostgres.start(['fsync = off']);
  try {
    const database = await unsafe.newDatabase();
    await expect(startServer(nodes.node(0).state, { more: ['--database', database] })).rejects.toThrow(
      /SERVER_DATABASE_UNSAFE.*fsync off/s,
    );
  } finally {
    await unsafe.end();
  }
});

test('unreachable, wrong password, no such database and a foreign one are told apart in plain sentences', async () => {
  const start = (database: string) =>
    cli([
      'server',
      '--listen-seats',
      '127.0.0.1:0',
      '--listen-console',
      '127.0.0.1:0',
      '--state',
      nodes.node(0).state,
      '--database',
      database,
    ]);
  await expect(start('postgres://wardlock@127.0.0.1:1/wardlock')).rejects.toThrow(/cannot be reached.*SERVER_DATABASE_UNREACHABLE/s);
  const wrong = nodes.address.replace(/:[^:@/]*@/, ':wrong@');
  await expect(start(wrong)).rejects.toThrow(/password authentication failed.*SERVER_DATABASE_REFUSED/s);
  const Failed = Type.Object({ stderr: Type.String() });
  const said = await start(wrong).catch((fault: unknown) => (Value.Check(Failed, fault) ? fault.stderr : 'nothing'));
  expect(said).toMatch(/password authentication failed/);
  expect(said).not.toContain(':wrong@');
  await expect(start(nodes.postgres.address('nowhere'))).rejects.toThrow(/does not exist.*SERVER_DATABASE_REFUSED/s);
  const foreign = await nodes.postgres.newDatabase();
  await nodes.postgres.query(new URL(foreign).pathname.slice(1), 'create table patients (id integer)');
  await expect(start(foreign)).rejects.toThrow(/tables of something else \(patients\).*SERVER_DATABASE_FOREIGN/s);
});
