/**
 * Backup and restore as people do it, by the command line against a running server: what a restore loses shows at once, the
 * seats send it again, and strangers who followed the log of logs can tell.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newKeyRequest } from '../../agent/syncer/identity.ts';
import { type ClientIdentity, jsonBody, openSeatClient, readAnswer } from '../../agent/syncer/seat-client.ts';
import type { SimSeat } from '../../cli/sim/seat.ts';
import { RenewReply, seatPaths } from '../../contract/seat-api.ts';
import { FaultServer, sendAll } from '../support/fault-server.ts';
import { cli, until } from '../support/server-process.ts';
import { consistency, hashOfEntry, type ReadCheckpoint, readCheckpoint, readWholeLog, treeHash } from '../support/tile-client.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server.end());

/** A stranger: no certificate, no account. */
async function fetchFile(path: string): Promise<Buffer> {
  const agent = new Agent({ ca: await readFile(server.ready.ca), keepAlive: false });
  return new Promise((done, fail) => {
    get(`${server.ready.console}${path}`, { agent }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => (answer.statusCode === 200 ? done(Buffer.concat(parts)) : fail(new Error(`${path}: ${answer.statusCode}`))));
    }).on('error', fail);
  });
}

interface Log {
  readonly prefix: string;
  readonly key: string;
}

async function logs(): Promise<Log[]> {
  const { logs: found }: { logs: Log[] } = JSON.parse((await fetchFile('/log')).toString('utf8'));
  return found;
}

async function follow({ prefix, key }: Log): Promise<{ note: string; checkpoint: ReadCheckpoint; entries: Buffer[] }> {
  const note = (await fetchFile(`${prefix}/checkpoint`)).toString('utf8');
  const checkpoint = readCheckpoint(note, key);
  return { note, checkpoint, entries: await readWholeLog((path) => fetchFile(`${prefix}/${path}`), checkpoint) };
}

/** Waits until the newest log holds this seat at this size. */
async function published(seat: SimSeat, size: number): Promise<Awaited<ReturnType<typeof follow>>> {
  return until(async () => {
    const newest = (await logs()).at(-1);
    if (newest === undefined) return null;
    const read = await follow(newest);
    const line = `wardlock/seat/${seat.workstationId}/${seat.incarnation}\n${size}\n`;
    return read.entries.some((entry) => entry.toString('utf8').startsWith(line)) ? read : null;
  });
}

async function verify(checkpoint?: string): Promise<{ verdict: string; faults: string[] }> {
  const more = checkpoint === undefined ? [] : ['--checkpoint', checkpoint];
  const said = await cli(['server', 'log', 'verify', '--state', server.state, '--json', ...more]).catch(
    (error: { stdout: string }) => error.stdout,
  );
  return JSON.parse(said);
}

test("a stranger follows the log of logs over the network: each anchored checkpoint is in it, across the server's kill -9, and it only grows", async () => {
  const seat = await server.newSeat();
  seat.append(10);
  expect((await seat.anchor(0)).status).toBe(200);
  expect((await seat.anchor(seat.size)).status).toBe(200);
  const first = await published(seat, seat.size);
  const own = (entries: readonly Buffer[]) => entries.filter((entry) => entry.toString('utf8').includes(seat.workstationId));
  expect(own(first.entries).length).toBe(1);
  expect(own(first.entries)[0]?.toString('utf8')).toContain('/witness ');
  const before = seat.size;
  seat.append(10);
  expect((await seat.anchor(before)).status).toBe(200);
  await server.stop('SIGKILL');
  await server.restart();
  const second = await published(seat, seat.size);
  expect(second.checkpoint.origin).toBe(first.checkpoint.origin);
  expect(own(second.entries).length).toBe(2);
  const hashes = second.entries.map(hashOfEntry);
  expect(treeHash(hashes.slice(0, first.checkpoint.size))).toEqual(first.checkpoint.root);
  expect(consistency(first.checkpoint.size, hashes).length).toBeGreaterThan(0);
  const kept = join(server.folder, 'kept.checkpoint');
  await writeFile(kept, first.note);
  expect(await verify(kept)).toMatchObject({ verdict: 'OK', faults: [] });
  expect(await verify()).toMatchObject({ verdict: 'UNANCHORED' });
});

test("an administrator rewrites the server's own log and everything that vouches for it: a checkpoint that was kept outside tells", async () => {
  const seat = await server.newSeat();
  seat.append(3);
  await seat.anchor(0);
  const { note } = await published(seat, seat.size);
  const kept = join(server.folder, 'outside.checkpoint');
  await writeFile(kept, note);
  await server.stop();
  const database = new Database(join(server.state, 'wardlock.db'));
  database.exec('delete from server_events where seq > 2');
  database.close();
  expect((await verify()).verdict).toBe('FAULTY');
  const again = new Database(join(server.state, 'wardlock.db'));
  for (const table of ['entries', 'tiles', 'logs', 'queue']) again.exec(`delete from transparency_${table}`);
  again.close();
  expect((await verify(kept)).faults.join()).toContain('The checkpoint from outside');
  await server.restart();
  expect(server.rows<{ kind: string }>('select kind from alarms').map(({ kind }) => kind)).toContain('SERVER_DATABASE_ROLLED_BACK');
});

test('fault 44: the database is restored from a backup: it says so at once, the seat sends again, and nothing of it is there twice', async () => {
  const seat = await server.newSeat();
  seat.append(30);
  await sendAll(seat);
  expect((await seat.anchor(0)).status).toBe(200);
  await published(seat, seat.size);
  const file = join(server.folder, 'night.backup');
  const made = JSON.parse(await cli(['server', 'backup', file, '--state', server.state, '--json']));
  expect(made.notContained.join()).toContain('ca.key');
  const atBackup = seat.size;
  seat.append(30);
  const receipted = await sendAll(seat, atBackup);
  expect((await seat.anchor(atBackup)).status).toBe(200);
  const followed = await published(seat, receipted);
  const running = await cli(['server', 'restore', file, '--state', server.state, '--force']).catch(
    (error: { stderr: string }) => error.stderr,
  );
  expect(running).toContain('SERVER_DATABASE_IN_USE');
  expect(server.rows("select kind from alarms where kind = 'SERVER_RESTORED'")).toEqual([]);
  await server.stop();
  const refused = await cli(['server', 'restore', file, '--state', server.state]).catch((error: { stderr: string }) => error.stderr);
  expect(refused).toContain('SERVER_RESTORE_REFUSED');
  await cli(['server', 'restore', file, '--state', server.state, '--force', '--json']);
  await server.restart();
  // Before any seat has said a word.
  const alarms = () => server.rows<{ kind: string }>("select kind from alarms where workstation_id = 'site'").map(({ kind }) => kind);
  expect(alarms()).toContain('SERVER_RESTORED');
  expect(alarms().filter((kind) => kind === 'SERVER_DATABASE_ROLLED_BACK').length).toBeLessThanOrEqual(1);
  const newest = (await logs()).at(-1);
  if (newest === undefined) throw new Error('there is no log of logs');
  const { checkpoint, entries } = await follow(newest);
  expect(checkpoint.origin).not.toBe(followed.checkpoint.origin);
  // The new log begins with the head of the old one, which nobody can take back any more.
  expect(readCheckpoint(String(entries[0]), (await logs()).at(-2)?.key ?? '').size).toBeGreaterThanOrEqual(followed.checkpoint.size);
  seat.append(5);
  const answer = await seat.put(seat.batch(receipted, 5));
  expect(answer.status).toBe(409);
  expect(JSON.parse(answer.body.toString('utf8'))).toMatchObject({ size: atBackup });
  expect(server.alarms(seat)).toContain('SERVER_LOST_ENTRIES');
  await sendAll(seat, atBackup);
  server.expectWhole(seat);
  const anchored = await seat.anchor(receipted);
  expect([anchored.status, anchored.body.toString('utf8')]).toEqual([409, `${atBackup}\n`]);
  expect((await seat.anchor(atBackup)).status).toBe(200);
  await published(seat, seat.size);
});

test('a seat that renewed its certificate after the backup is not locked out by the restore: it renews that one and goes on', async () => {
  const seat = await server.newSeat();
  const file = join(server.folder, 'morning.backup');
  await cli(['server', 'backup', file, '--state', server.state]);
  const renewed = await renew(seat, null);
  expect(await statusFor(seat, renewed)).toBe(200);
  await server.stop();
  await cli(['server', 'restore', file, '--state', server.state, '--force']);
  await server.restart();
  expect(await statusFor(seat, renewed)).toBe(401);
  const again = await renew(seat, renewed);
  expect(await statusFor(seat, again)).toBe(200);
  const events = server.rows<{ actor: string; body: string }>("select actor, body from server_events where type = 'seat.renewed'");
  expect(events.filter(({ actor }) => actor === seat.workstationId).map(({ body }) => JSON.parse(body).lost)).toEqual([true]);
});

/** With its first certificate where none is named. A seat keeps the new one only. */
async function renew(seat: SimSeat, identity: ClientIdentity | null): Promise<ClientIdentity> {
  const { csr, keyPem } = await newKeyRequest();
  const request = { method: 'POST', path: seatPaths.renew, ...jsonBody({ csr: csr.toString('base64') }) } as const;
  const client = identity === null ? seat.client : openSeatClient(server.ready.seats, seat.enrolment.ca, identity);
  const answer = await client.call(request);
  if (identity !== null) client.close();
  return { key: keyPem, certificate: readAnswer(answer, RenewReply).clientCertificate };
}

async function statusFor(seat: SimSeat, identity: ClientIdentity): Promise<number> {
  const client = openSeatClient(server.ready.seats, seat.enrolment.ca, identity);
  const { status } = await client.call({ method: 'GET', path: `${seatPaths.updates}?policy=0&directory=0&wait=0` });
  client.close();
  return status;
}
